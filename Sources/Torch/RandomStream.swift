import CTorch

/// Random numbers as a pure function of (run seed, purpose, index, position): a sample draws the same numbers in any
/// batch, shard, order or thread. Philox4x32-10 (Salmon et al. 2011).
public struct RandomStream: Sendable {
  /// What the numbers are for; two purposes never share numbers.
  public struct Purpose: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let initialization = Purpose(rawValue: 1)
    public static let dataOrder = Purpose(rawValue: 2)
    public static let start = Purpose(rawValue: 3)
    public static let partner = Purpose(rawValue: 4)
    public static let projection = Purpose(rawValue: 5)
    public static let augmentation = Purpose(rawValue: 6)
    public static let training = Purpose(rawValue: 7)
    public static let split = Purpose(rawValue: 8)
  }

  /// The stream as the native kernels take it.
  public let native: kr_stream

  /// - Parameter index: the sample's index, or another number that tells streams of one purpose apart.
  public init(seed: UInt64, purpose: Purpose, index: Int = 0) {
    native = kr_make_stream(seed, purpose.rawValue, UInt64(bitPattern: Int64(index)))
  }

  /// `count` uniform numbers in [0, 1) from the block `position` on; they take (count + 3) / 4 blocks.
  public func uniform(_ count: Int, position: UInt64 = 0) -> [Float] {
    fill(count) { out in
      withUnsafePointer(to: native) { kr_fill_uniform($0, position, out, Int64(count)) }
    }
  }

  /// `count` standard normal numbers from the block `position` on; they take (count + 3) / 4 blocks.
  public func normal(_ count: Int, position: UInt64 = 0) -> [Float] {
    fill(count) { out in
      withUnsafePointer(to: native) { kr_fill_normal($0, position, out, Int64(count)) }
    }
  }

  /// A permutation of 0..<count.
  public func permutation(_ count: Int, position: UInt64 = 0) -> [Int] {
    let words = [Int32](unsafeUninitializedCapacity: count) { buffer, initialized in
      withUnsafePointer(to: native) { kr_permutation($0, position, buffer.baseAddress, Int32(count)) }
      initialized = count
    }
    return words.map(Int.init)
  }

  private func fill(_ count: Int, _ body: (UnsafeMutablePointer<Float>?) -> Void) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      body(buffer.baseAddress)
      initialized = count
    }
  }
}
