import Formats
import Testing

@Suite struct TarArchiveTests {
  @Test func entriesComeBackWhateverTheirSize() throws {
    let entries = [0, 1, 511, 512, 513, 5000].map { size in
      (name: "\(size).bin", bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    }
    let archive = TarArchive.encode(entries)
    #expect(archive.count % 512 == 0)
    var reader = try TarReader(FileBytes(archive, name: "a.tar"))
    for (name, bytes) in entries {
      let entry = try #require(try reader.next())
      #expect(entry.path == name)
      #expect(try reader.read(entry) == bytes)
    }
    #expect(try reader.next() == nil)
  }
}
