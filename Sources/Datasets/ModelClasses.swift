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
    let numbers = try classes(of: count)
    return labels.map { numbers[$0] }
  }

  /// The classes that the labels of other data name, as a model with some number of classes counts this set's, from 0: those
  /// of the same name where this set has as many classes as the model, else the numbers that they are.
  ///
  /// - Throws: ``DatasetError`` where a name is no class of this model.
  public func classes(namedBy other: Dataset, classes count: Int) throws -> [Int] {
    let labels = other.train.labels ?? []
    guard classNames.count == count else {
      let numbers = try other.classes(of: count)
      return labels.map { numbers[$0] }
    }
    let places = Dictionary(zip(classNames, 0...)) { first, _ in first }
    let own = try other.classNames.map { name in
      guard let place = places[name] else {
        throw DatasetError.unusable(
          name: self.name,
          reason: "has no class \(name), which a sample shall be given: its classes are "
            + classNames.prefix(12).joined(separator: ", ") + (classNames.count > 12 ? ", …" : ""))
      }
      return place
    }
    return labels.map { own[$0] }
  }

  /// The number in the file of each class.
  private func classes(of count: Int) throws -> [Int] {
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
    return numbers
  }
}
