import Formats

/// Which of a file's arrays are the samples and which their labels: `--input-key` and `--label-key`, else the usual names,
/// else the only array that there is.
struct ArrayChoice {
  let path: String
  let options: DatasetLoader.Options
  let file: ArrayFile

  static let inputKeys = ["x", "data", "images", "inputs", "input", "features", "samples", "arr_0"]
  static let labelKeys = ["y", "labels", "label", "targets", "target", "classes", "class"]

  func parts() throws -> UserFile.Parts {
    if options.inputKey == nil, let named = try namedParts() { return named }
    let samples = try chooseSamples()
    let key = options.labelKey
    let item =
      try key.map(asked)
      ?? ArrayChoice.labelKeys.lazy.compactMap { self.item($0) }.first {
        $0.name != samples.name
      }
    var content = try content(samples, labels(of: item), labelKey: item?.name ?? "", isGuessed: key == nil)
    if let key, content.labels == nil { throw problem("'\(key)' \(reason(item?.kind) ?? "holds no labels")") }
    for other in file.items where other.name != samples.name && other.name != item?.name {
      content.leftOut.append(describe(other, short: true))
    }
    if let item, content.labels == nil, let reason = reason(item.kind) {
      content.leftOut.append("\(item.name) (\(reason))")
    }
    return (content, nil)
  }

  /// How files that have parts name them: `x_train`, `train_images`, `train/images`.
  private static let partNames: [@Sendable (_ part: String, _ key: String) -> String] = [
    { "\($1)_\($0)" }, { "\($0)_\($1)" }, { "\($0)/\($1)" },
  ]

  /// The file's own parts, where training and test samples have such names.
  private func namedParts() throws -> UserFile.Parts? {
    for name in ArrayChoice.partNames {
      for key in ArrayChoice.inputKeys {
        guard let train = item(name("train", key)), let test = item(name("test", key)) else { continue }
        // Its own name or that of the training samples' labels.
        let labelKeys =
          options.labelKey.map { asked in
            [asked] + ArrayChoice.labelKeys.filter { item(name("train", $0))?.name == asked }
          } ?? ArrayChoice.labelKeys
        func labels(_ part: String) -> ArrayFile.Item? {
          labelKeys.lazy.compactMap { item(name(part, $0)) }.first
        }
        let (trainLabels, testLabels) = (labels("train"), labels("test"))
        if let key = options.labelKey, trainLabels == nil || testLabels == nil {
          throw problem("there are no \(name("train", key)) and \(name("test", key)); it has \(list)")
        }
        var first = try content(
          train, self.labels(of: trainLabels), labelKey: trainLabels?.name ?? "", isGuessed: true)
        let second = try content(
          test, self.labels(of: testLabels), labelKey: testLabels?.name ?? "", isGuessed: true)
        let taken = [train, test, trainLabels, testLabels].compactMap { $0?.name }
        first.leftOut = file.items.filter { !taken.contains($0.name) }.map { describe($0, short: true) }
        return (first, second)
      }
    }
    return nil
  }

  /// The item of a name, in these letters or others.
  private func item(_ name: String) -> ArrayFile.Item? {
    file[name] ?? file.items.first { $0.name.lowercased() == name }
  }

  private func asked(_ key: String) throws -> ArrayFile.Item {
    guard let item = file[key] else { throw problem("has no array '\(key)'; it has \(list)") }
    return item
  }

  private func chooseSamples() throws -> ArrayFile.Item {
    if let key = options.inputKey {
      let item = try asked(key)
      if let reason = reason(item.kind) { throw problem("'\(key)' \(reason)") }
      return item
    }
    if let usual = ArrayChoice.inputKeys.lazy.compactMap(item).first {
      guard case .numbers = usual.kind else {
        throw problem("\(describe(usual)); which array has the samples? give --input-key, one of \(list)")
      }
      return usual
    }
    let candidates = file.items.filter { item in
      guard case .numbers = item.kind else { return false }
      return !ArrayChoice.labelKeys.contains(item.name.lowercased()) && item.shape.reduce(1, *) > 1
    }
    // What is not read may be what is meant, except for words.
    let isClear = file.items.allSatisfy { item in
      guard case .other(let reason) = item.kind else { return true }
      return reason == "is text"
    }
    guard candidates.count == 1, isClear else {
      throw problem(
        file.items.isEmpty
          ? "has no array that is read"
          : "which array has the samples? give --input-key, one of \(list)")
    }
    return candidates[0]
  }

