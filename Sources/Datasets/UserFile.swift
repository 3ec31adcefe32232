import Formats
import Foundation

/// A file or folder of the user's, read by the format that its name or first bytes tell.
struct UserFile {
  let path: String
  let options: DatasetLoader.Options

  typealias Parts = (train: UserData.Content, test: UserData.Content?)

  private static let inputKeys = ["x", "X", "data", "images", "inputs", "features", "samples", "arr_0"]
  private static let labelKeys = ["y", "Y", "labels", "label", "targets", "target", "classes"]

  func read(_ source: inout DataSource) throws -> Parts {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw SystemError("open", path)
    }
    if isFolder.boolValue { return try folder(&source) }
    let file = try FileBytes(mapping: path)
    source.enter(file, name: URL(fileURLWithPath: path).lastPathComponent)
    var name = path.lowercased()
    if name.hasSuffix(".gz") { name.removeLast(3) }
    switch URL(fileURLWithPath: name).pathExtension {
    case "npz":
      let archive = try NPZFile(file)
      return try arrays(archive.names) { try archive.array($0) }
    case "safetensors":
      let tensors = try SafetensorsFile(file)
      return try arrays(tensors.names) { try tensors.array($0) }
    case "mat":
      return try matlab()
    case "npy":
      try refuseKeys()
      var reader = try NPYReader(file)
      return (UserData.Content(values: try samplesFirst(reader.array(), "array")), nil)
    case "csv", "tsv", "txt", "data":
      return (try table(file), nil)
    case "bin" where try isCIFAR(file):
      try refuseKeys()
      var reader = try CIFARReader(file, version: .cifar10)
      let batch = try reader.readAll()
      return (UserData.Content(values: batch.values, labels: batch.labels), nil)
    default:
      return (try idx(file, &source), nil)
    }
  }

  private func folder(_ source: inout DataSource) throws -> Parts {
    try refuseKeys()
    let parts = ["train", "test"].map { "\(path)/\($0)" }
    let hasParts = parts.allSatisfy { FileManager.default.fileExists(atPath: $0) }
    let train = try images(hasParts ? parts[0] : path, &source)
    guard hasParts else { return (train, nil) }
    let test = try images(parts[1], &source)
    guard test.classNames == train.classNames else {
      throw DatasetError.unusable(
        name: path, reason: "train and test do not have the same folders of classes")
    }
    return (train, test)
  }

  private func images(_ folder: String, _ source: inout DataSource) throws -> UserData.Content {
    var reader = try ImageFolderReader(folder, size: options.imageSize.map { ($0.height, $0.width) })
    for file in reader.folder.files { source.enter(try FileBytes(mapping: "\(folder)/\(file)"), name: file) }
    let batch = try reader.readAll()
    return UserData.Content(values: batch.values, labels: batch.labels, classNames: reader.folder.classNames)
  }

  /// Named arrays: `--input-key` and `--label-key`, else the usual names, else the only array there is.
  private func arrays(_ names: [String], _ read: (String) throws -> HostArray) throws -> Parts {
    if options.inputKey == nil, names.contains("x_train"), names.contains("x_test") {
      let labels = options.labelKey == nil && names.contains("y_train") && names.contains("y_test")
      return (
        try content(read("x_train"), labels ? read("y_train") : nil, "x_train"),
        try content(read("x_test"), labels ? read("y_test") : nil, "x_test")
      )
    }
    let known =
      names.prefix(8).map(FormatError.quoted).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
    let guessed = UserFile.inputKeys.first { names.contains($0) } ?? (names.count == 1 ? names[0] : nil)
    guard let key = options.inputKey ?? guessed else {
      throw DatasetError.unusable(
        name: path, reason: "which array has the samples? give --input-key, one of \(known)")
    }
    let labelKey = options.labelKey ?? UserFile.labelKeys.first { names.contains($0) && $0 != key }
    return (try content(read(key), labelKey.map(read), key), nil)
  }

  private func matlab() throws -> Parts {
    let file = try MATLABFile(path)
    var parts = try arrays(file.variables.map(\.name)) { try file.array($0) }
    // Images of MATLAB's have the samples last: [rows, columns, channels, samples].
    let shape = parts.train.values.shape
    if shape.count == 4, let labels = parts.train.labels, labels.count == shape[3], labels.count != shape[0] {
      parts.train.values = parts.train.values.transposed([3, 0, 1, 2])
    }
    return parts
  }

  private func content(_ values: HostArray, _ labels: HostArray?, _ key: String) throws -> UserData.Content {
    guard let labels else { return UserData.Content(values: try samplesFirst(values, key)) }
    guard let classes = labels.integers() else {
      throw DatasetError.unusable(name: path, reason: "labels are not whole numbers")
    }
    return UserData.Content(values: try samplesFirst(values, key), labels: classes)
  }

  private func samplesFirst(_ array: HostArray, _ key: String) throws -> HostArray {
    switch array.shape.count {
    case 1: return HostArray(bytes: array.bytes, shape: array.shape + [1], elementType: array.elementType)
    case 2...4: return array
    default:
      throw DatasetError.unusable(
        name: path,
        reason: "'\(key)' has shape \(array.shape); samples of 1 to 3 axes are read, their index first")
    }
  }

  private func table(_ file: FileBytes) throws -> UserData.Content {
    if let key = options.inputKey {
      throw DatasetError.unusable(
        name: path, reason: "a table has no arrays by name: --input-key '\(key)' means nothing")
    }
    var table = try FeatureTable(TableReader(file, label: options.labelKey), file: path)
    let missing = try table.fillMissing(options.missing)
    return UserData.Content(
      values: HostArray(table.values, shape: [table.rows, table.features]), labels: table.labels,
      classNames: table.classNames, isTable: true,
      notes: missing > 0 ? ["\(missing) missing values are filled in by \(options.missing.rawValue)"] : [])
  }

  /// IDX has its labels in a file of their own, which `--label-key` names; MNIST's is found by its name.
  private func idx(_ file: FileBytes, _ source: inout DataSource) throws -> UserData.Content {
    if let key = options.inputKey {
      throw DatasetError.unusable(
        name: path, reason: "has no arrays by name: --input-key '\(key)' means nothing")
    }
    var reader = try IDXReader(file)
    let values = try samplesFirst(reader.readAll().values, "array")
    let sibling = path.replacingOccurrences(of: "images-idx3", with: "labels-idx1")
    let labelPath =
      options.labelKey ?? (sibling != path && FileManager.default.fileExists(atPath: sibling) ? sibling : nil)
    guard let labelPath else { return UserData.Content(values: values) }
    let labelFile = try FileBytes(mapping: labelPath)
    source.enter(labelFile, name: URL(fileURLWithPath: labelPath).lastPathComponent)
    var labels = try IDXReader(labelFile)
    return UserData.Content(values: values, labels: try labels.readAll().values.integers())
  }

  private func isCIFAR(_ file: FileBytes) throws -> Bool {
    file.hasPrefix([0x1f, 0x8b]) || (file.count > 0 && file.count % 3073 == 0)
  }

  private func refuseKeys() throws {
    if let key = options.inputKey ?? options.labelKey {
      throw DatasetError.unusable(name: path, reason: "has no arrays by name: '\(key)' means nothing here")
    }
  }
}
