import Formats
import Foundation

/// A file or folder of the user's, read by the format that its first bytes or name tell (see `FileFormats`).
struct UserFile {
  let path: String
  let options: DatasetLoader.Options

  typealias Parts = (train: UserData.Content, test: UserData.Content?)

  func read(_ source: inout DataSource) throws -> Parts {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw SystemError("open", path)
    }
    if isFolder.boolValue { return try folder(&source) }
    let file = try FileBytes(mapping: path)
    source.enter(file, name: URL(fileURLWithPath: path).lastPathComponent)
    let format = try FileFormats.format(of: file)
    var table = TextTable.Options(label: options.labelKey, ignored: options.ignored, guesses: true)
    table.columns = options.columns
    switch try format.contents(of: file, table: table) {
    case .table(let table):
      if let key = options.inputKey {
        throw DatasetError.unusable(
          name: path,
          reason: "a table has no arrays by name; --columns names its features, not --input-key '\(key)'")
      }
      return (try self.table(table), nil)
    case .arrays(let arrays):
      try refuseColumns()
      if arrays.items.count == 1 { return (try single(arrays, arrays.items[0], format, &source), nil) }
      return try ArrayChoice(path: path, options: options, file: arrays).parts()
    }
  }

  private func folder(_ source: inout DataSource) throws -> Parts {
    if let key = options.inputKey ?? options.labelKey {
      throw DatasetError.unusable(name: path, reason: "has no arrays by name: '\(key)' means nothing here")
    }
    try refuseColumns()
    let parts = ["train", "test"].map { "\(path)/\($0)" }
    let hasParts = parts.allSatisfy { FileManager.default.fileExists(atPath: $0) }
    let train = try images(hasParts ? parts[0] : path, &source)
    guard hasParts else { return (train, nil) }
    let test = try images(parts[1], &source)
    guard case .folders(_, let names)? = train.labels, case .folders(_, names)? = test.labels else {
      throw DatasetError.unusable(
        name: path, reason: "train and test do not have the same folders of classes")
    }
    return (train, test)
  }

  private func images(_ folder: String, _ source: inout DataSource) throws -> UserData.Content {
    var reader = try ImageFolderReader(folder)
    for file in reader.folder.files { source.enter(try FileBytes(mapping: "\(folder)/\(file)"), name: file) }
    let batch = try reader.readAll()
    let found = reader.folder
    var content = UserData.Content(values: batch.values, key: "images of \(8 * reader.elementType.size) bits")
    content.labels = found.labels.map { .folders($0, names: found.classNames) }
    content.labelKey = "folders"
    content.recordNames = found.files
    if !found.others.isEmpty {
      let count = found.others.reduce(0) { $0 + $1.count }
      content.leftOut = ["\(count) other \(count == 1 ? "file" : "files") (\(found.passedOver))"]
    }
    return content
  }

  /// The only array of a file, whose labels may be in a file of their own: `--label-key` names it; MNIST's is found.
  private func single(
    _ file: ArrayFile, _ item: ArrayFile.Item, _ format: FileFormat, _ source: inout DataSource
  ) throws -> UserData.Content {
    if let key = options.inputKey, key != item.name {
      throw DatasetError.unusable(
        name: path, reason: "has no array '\(key)'; its only one is '\(item.name)'")
    }
    let sibling = URL(fileURLWithPath: path).lastPathComponent.replacingOccurrences(
      of: "images", with: "labels"
    )
    .replacingOccurrences(of: "idx3", with: "idx1")
    let siblingPath = URL(fileURLWithPath: path).deletingLastPathComponent().appending(path: sibling).path
    let isSibling =
      format.name == "IDX" && siblingPath != path && FileManager.default.fileExists(atPath: siblingPath)
    var labels: HostArray?
    if let labelPath = options.labelKey ?? (isSibling ? siblingPath : nil) {
      guard FileManager.default.fileExists(atPath: labelPath) else {
        throw DatasetError.unusable(
          name: path, reason: "has one array only, and no file '\(labelPath)' has its labels")
      }
      labels = try self.labels(at: labelPath, &source)
    }
    let choice = ArrayChoice(path: path, options: options, file: file)
    return try choice.content(item, labels.map { .numbers($0) }, labelKey: options.labelKey ?? sibling)
  }

  private func labels(at path: String, _ source: inout DataSource) throws -> HostArray {
    let file = try FileBytes(mapping: path)
    source.enter(file, name: URL(fileURLWithPath: path).lastPathComponent)
    guard case .arrays(let arrays) = try FileFormats.format(of: file).contents(of: file),
      arrays.items.count == 1, case .numbers = arrays.items[0].kind
    else { throw DatasetError.unusable(name: path, reason: "is not one array of labels") }
    return try arrays.array(arrays.items[0].name)
  }

  private func table(_ text: TextTable) throws -> UserData.Content {
    var table = FeatureTable(text, file: path)
    let missing = try table.fillMissing(options.missing)
    var content = UserData.Content(
      values: HostArray(table.values, shape: [table.rows, table.features]), key: "\(table.features) columns")
    content.labels = text.labels.map { .words($0, names: text.classNames) }
    content.labelKey = text.labelName ?? ""
    content.isGuessedLabel = options.labelKey == nil
    content.isTable = true
    content.featureNames = table.columns
    content.leftOut = text.leftOut.map { "\($0.name) (\($0.reason))" }
    content.remarks = text.notes
    content.notes =
      missing > 0 ? ["\(missing) missing values are filled in by \(options.missing.rawValue)"] : []
    return content
  }

  private func refuseColumns() throws {
    guard options.columns == nil, options.ignored.isEmpty else {
      throw DatasetError.unusable(name: path, reason: "is no table: --columns and --ignore mean nothing here")
    }
  }
}
