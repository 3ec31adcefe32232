import Formats
import Foundation
import Testing

/// Files that are made to harm; each is refused at once, in one line.
@Suite struct HostileFileTests {
  private func refusal(_ body: () throws -> Void) -> String {
    let clock = ContinuousClock()
    var text = ""
    let time = clock.measure {
      let error = #expect(throws: FormatError.self) { try body() }
      text = error.map { "\($0)" } ?? ""
    }
    #expect(time < .seconds(5))
    #expect(!text.contains("\n"))
    return text
  }

  private func idx(_ shape: [UInt32]) -> FileBytes {
    let lengths = shape.flatMap { length in withUnsafeBytes(of: length.bigEndian) { [UInt8]($0) } }
    return FileBytes([0, 0, 8, UInt8(shape.count)] + lengths)
  }

  private func npy(_ shape: String, fortran: Bool = false) -> FileBytes {
    let order = fortran ? "True" : "False"
    let header = Array("{'descr': '<f8', 'fortran_order': \(order), 'shape': (\(shape)), }\n".utf8)
    return FileBytes([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count), 0] + header)
  }

  @Test(arguments: [[4_000_000_000, 0], [4_000_000_000, 1000, 0, 7]] as [[UInt32]])
  func billionsOfSamplesWithoutAValueAreRefused(shape: [UInt32]) {
    let line = refusal {
      var reader = try IDXReader(idx(shape))
      _ = try reader.readAll()
    }
    #expect(line.contains("hold no values"), "\(line)")
    let text = shape.map(String.init).joined(separator: ", ")
    #expect(
      refusal {
        var reader = try NPYReader(npy(text))
        _ = try reader.readAll()
      }.contains("hold no values"))
  }

  @Test func lengthsWhoseProductOverflowsAreRefusedThoughOneIsZero() {
    let huge = UInt32.max
    #expect(
      refusal { _ = try IDXReader(idx([0, huge, huge, huge])) }.contains("more than the file can hold"))
    for shape in ["5, 0, 1099511627776, 1099511627776", "0, 1099511627776, 1099511627776"] {
      for fortran in [false, true] {
        let line = refusal {
          var reader = try NPYReader(npy(shape, fortran: fortran))
          _ = try reader.array()
        }
        #expect(line.contains("no array can have"), "\(line)")
      }
    }
    let json = #"{"a":{"dtype":"U8","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}}"#
    let length = withUnsafeBytes(of: UInt64(json.utf8.count).littleEndian) { [UInt8]($0) }
    #expect(refusal { _ = try SafetensorsFile(FileBytes(length + json.utf8)) }.contains("not what its shape"))
  }

  @Test func aHeaderOfHundredsOfAxesIsRefusedInAShortLine() {
    let line = refusal { _ = try IDXReader(idx([UInt32](repeating: 1_633_771_873, count: 255))) }
    #expect(line.contains("255 axes") && line.count < 100, "\(line)")
  }

  @Test(arguments: ["-7", "-0000000001", "+1", "0x10"])
  func aTarHeaderOfASizeThatIsNoOctalNumberIsRefused(size: String) throws {
    let file = try Fixtures.bytes("files.tar")
    var bytes = file.bytes(in: 0..<file.count)
    bytes.replaceSubrange(
      124..<136, with: Array(size.utf8) + [UInt8](repeating: 0, count: 12 - size.utf8.count))
    let sum = (0..<512).reduce(0) { $0 + ((148..<156).contains($1) ? 32 : Int(bytes[$1])) }
    bytes.replaceSubrange(148..<154, with: ("0" + String(sum, radix: 8)).suffix(6).utf8)
    #expect(
      refusal {
        var tar = try TarReader(FileBytes(bytes))
        while try tar.next() != nil {}
      }.contains("is not the header"))
  }

  @Test(arguments: ["files.tar", "files.tar.gz"]) func filesOfATarAreReadAndLinksLeftOut(name: String) throws
  {
    var tar = try TarReader(Fixtures.bytes(name))
    let first = try #require(try tar.next())
    #expect(try tar.read(first) == Array("first".utf8))
    let second = try #require(try tar.next())
    #expect(second.path == "folder/" + String(repeating: "deep/folders/", count: 11) + "b.txt")
    #expect(second.size == 1200)
    #expect(try tar.next() == nil)
  }

  @Test func aStreamThatExpandsAThousandfoldIsRefusedAsABomb() throws {
    let folder = try TemporaryFolder()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "head -c 200000000 /dev/zero | gzip -9 > '\(folder.file("bomb.csv.gz"))'"]
    try process.run()
    process.waitUntilExit()
    let stream = try ByteStream(FileBytes(mapping: folder.file("bomb.csv.gz")))
    var read = 0
    #expect(refusal { while true { read += try stream.readToEnd(atMost: 1 << 20).count } }.contains("bomb"))
    #expect(read <= ByteStream.freeOutput + 1 << 20)
  }

  @Test func anArchiveWhoseNamesClimbOutOrWhoseEntriesOverlapIsRefused() throws {
    let array = HostArray([1, 2, 3])
    for name in ["../../x", "/etc/x", "a/../../x", "a\\..\\x"] {
      #expect(
        refusal { _ = try NPZFile(FileBytes(NPZFile.encode([(name, array)]))) }.contains("leads out"))
    }
    var bytes = NPZFile.encode([("a", array), ("b", array)])
    // The second entry's place, the last 8 bytes of its part of the directory, becomes the first's.
    let end = bytes.count - 98
    bytes.replaceSubrange(end - 8..<end, with: [UInt8](repeating: 0, count: 8))
    #expect(refusal { _ = try NPZFile(FileBytes(bytes)) }.contains("shares its bytes"))
  }

  @Test func aLineOfMillionsOfFieldsIsRefused() {
    let line = refusal {
      var text = try DelimitedText(FileBytes([UInt8](repeating: UInt8(ascii: ","), count: 2_000_000)))
      _ = try text.next()
    }
    #expect(line.contains("line 1") && line.contains("fields"), "\(line)")
  }

  /// A grey progressive image of one block: every bit of every coefficient in a scan of its own, as the format allows.
  @Test func aJPEGOfHundredsOfScansIsRefused() {
    func jpeg(bits: Int) -> FileBytes {
      var bytes: [UInt8] = [0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0] + [UInt8](repeating: 1, count: 64)
      bytes += [0xFF, 0xC2, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0]
      for table: UInt8 in [0x00, 0x10] {
        bytes += [0xFF, 0xC4, 0, 20, table, 1] + [UInt8](repeating: 0, count: 15) + [0]
      }
      func scan(_ coefficient: UInt8, _ approximation: UInt8) {
        bytes += [0xFF, 0xDA, 0, 8, 1, 1, 0, coefficient, coefficient, approximation, 0x7F]
      }
      scan(0, 0)
      for coefficient: UInt8 in 1...63 {
        scan(coefficient, UInt8(bits))
        for bit in stride(from: bits, to: 0, by: -1) { scan(coefficient, UInt8(bit << 4 | bit - 1)) }
      }
      return FileBytes(bytes + [0xFF, 0xD9])
    }
    #expect(throws: Never.self) { try RasterImage(jpeg(bits: 1)) }
    #expect(refusal { _ = try RasterImage(jpeg(bits: 13)) }.contains("500 scans"))
  }
}
