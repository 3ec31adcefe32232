import Reports
import Testing

@Suite struct TableTests {
  @Test func markdownIsAlignedAndSetsNumbersToTheRight() throws {
    let table = try Table(
      columns: ["model", "error"], rows: [["dense", "0.0105 ± 0.0002"], ["conv|sparse", "−3 %"]])
    #expect(
      table.markdown == """
        | model        |           error |
        | ------------ | --------------: |
        | dense        | 0.0105 ± 0.0002 |
        | conv\\|sparse |            −3 % |

        """)
  }

  @Test func csvQuotesWhatNeedsIt() throws {
    let table = try Table(
      columns: ["a", "b"], rows: [["1,5", "say \"hi\""], ["two\nlines", ""], ["cr\r\nlf", "x"]])
    #expect(
      table.csv == "a,b\n\"1,5\",\"say \"\"hi\"\"\"\n\"two\nlines\",\n\"cr\r\nlf\",x\n")
  }

  @Test func raggedRowsAreRefused() {
    #expect(throws: ReportError.raggedTable(row: 1, cells: 1, columns: 2)) {
      try Table(columns: ["a", "b"], rows: [["1", "2"], ["3"]])
    }
  }
}
