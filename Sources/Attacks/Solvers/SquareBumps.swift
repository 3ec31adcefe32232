/// The authors' η of a window's size, of length 1: two halves of opposite sign, the upper and the lower or the left and the
/// right, each of concentric rectangles and high in its middle. A single row has no upper half.
struct SquareBumps {
  private let stacked: [Float]
  private let beside: [Float]

  init(height: Int, width: Int) {
    beside = Self.bump(height, width, isBeside: true)
    stacked = height == 1 ? beside : Self.bump(height, width, isBeside: false)
  }

  /// The values of a window row by row, which way it lies by a number drawn from 0…1.
  func callAsFunction(_ drawn: Float) -> [Float] { drawn < 0.5 ? stacked : beside }

  private static func bump(_ tall: Int, _ wide: Int, isBeside: Bool) -> [Float] {
    let whole = isBeside ? wide : tall, cut = whole / 2
    var values = [Float](repeating: 0, count: tall * wide)
    for y in 0..<tall {
      for x in 0..<wide {
        let place = isBeside ? x : y, isFirst = place < cut
        let own = isFirst ? cut : whole - cut, inside = isFirst ? place : place - cut
        let value =
          isBeside ? rectangles(y, inside, tall, own) : rectangles(inside, x, own, wide)
        values[y * wide + x] = isFirst ? value : -value
      }
    }
    let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return values.map { $0 / max(length, 1e-12) }
  }

  /// What concentric rectangles, the k-th of 1/k² and 2k − 1 wide, have together at a place.
  private static func rectangles(_ y: Int, _ x: Int, _ rows: Int, _ columns: Int) -> Float {
    let first = max(abs(y - rows / 2), abs(x - columns / 2)), count = max(rows, columns) / 2 + 1
    return (first..<max(first, count)).reduce(0) { $0 + 1 / Float(($1 + 1) * ($1 + 1)) }
  }
}
