/// How a batch is given to a program that takes only some sizes of batches: in parts, the last of them filled up with
/// samples of its own, again and again.
struct ExportedBatches: Equatable {
  struct Part: Equatable {
    /// The places in the batch of the samples to give.
    let indices: [Int]
    /// How many of the first results count.
    let kept: Int
  }

  let parts: [Part]
  /// Whether the batch can be given as it is.
  let isWhole: Bool

  /// - Parameters:
  ///   - count: the batch's samples.
  ///   - sizes: what the program takes; nil for any.
  init(count: Int, sizes: ClosedRange<Int>?) {
    // torch.export never says less than 2 of a length that may vary; its operators take a single sample as eager ones do.
    let takesOne = sizes.map { $0.lowerBound <= 2 && $0.upperBound > 2 } ?? true
    guard let sizes, !sizes.contains(count), !(takesOne && count == 1), count > 0, sizes.upperBound > 0 else {
      parts = [Part(indices: Array(0..<max(0, count)), kept: count)]
      isWhole = true
      return
    }
    isWhole = false
    // As few parts as there can be, of about the same size.
    let number = (count + sizes.upperBound - 1) / sizes.upperBound
    parts = (0..<number).map { part in
      let rows = Array(count * part / number..<count * (part + 1) / number)
      let wanted = max(rows.count, sizes.lowerBound)
      return Part(indices: (0..<wanted).map { rows[$0 % rows.count] }, kept: rows.count)
    }
  }
}
