/// A generator of random numbers that depends on its seed alone (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Damage done to a file: a few of the things that happen to files, and that attackers do to them.
enum Mutation {
  /// Numbers at which readers go wrong.
  private static let numbers: [UInt64] = [
    0, 1, 2, 7, 8, 127, 128, 255, 256, 1024, 32767, 32768, 65535, 65536, 1_000_000_000, 0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF, 0x1_0000_0000, 1 << 40, 1 << 62, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, .max,
  ]
  private static let words = [
    "-1", "0", "1000000000", "99999999999999999999", "1e309", "nan", "\"", "", "(", "[[",
  ]

  /// - Parameter other: another file of the same format, to splice with.
  static func apply(
    to original: [UInt8], other: [UInt8], using random: inout SeededGenerator
  ) -> [UInt8] {
    var bytes = original
    for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
      switch Int.random(in: 0..<10, using: &random) {
      case 0, 1:
        bytes[place(bytes, &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 2:
        bytes[place(bytes, &random)] = UInt8.random(in: 0...255, using: &random)
      case 3, 4, 5:
        overwriteInteger(&bytes, &random)
      case 6:
        bytes.removeLast(bytes.count - place(bytes, &random))
      case 7:
        let cut = place(bytes, &random)
        bytes = bytes[..<cut] + other.suffix(Int.random(in: 0...other.count, using: &random))
      case 8:
        let range = slice(bytes, &random)
        if Bool.random(using: &random) {
          bytes.insert(contentsOf: Array(bytes[range]), at: place(bytes, &random))
        } else {
          bytes.removeSubrange(range)
        }
      default:
        overwriteWord(&bytes, &random)
      }
    }
    return bytes
  }

  /// Half of all damage is done to the first bytes, where headers are, and some to the last.
  private static func place(_ bytes: [UInt8], _ random: inout SeededGenerator) -> Int {
    switch Int.random(in: 0..<8, using: &random) {
    case 0..<4: Int.random(in: 0..<min(bytes.count, 192), using: &random)
    case 4: bytes.count - 1 - Int.random(in: 0..<min(bytes.count, 192), using: &random)
    default: Int.random(in: 0..<bytes.count, using: &random)
    }
  }

  private static func slice(_ bytes: [UInt8], _ random: inout SeededGenerator) -> Range<Int> {
    let start = place(bytes, &random)
    return start..<min(bytes.count, start + 1 + Int.random(in: 0..<64, using: &random))
  }

  private static func overwriteInteger(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    let size = [1, 2, 4, 8][Int.random(in: 0..<4, using: &random)]
    let number =
      Bool.random(using: &random)
      ? numbers[Int.random(in: 0..<numbers.count, using: &random)]
      : UInt64.random(in: 0...(.max), using: &random)
    var field = withUnsafeBytes(of: number.littleEndian) { Array($0.prefix(size)) }
    if Bool.random(using: &random) { field.reverse() }
    let start = place(bytes, &random)
    let end = min(bytes.count, start + size)
    bytes.replaceSubrange(start..<end, with: field.prefix(end - start))
  }

  /// Numbers written as text: in headers of NPY and safetensors, in tables, in tar.
  private static func overwriteWord(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    let start = place(bytes, &random)
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard let first = bytes[start...].prefix(256).firstIndex(where: digits.contains) else { return }
    let end = bytes[first...].firstIndex { !digits.contains($0) } ?? bytes.count
    bytes.replaceSubrange(first..<end, with: words[Int.random(in: 0..<words.count, using: &random)].utf8)
  }
}
