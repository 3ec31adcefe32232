import Foundation

/// The images of a folder: PNG and JPEG files, found in it and in the folders below.
///
/// Where images lie in folders of their own (`cat/1.png`, `dog/7.jpg`), the first folder's name is the class. Files come
/// class by class, in each folder by folder, as torchvision's `ImageFolder` has them.
public struct ImageFolder: Sendable {
  /// Paths below the folder, sorted.
  public let files: [String]
  /// Names of the folders that are classes, sorted; empty where images lie in the folder itself.
  public let classNames: [String]
  /// Index in `classNames` of each file's class, or nil where there are none.
  public let labels: [Int]?
  /// The folder.
  public let path: String
  /// How many files of other endings there are, the most frequent first.
  public let others: [(ending: String, count: Int)]

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
    let passedOver = Dictionary(grouping: found.filter { !ImageFolder.isImage($0) }, by: ImageFolder.ending)
    others = passedOver.map { ($0.key, $0.value.count) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    found = found.filter(ImageFolder.isImage)
    guard !found.isEmpty else {
      let rest = ImageFolder.text(of: others)
      throw FormatError(path, "has no PNG or JPEG file" + (rest.isEmpty ? "" : "; it has \(rest)"))
    }
    files = found.map { (path: $0, key: ImageFolder.key($0)) }.sorted {
      $0.key.lexicographicallyPrecedes($1.key)
    }
    .map(\.path)
    let classes = files.map { $0.contains("/") ? String($0.prefix { $0 != "/" }) : nil }
    if let loose = classes.firstIndex(of: nil), classes.contains(where: { $0 != nil }) {
      throw FormatError(
        path, at: .entry(files[loose]), "lies beside folders of images: its class is not known")
    }
    let names = Set(classes.compactMap(\.self)).sorted {
      $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars)
    }
    classNames = names
    let indices = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    labels = names.isEmpty ? nil : classes.compactMap { $0.flatMap { indices[$0] } }
  }

  /// What is passed over, in words: "3 .bmp, 2 .gif".
  public var passedOver: String { ImageFolder.text(of: others) }

  private static func text(of others: [(ending: String, count: Int)]) -> String {
    others.prefix(8).map { "\($0.count) \($0.ending)" }.joined(separator: ", ")
      + (others.count > 8 ? ", …" : "")
  }

  private static func ending(_ name: String) -> String {
    let base = name.split(separator: "/").last ?? ""
    return base.contains(".") ? "." + (base.split(separator: ".").last?.lowercased() ?? "") : "without ending"
  }

  /// Sorts by class, then by folder, then by name, each as Python does: by code points, where a folder comes before those
  /// in it.
  private static func key(_ path: String) -> [UInt32] {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let folder = parts.dropLast().joined(separator: "/")
    let first = parts.count > 1 ? String(parts[0]) : ""
    return [first, folder, String(parts[parts.count - 1])].flatMap {
      // Zero ends a part, so that a shorter one comes first.
      $0.unicodeScalars.map { $0.value + 1 } + [0]
    }
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
      } else {
        found.append(path)
      }
    }
  }

  /// Whether a file of this name is read as an image.
  public static func isImage(_ name: String) -> Bool {
    FileFormats.named(ending: String(ending(name).dropFirst()))?.isImage == true
  }
}
