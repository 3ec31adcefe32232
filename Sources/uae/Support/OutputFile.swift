import Foundation

/// What a command is about to write: refused, before any work, where that would destroy something.
struct OutputFile {
  let path: String
  /// Endings of the files that the command can write; none where any will do.
  var endings: [String] = []
  /// Whether a path without an ending is a folder.
  var canBeFolder = false
  /// Files that the command reads, each with the option that names it.
  var inputs: [(option: String, path: String?)] = []

  /// Whether an existing file may be replaced without being asked for.
  var isWorthless: (String) -> Bool = { _ in false }

  /// - Throws: ``OutputError`` where the path is an input, exists, or has an unknown ending.
  func claim(overwrite: Bool) throws {
    guard !path.isEmpty else { throw OutputError("--out is empty; give the name of a file") }
    for case let (option, input?) in inputs where Self.areSame(path, input) {
      throw OutputError("--out \(path) is the file of \(option), which would be lost; choose another name")
    }
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    let ending = URL(fileURLWithPath: path).pathExtension.lowercased()
    if endings.isEmpty || endings.contains(ending) {
      if exists, isFolder.boolValue { throw OutputError("--out \(path) is a folder") }
    } else if exists, isFolder.boolValue {
      guard canBeFolder else { throw OutputError("--out \(path) is a folder") }
      return
    } else if !canBeFolder || (ending.first?.isLetter == true && !path.hasSuffix("/")) {
      let known = endings.map { "." + $0 }.joined(separator: " or ")
      throw OutputError(
        "--out \(path): a file's name ends in \(known)\(canBeFolder ? "; a folder's in / or without a dot" : "")"
      )
    }
    guard exists, !overwrite, !isWorthless(path) else { return }
    throw OutputError("--out \(path) exists; give --overwrite to replace it, or another name")
  }

  /// The same for a folder that will be replaced as a whole.
  ///
  /// - Parameter isOurs: whether an existing folder is one that the command wrote.
  /// - Throws: ``OutputError`` where the path is an input or exists and is not to be replaced.
  func claimFolder(overwrite: Bool, isOurs: (String) -> Bool) throws {
    guard !path.isEmpty else { throw OutputError("--out is empty; give the name of a folder") }
    for case let (option, input?) in inputs where Self.areSame(path, input) {
      throw OutputError("--out \(path) is the file of \(option), which would be lost; choose another name")
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isWorthless(path) else {
      return
    }
    guard isFolder.boolValue, isOurs(path) else {
      throw OutputError("--out \(path) exists and is no folder of examples; choose another name")
    }
    guard overwrite else {
      throw OutputError("--out \(path) exists; give --overwrite to replace it, or another name")
    }
  }

  /// Whether two paths lead to one file: the same place, or links to it.
  private static func areSame(_ a: String, _ b: String) -> Bool {
    var left = stat()
    var right = stat()
    if stat(a, &left) == 0, stat(b, &right) == 0 {
      return left.st_dev == right.st_dev && left.st_ino == right.st_ino
    }
    func place(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
    return place(a) == place(b)
  }
}

/// Why nothing is written, in one line.
struct OutputError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
