import Formats
import Testing

@Suite struct FixedLayoutTests {
  @Test func IDXOfEveryKindIsRead() throws {
    var bytes = try IDXReader(Fixtures.bytes("bytes.idx.gz"))
    #expect(bytes.shape == [4, 3, 2])
    #expect(try bytes.next(3)?.values.shape == [3, 3, 2])
    #expect(try bytes.next(3)?.values.bytes == [18, 19, 20, 21, 22, 23])
    #expect(try bytes.next(1) == nil)
    var numbers = try IDXReader(Fixtures.bytes("int16.idx"))
    #expect(try numbers.readAll().values == HostArray((0..<24).map(Int16.init), shape: [4, 6]))
    var reals = try IDXReader(Fixtures.bytes("float32.idx"))
    #expect(try reals.readAll().values == HostArray((0..<24).map { Float($0) / 2 }, shape: [2, 12]))
  }

  @Test func IDXThatClaimsMoreThanItHasIsRefused() throws {
    let claim = FileBytes([0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3])
    #expect(throws: FormatError.self) { try IDXReader(claim) }
    let cut = try Fixtures.bytes("int16.idx").bytes(in: 0..<50)
    #expect(throws: FormatError.self) { try IDXReader(FileBytes(cut)) }
    var longer = try IDXReader(FileBytes(Fixtures.bytes("int16.idx").bytes(in: 0..<60) + [0]))
    let error = #expect(throws: FormatError.self) { try longer.readAll() }
    #expect(error?.position == .byte(60))
  }

  @Test func aDeflateStreamThatIsCutOrFlippedIsRefused() throws {
    let whole = try Fixtures.bytes("bytes.idx.gz")
    for count in 0..<whole.count {
      #expect(throws: FormatError.self) {
        var reader = try IDXReader(FileBytes(whole.bytes(in: 0..<count)))
        _ = try reader.readAll()
      }
    }
    var flipped = whole.bytes(in: 0..<whole.count)
    flipped[whole.count - 6] ^= 1
    let error = #expect(throws: FormatError.self) {
      var reader = try IDXReader(FileBytes(flipped))
      _ = try reader.readAll()
    }
    #expect(error?.problem.contains("damaged") == true)
  }

  @Test func CIFARRecordsAreLabelsAndPlanes() throws {
    var ten = try CIFARReader(Fixtures.bytes("cifar10.bin.gz"), version: .cifar10)
    #expect(ten.count == nil)
    let batch = try ten.readAll()
    #expect(batch.labels == [3, 0, 9])
    #expect(batch.values.shape == [3, 3, 32, 32])
    #expect(
      batch.values.bytes[3071] == 60 && batch.values.bytes[3072] == 0 && batch.values.bytes[6144] == 180)
    var hundred = try CIFARReader(Fixtures.bytes("cifar100.bin"), version: .cifar100)
    #expect(hundred.count == 2)
    #expect(try hundred.readAll(limit: 1).labels == [99])
    // Read as CIFAR-10, the size does not fit.
    #expect(throws: FormatError.self) { try CIFARReader(Fixtures.bytes("cifar100.bin"), version: .cifar10) }
  }

  @Test func aClassThatDoesNotExistIsNamedByItsRecord() throws {
    var records = [UInt8](repeating: 0, count: 2 * 3073)
    records[3073] = 10
    var reader = try CIFARReader(FileBytes(records), version: .cifar10)
    let error = #expect(throws: FormatError.self) { try reader.readAll() }
    #expect(error?.position == .record(1))
  }
}
