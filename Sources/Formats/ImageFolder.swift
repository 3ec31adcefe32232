import Foundation

/// The images of a folder: PNG and JPEG files, found in it and in the folders below.
///
/// Where images lie in folders of their own (`cat/1.png`, `dog/7.jpg`), the first folder's name is the class. Files come
/// in the order of their paths, so that the same folder gives the same samples everywhere.
public struct ImageFolder: Sendable {
  /// Paths below the folder, sorted.
  public let files: [String]
  /// Names of the folders that are classes, sorted; empty where images lie in the folder itself.
  public let classNames: [String]
  /// Index in `classNames` of each file's class, or nil where there are none.
  public let labels: [Int]?
  public let path: String

  /// Folders deeper than this are not expected.
  private static let maximumDepth = 16

  /// Lists a folder; opens no image.
  ///
  /// - Throws: `SystemError` if a folder cannot be read; `FormatError` if there is no image, if links lead in a circle, or if
  ///   only some images have a class.
  public init(_ path: String) throws {
    self.path = path
    var found: [String] = []
    try ImageFolder.search(path, below: "", ancestors: [], into: &found)
    guard !found.isEmpty else { throw FormatError(path, "has no PNG or JPEG file") }
    files = found.sorted()
    let classes = files.map { $0.contains("/") ? String($0.prefix { $0 != "/" }) : nil }
    if let loose = classes.firstIndex(of: nil), classes.contains(where: { $0 != nil }) {
      throw FormatError(
        path, at: .entry(files[loose]), "lies beside folders of images: its class is not known")
    }
    let names = Set(classes.compactMap(\.self)).sorted()
    classNames = names
    let indices = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    labels = names.isEmpty ? nil : classes.compactMap { $0.flatMap { indices[$0] } }
  }

  private struct Identity: Hashable {
    let device: UInt64
    let node: UInt64
  }

  private static func search(
    _ root: String, below: String, ancestors: Set<Identity>, into found: inout [String]
  ) throws {
    let folder = below.isEmpty ? root : "\(root)/\(below)"
    var status = stat()
    guard stat(folder, &status) == 0 else { throw SystemError("open", folder) }
    let identity = Identity(device: UInt64(status.st_dev), node: UInt64(status.st_ino))
    guard !ancestors.contains(identity), ancestors.count < maximumDepth else {
      throw FormatError(
        root, at: .entry(below), "leads back to a folder above it, or too deep: a loop of links")
    }
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw SystemError("list", folder, code: EACCES)
    }
    for name in names where !name.hasPrefix(".") {
      let path = below.isEmpty ? name : "\(below)/\(name)"
      // Follows links: those to nowhere, and those that go round in circles, fail here.
      guard stat("\(root)/\(path)", &status) == 0 else { throw SystemError("open", "\(root)/\(path)") }
      if status.st_mode & S_IFMT == S_IFDIR {
        try search(root, below: path, ancestors: ancestors.union([identity]), into: &found)
      } else if isImage(name) {
        found.append(path)
      }
    }
  }

  /// Whether a file of this name is read as an image.
  public static func isImage(_ name: String) -> Bool {
    [".png", ".jpg", ".jpeg"].contains { name.lowercased().hasSuffix($0) }
  }
}

extension RasterImage {
  /// Decodes a PNG or JPEG file, told apart by its first bytes.
  public init(_ file: FileBytes) throws(FormatError) {
    if file.hasPrefix([0x89, 0x50, 0x4E, 0x47]) {
      try self.init(png: file)
    } else if file.hasPrefix([0xFF, 0xD8]) {
      try self.init(jpeg: file)
    } else {
      throw FormatError(file.name, at: .byte(0), "is neither a PNG nor a JPEG file")
    }
  }
}
