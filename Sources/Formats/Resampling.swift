/// Images in another size, by a triangle filter that widens with the reduction, so that nothing aliases: what Pillow's
/// `BILINEAR` does.
public enum Resampling {
  /// - Parameter values: `height × width × channels` values, channels innermost.
  /// - Returns: `newHeight × newWidth × channels` values.
  /// - Precondition: all sizes are at least 1, and there are as many values as they say.
  public static func bilinear(
    _ values: [Float], height: Int, width: Int, channels: Int, toHeight newHeight: Int, toWidth newWidth: Int
  ) -> [Float] {
    precondition(
      values.count == height * width * channels, "\(values.count) values for \(height)×\(width)×\(channels)")
    let rows = resampled(
      values, outer: height, length: width, inner: channels, taps: taps(from: width, to: newWidth))
    return resampled(
      rows, outer: 1, length: height, inner: newWidth * channels, taps: taps(from: height, to: newHeight))
  }

  /// The inputs of one output, which follow each other, and their weights, which sum to 1.
  private struct Tap {
    let first: Int
    let weights: [Float]
  }

  private static func taps(from length: Int, to newLength: Int) -> [Tap] {
    let scale = Double(length) / Double(newLength)
    let reach = max(1, scale)
    return (0..<newLength).map { index in
      let centre = (Double(index) + 0.5) * scale
      let first = max(0, Int(centre - reach + 0.5))
      let end = min(length, Int(centre + reach + 0.5))
      let weights = (first..<end).map { max(0, 1 - abs(Double($0) + 0.5 - centre) / reach) }
      let total = weights.reduce(0, +)
      return Tap(first: first, weights: weights.map { Float($0 / total) })
    }
  }

  /// Along the middle axis of `[outer, length, inner]`.
  private static func resampled(_ values: [Float], outer: Int, length: Int, inner: Int, taps: [Tap])
    -> [Float]
  {
    var result = [Float](repeating: 0, count: outer * taps.count * inner)
    result.withUnsafeMutableBufferPointer { result in
      values.withUnsafeBufferPointer { values in
        for block in 0..<outer {
          for (index, tap) in taps.enumerated() {
            let target = (block * taps.count + index) * inner
            for (offset, weight) in tap.weights.enumerated() {
              let source = (block * length + tap.first + offset) * inner
              for element in 0..<inner { result[target + element] += weight * values[source + element] }
            }
          }
        }
      }
    }
    return result
  }
}
