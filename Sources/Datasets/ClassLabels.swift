import Formats

/// What a file says of the classes of samples.
enum RawLabels {
  /// One number a sample.
  case numbers(HostArray)
  /// Index in the names of each sample's class; the names are in no order.
  case words([Int], names: [String])
  /// As `words`, where names are to be kept in their order.
  case folders([Int], names: [String])

  var count: Int {
    switch self {
    case .numbers(let array): array.count
    case .words(let indices, _), .folders(let indices, _): indices.count
    }
  }
}

/// Classes in their order: as numbers where all are, else as words.
struct ClassLabels {
  let train: [Int]
  let test: [Int]?
  let names: [String]
  /// One a class, in the file's own type, where all are numbers.
  let numbers: HostArray?

  /// The most classes that are believed.
  private static let maximum = 65_536

  /// - Returns: nil, and the reason, if these are no classes.
  static func classes(_ train: RawLabels, _ test: RawLabels?) -> (labels: ClassLabels?, problem: String) {
    switch (train, test) {
    case (.numbers(let train), nil): fromNumbers(train, nil)
    case (.numbers(let train), .numbers(let test)): fromNumbers(train, test)
    case (.folders(let indices, let names), let test):
      (ClassLabels(train: indices, test: test.map(\.indices), names: names, numbers: nil), "")
    case (.words(let indices, let names), nil): fromWords(indices, nil, names)
    case (.words(let indices, let names), .words(let others, let otherNames)):
      fromWords(
        indices, others.map { names.count + $0 }, names + otherNames)
    default: (nil, "the labels of training and test samples are not of one kind")
    }
  }

  private static func fromNumbers(_ train: HostArray, _ test: HostArray?) -> (ClassLabels?, String) {
    let test = test?.converted(to: train.elementType)
    let size = train.elementType.size
    let bytes = train.bytes + (test?.bytes ?? [])
    let count = bytes.count / size
    let flat = HostArray(bytes: bytes, shape: [count], elementType: train.elementType)
    let doubles = flat.doubles()
    guard doubles.allSatisfy(\.isFinite) else { return (nil, "some labels are no numbers") }
    let whole = flat.integers()
    // Which sample first has each number: 64-bit ones are not all different as doubles.
    var first: [Int: Int] = [:]
    var firstReal: [Double: Int] = [:]
    for index in 0..<count {
      if let whole {
        if first[whole[index]] == nil { first[whole[index]] = index }
      } else if firstReal[doubles[index]] == nil {
        firstReal[doubles[index]] = index
      }
    }
    let order =
      whole == nil
      ? firstReal.sorted { $0.key < $1.key }.map(\.value) : first.sorted { $0.key < $1.key }.map(\.value)
    guard order.count <= maximum, whole != nil || order.count <= 100 && order.count * 2 <= count else {
      return (nil, "\(order.count) different values are no classes")
    }
    var rank: [Int: Int] = [:]
    var rankReal: [Double: Int] = [:]
    for (place, index) in order.enumerated() {
      if let whole { rank[whole[index]] = place } else { rankReal[doubles[index]] = place }
    }
    let indices = (0..<count).map { index in
      (whole.map { rank[$0[index]] } ?? rankReal[doubles[index]]) ?? 0
    }
    let names = order.map { index in whole.map { String($0[index]) } ?? "\(doubles[index])" }
    let trainCount = train.count
    return (
      ClassLabels(
        train: Array(indices[..<trainCount]), test: test == nil ? nil : Array(indices[trainCount...]),
        names: names, numbers: flat.rows(order)), ""
    )
  }

  /// Words of numbers are numbers: 1 and 1.0 are one class.
  private static func fromWords(_ train: [Int], _ test: [Int]?, _ names: [String]) -> (ClassLabels?, String) {
    let all = train + (test ?? [])
    let numbers = names.compactMap { Double($0) }
    if numbers.count == names.count, numbers.allSatisfy(\.isFinite) {
      let whole = names.compactMap { Int($0) ?? Int(exactly: Double($0) ?? .nan) }
      func labels(_ indices: [Int]) -> HostArray {
        whole.count == names.count
          ? HostArray(indices.map { whole[$0] }) : HostArray(indices.map { numbers[$0] })
      }
      return fromNumbers(labels(train), test.map(labels))
    }
    let sorted = Set(all.map { names[$0] }).sorted()
    guard sorted.count <= maximum else { return (nil, "\(sorted.count) different words are no classes") }
    let ranks = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, $0) })
    func indices(_ labels: [Int]) -> [Int] { labels.map { ranks[names[$0]] ?? 0 } }
    return (ClassLabels(train: indices(train), test: test.map(indices), names: sorted, numbers: nil), "")
  }
}

extension RawLabels {
  fileprivate var indices: [Int] {
    switch self {
    case .numbers: []
    case .words(let indices, _), .folders(let indices, _): indices
    }
  }
}
