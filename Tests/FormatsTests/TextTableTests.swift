import Formats
import Testing

/// Tables in the dialects that programs write.
@Suite struct TextTableTests {
  private func table(_ text: String, _ options: TextTable.Options = .init(guesses: true)) throws -> TextTable
  {
    try TextTable(FileBytes(Array(text.utf8), name: "t.csv"), options)
  }

  @Test(arguments: [
    "a,b\n1,2\n3.5,4\n",  // plain
    "a;b\r\n1;2\r\n3,5;4\r\n",  // a European spreadsheet
    "sep=;\na;b\n1;2\n3,5;4",  // Excel's first line
    "a\tb\r1\t2\r3.5\t4\r",  // a Macintosh of old
    "a|b\n1|2\n3.5|4",
    "# a b\n1 2\n3.5 4\n",  // numpy.savetxt
    "# made by hand, twice\n# on a day\na,b\n1,2\n# in between\n3.5,4\n",
    "% a,b\n1,2\n3.5,4",
    "a,b,\n1,2,\n3.5,4,\n",  // a separator too many
    "a,b\n1,2,\n3.5,4,\n",
    "\"a\",\"b\"\n\"1\",\"2\"\n\"3,5\",\"4\"\n",  // everything quoted, decimal comma
    ",a,b\n0,1,2\n1,3.5,4\n",  // pandas' index
    "Unnamed: 0,a,b\n5,1,2\n6,3.5,4\n",
    "\"a\",\"b\"\n\"1\",1,2\n\"2\",3.5,4\n",  // R's names of rows
    "\"a\" \"b\"\n\"one\" 1 2\n\"two\" 3.5 4\n",
    "a,b\n1,2\n,\n3.5,4\n,\n",  // empty rows
  ])
  func dialectsAreRead(text: String) throws {
    let table = try table(text)
    #expect(table.columns == ["a", "b"])
    #expect(table.values == [1, 2, 3.5, 4] && table.rows == 2)
    #expect(table.labels == nil)
  }

  @Test func separatorsAndLineEndsInQuotesAreText() throws {
    let table = try table("\"flow (l/min; mean)\",\"p\n(bar)\"\n1,2\n3,4\n")
    #expect(table.columns == ["flow (l/min; mean)", "p\n(bar)"] && table.values == [1, 2, 3, 4])
  }

  @Test func otherEncodingsKeepWordsApart() throws {
    let table = try TextTable(Fixtures.bytes("utf16.csv"))
    #expect(table.columns == ["Größe", "b"] && table.values == [1.5, -2, 0.25, 30])
    for (isBig, mark) in [(true, true), (false, false), (true, false)] {
      let units = (mark ? "\u{FEFF}" : "") + "a,b\n1,2\n"
      let bytes = units.utf16.flatMap {
        isBig ? [UInt8($0 >> 8), UInt8($0 & 255)] : [UInt8($0 & 255), UInt8($0 >> 8)]
      }
      #expect(try TextTable(FileBytes(bytes)).values == [1, 2])
    }
    let latin = Array("a,kind\n1,M".utf8) + [0xF6] + Array("we\n2,M".utf8) + [0xE4] + Array("we\n".utf8)
    let birds = try TextTable(FileBytes(latin), .init(label: "kind"))
    #expect(birds.classNames == ["Möwe", "Mäwe"])
  }

  @Test(arguments: [
    ("0,1,2,3\n.1,.2,.3,.4\n.5,.6,.7,.8\n", 2),  // pandas, without names
    ("0,1\n.5,.6\n.1,.2\n", 2), ("400,410,420,430\n7,7,8,9\n7,8,8,8\n", 2),  // wavelengths
    (",0,1\n0,7,8\n1,9,9\n", 2), ("label,0,1,2\n5,1,4,9\n6,1,5,9\n", 2),
    ("0,1\n1,0\n1,1\n", 3), ("0,1,2,3\n4,5,6,7\n", 2),  // data: two columns of bits, ramps
    ("1.5,2.5\n0.5,7\n", 2),
  ])
  func rowsOfNumbersAreHeadersWhereTheyMustBe(text: String, rows: Int) throws {
    #expect(try table(text).rows == rows)
  }

  @Test func classesHaveTheirUsualNames() throws {
    let table = try table("label,a,b\n7,0,1\n3,5,2\n7,5,9\n")
    #expect(table.labelName == "label" && table.columns == ["a", "b"] && table.classNames == ["7", "3"])
    #expect(table.labels == [0, 1, 0])
    // Beside an x, y is a coordinate; and nothing is guessed unless asked.
    #expect(try self.table("x,y,z\n1,5,3\n4,5,7\n").labelName == nil)
    #expect(try self.table("label,a\n1,5\n4,5\n", .init()).columns == ["label", "a"])
  }

  @Test func columnsAreChosenByNameOrNumber() throws {
    let text = "id,a,b,c\nx1,1,2,3\nx2,4,5,6\n"
    #expect(try table(text, .init(ignored: ["id", "c"])).values == [1, 2, 4, 5])
    var options = TextTable.Options(label: "id")
    options.columns = ["-1", "a"]
    let chosen = try table(text, options)
    #expect(
      chosen.columns == ["c", "a"] && chosen.values == [3, 1, 6, 4] && chosen.classNames == ["x1", "x2"])
    let error = #expect(throws: FormatError.self) { try table(text) }
    #expect(
      error?.description.contains(
        "'x1' is not a number; --ignore 'id' leaves the column out, --label-key 'id'") == true)
    let unknown = #expect(throws: FormatError.self) { try table(text, .init(ignored: ["idd"])) }
    #expect(unknown?.description.contains("did you mean 'id'") == true)
  }

  @Test(arguments: [
    "a;b\n1,5;2.5\n", "a,b\n\"1,234.5\",2\n", "a,b\n1,2\n1,2,3\n", "a,b\ninf,2\n", "", "a,b\n\"1,2\n",
    "a,\"b\u{2028}\u{7}\"\n1,\"x\u{2029}y\"\n",
  ])
  func whatIsUnclearIsRefusedInALine(text: String) {
    let error = #expect(throws: FormatError.self) { try table(text) }
    #expect(error?.description.contains { $0.isNewline || $0 == "\u{7}" } == false)
  }

  @Test func secondsSince1970StayApart() throws {
    let table = try table("unix,a\n1700000000,1\n1700000001,2.5\n1700000002,2\n")
    #expect(table.values[0] == 1_700_000_000 && table.values[2] - table.values[0] == 1)
  }
}
