/// Splits of our own, for sets that are published without one.
enum Split {
  /// All indices below `count`, shuffled by a seed: a Fisher–Yates shuffle by SplitMix64 (Steele, Lea, Flood 2014), so
  /// that it is the same on every machine and in every version.
  static func shuffledIndices(_ count: Int, seed: UInt64 = 0) -> [Int] {
    var state = seed
    func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    var indices = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      indices.swapAt(last, Int(next().multipliedFullWidth(by: UInt64(last + 1)).high))
    }
    return indices
  }

  /// Four fifths to train, the last fifth of the shuffled indices to test; each in the order of the file.
  static func fourFifths(_ count: Int, seed: UInt64 = 0) -> (train: [Int], test: [Int]) {
    let shuffled = shuffledIndices(count, seed: seed)
    let trainCount = count - count / 5
    return (shuffled[..<trainCount].sorted(), shuffled[trainCount...].sorted())
  }

  static let note = "no published split: a fifth is held out for testing by a shuffle with a fixed seed"
}
