import Torch

/// Maxima of 2 × 2 values by this package's kernel and by LibTorch's own, by turns on one thread.
struct PoolingRow: Codable {
  var shape: [Int]
  /// Whether the channels of a pixel lie side by side.
  var hasChannelsLast: Bool
  var ours: [Double] = []
  var theirs: [Double] = []

  /// - Parameter shape: `[batch, channels, height, width]`, both sides even: rounding sides up, which the package's kernel leaves
  ///   to LibTorch's, then gives the same.
  init(_ shape: [Int], hasChannelsLast: Bool, repetitions: Int) throws {
    (self.shape, self.hasChannelsLast) = (shape, hasChannelsLast)
    let plain = Tensor(RandomStream(seed: 1, purpose: .start).normal(shape.reduce(1, *)), shape)
    let x = hasChannelsLast ? plain.channelsLast() : plain
    let pool = try Operator("aten::max_pool2d_with_indices")
    LibTorch.setThreads(1)
    for turn in 0...repetitions {
      let seconds = try [false, true].map { isTheirs in
        try measured {
          _ = try pool.call(
            [.tensor(x), .ints([2, 2]), .ints([2, 2])], named: ["ceil_mode": .bool(isTheirs)])
        }
      }
      // The first turn finds nothing in the cache.
      if turn > 0 {
        ours.append(seconds[0])
        theirs.append(seconds[1])
      }
    }
  }
}
