import Formats

extension Dataset {
  /// What the classes are called where these are numbers: one a class, in the file's own type; nil where they are words.
  private var numbersOfClasses: HostArray? {
    let numbers = classNumbers ?? HostArray(classNames.compactMap { Int($0) })
    return !classNames.isEmpty && numbers.count == classNames.count ? numbers : nil
  }

  /// Labels as a file has them: the numbers of their classes, or places in ``wordsOfClasses``.
  ///
  /// - Parameter labels: from 0.
  public func recorded(_ labels: [Int]) -> HostArray {
    numbersOfClasses?.rows(labels) ?? HostArray(labels)
  }

  /// The classes' names where recorded labels are only places among them.
  public var wordsOfClasses: [String] {
    train.labels == nil || numbersOfClasses != nil ? [] : classNames
  }
}
