import Formats
import Testing

@Suite struct DelimitedTextTests {
  private func rows(_ text: DelimitedText) throws -> [[String]] {
    var text = text
    var rows: [[String]] = []
    while let row = try text.next() { rows.append(row) }
    return rows
  }

  @Test(arguments: ["table.csv", "table.csv.gz"])
  func quotesAndEmptyFieldsAreKept(name: String) throws {
    #expect(
      try rows(DelimitedText(Fixtures.bytes(name))) == [
        ["name", "a, quoted", "b", "class"], ["m_1", "1.5", "", "x"], ["m_2", "-2e3", "4", "y"],
        ["m_3", "0.25", "7", "say \"z\""],
      ])
  }

  @Test func runsOfBlanksSeparateOnce() throws {
    let text = try DelimitedText(Fixtures.bytes("blanks.txt"))
    #expect(text.separator == .blanks)
    #expect(try rows(text).map { $0.map { Double($0) } } == [[1, -2], [3, 0.4]])
  }

  @Test func tabsSemicolonsAndAMissingLastLineEndAreRead() throws {
    #expect(
      try rows(DelimitedText(FileBytes(Array("a\tb c\r\n1\t\r\n".utf8)))) == [["a", "b c"], ["1", ""]])
    #expect(try rows(DelimitedText(FileBytes(Array("1,5;2\n3;4".utf8)))) == [["1,5", "2"], ["3", "4"]])
    #expect(try rows(DelimitedText(FileBytes([0xEF, 0xBB, 0xBF] + Array("a,b".utf8)))) == [["a", "b"]])
    #expect(try rows(DelimitedText(FileBytes([UInt8]()))) == [])
  }

  @Test func longFilesAreReadPieceByPiece() throws {
    let lines = (0..<40_000).map { "\($0),\($0 * 2)" }
    let all = try rows(DelimitedText(FileBytes(Array(lines.joined(separator: "\n").utf8))))
    #expect(all.count == 40_000)
    #expect(all.last == ["39999", "79998"])
  }

  @Test func openQuotesAndBinaryDataNameTheirLine() throws {
    for bytes in [Array("a,b\n\"1,2\n".utf8), Array("a,b\n1,".utf8) + [0, 10]] {
      let error = #expect(throws: FormatError.self) { try rows(DelimitedText(FileBytes(bytes))) }
      #expect(error?.position == .line(2))
    }
  }
}
