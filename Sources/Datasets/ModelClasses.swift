extension Dataset {
  /// The labels of a part as a model with some number of classes counts them, from 0.
  ///
  /// Where the data have as many classes as the model, the first of them is its class 0 and so on; else the classes are the
  /// numbers in the file.
  ///
  /// - Returns: nil where the part has no labels.
  /// - Throws: ``DatasetError`` where the labels are not of this model.
  public func labels(of part: Samples, classes count: Int) throws -> [Int]? {
    guard let labels = part.labels else { return nil }
    if classNames.isEmpty || classNames.count == count { return labels }
    let numbers = classNumbers?.integers() ?? classNames.compactMap { Int($0) }
    guard numbers.count == classNames.count else {
      throw DatasetError.unusable(
        name: name,
        reason: "has \(classNames.count) classes by name, and the model tells \(count) apart: which is which?"
      )
    }
    if let other = numbers.first(where: { !(0..<count ~= $0) }) {
      throw DatasetError.unusable(
        name: name, reason: "has a class \(other); the model tells \(count) apart, from 0 to \(count - 1)")
    }
    return labels.map { numbers[$0] }
  }
}