  private func labels(of item: ArrayFile.Item?) throws -> RawLabels? {
    switch item?.kind {
    case .numbers: return try item.map { .numbers(try file.array($0.name)) }
    case .words:
      let words = try item.map { try file.words($0.name) } ?? []
      var indices: [String: Int] = [:]
      var names: [String] = []
      let labels = words.map { word in
        if let index = indices[word] { return index }
        indices[word] = names.count
        names.append(word)
        return names.count - 1
      }
      return .words(labels, names: names)
    case .other, nil: return nil
    }
  }

  func content(_ item: ArrayFile.Item, _ labels: RawLabels?, labelKey: String, isGuessed: Bool = false) throws
    -> UserData.Content
  {
    if let reason = reason(item.kind) { throw problem("'\(item.name)' \(reason)") }
    let (values, remark) = try arranged(file.array(item.name), item.name, labelCount: labels?.count)
    var content = UserData.Content(values: values, key: item.name)
    content.labels = labels
    content.labelKey = labelKey
    content.isGuessedLabel = isGuessed
    content.remarks = remark.map { [$0] } ?? []
    return content
  }

  /// The array with the samples' axis first, and what was found out about it.
  private func arranged(_ array: HostArray, _ key: String, labelCount: Int?) throws -> (HostArray, String?) {
    let shape = array.shape
    if shape.count == 1 {
      return (HostArray(bytes: array.bytes, shape: shape + [1], elementType: array.elementType), nil)
    }
    guard (2...4).contains(shape.count) else {
      throw problem("'\(key)' has shape \(shape); samples of 1 to 3 axes are read, their index first or last")
    }
    let isLast: Bool
    if let axis = options.sampleAxis {
      isLast = axis == .last
    } else if let labelCount, [shape[0], shape[shape.count - 1]].contains(labelCount) {
      isLast = shape[0] != labelCount
    } else if file.maySampleLast {
      guard let guess = lastCounts(shape) else {
        let text = shape.map(String.init).joined(separator: "×")
        throw problem("'\(key)' is \(text): which axis counts the samples? give --sample-axis first or last")
      }
      isLast = guess
    } else {
      isLast = false
    }
    guard isLast else { return (array, nil) }
    let moved = array.transposed([shape.count - 1] + Array(0..<shape.count - 1))
    return (moved, options.sampleAxis == nil ? "its last axis counts the samples" : nil)
  }

  /// Whether the last axis of an array of MATLAB's counts the samples; nil where the shape does not tell.
  private func lastCounts(_ shape: [Int]) -> Bool? {
    switch shape.count {
    case 2: return shape[0] >= shape[1] ? false : nil
    case 3:
      // Images are square more often than not.
      let (isLast, isFirst) = (shape[0] == shape[1], shape[1] == shape[2])
      return isLast == isFirst ? nil : isLast
    default:
      let isLast = [1, 3].contains(shape[2])
      let isFirst = [1, 3].contains(shape[3]) || [1, 3].contains(shape[1])
      return isLast == isFirst ? nil : isLast
    }
  }

  private func reason(_ kind: ArrayFile.Kind?) -> String? {
    switch kind {
    case .other(let reason): reason
    case .words: "holds words"
    case .numbers, nil: nil
    }
  }

  private func describe(_ item: ArrayFile.Item, short: Bool = false) -> String {
    let shape = item.shape.isEmpty ? "" : item.shape.map(String.init).joined(separator: "×")
    switch item.kind {
    case .numbers(let type): return "\(item.name) (\(shape.isEmpty ? "one" : shape) \(type.rawValue))"
    case .words: return "\(item.name) (words)"
    case .other(let reason): return short ? "\(item.name) (\(reason))" : "'\(item.name)' \(reason)"
    }
  }

  private var list: String {
    let items = file.items.prefix(8).map {
      "'\($0.name)'" + describe($0, short: true).dropFirst($0.name.count)
    }
    return items.joined(separator: ", ") + (file.items.count > 8 ? ", …" : "")
  }

  private func problem(_ reason: String) -> DatasetError { .unusable(name: path, reason: reason) }
}
