import Formats
import Testing

@Suite struct TensorBoardTests {
  /// The check value of CRC-32C is 0xE3069283 (RFC 3720); of 32 zeros it is 0x8A9136AA (appendix B.4).
  @Test func theChecksumIsCastagnolis() {
    #expect(CRC32C.checksum("123456789".utf8) == 0xE306_9283)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
  }

  /// The record of version and time 0 that TensorBoard 2.21's `EventFileWriter` would write, field by field by hand.
  @Test func aRecordIsLengthChecksumDataChecksum() {
    let record = TensorBoardEvent.version(time: 0)
    let data = [9, 0, 0, 0, 0, 0, 0, 0, 0, 26, 13] + Array("brain.Event:2".utf8)
    #expect(Array(record[..<8]) == [UInt8(data.count), 0, 0, 0, 0, 0, 0, 0])
    #expect(Array(record[12..<12 + data.count]) == data)
    #expect(record.count == 16 + data.count)
  }
}
