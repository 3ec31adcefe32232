/// A format of files that hold samples. A file with an extension of this type and a line in `FileFormats` add one: messages,
/// `--help`, the README's list and the fuzz suite are made from the registry.
public struct FileFormat: Sendable {
  /// What it is called: `NPZ`.
  public let name: String
  /// What it is, in a few words.
  public let summary: String
  /// The endings of its files' names, in small letters, the usual one first.
  public let endings: [String]
  /// Whether files may be gzipped.
  public let mayBeGzipped: Bool
  /// Whether files are images, of which a folder can be full.
  public let isImage: Bool
  /// Whether a file is of this format, by its first bytes (inflated); nil where they do not tell.
  let recognises: (@Sendable (_ head: [UInt8], _ file: FileBytes) -> Bool)?
  /// Opens a file.
  let open: @Sendable (FileBytes, TextTable.Options) throws -> FileContents
  /// A whole file of these arrays in memory, where the format can be written.
  let encode: (@Sendable ([(name: String, array: HostArray)]) -> [UInt8])?

  init(
    name: String, summary: String, endings: [String], mayBeGzipped: Bool = false, isImage: Bool = false,
    recognises: (@Sendable (_ head: [UInt8], _ file: FileBytes) -> Bool)?,
    encode: (@Sendable ([(name: String, array: HostArray)]) -> [UInt8])? = nil,
    open: @escaping @Sendable (FileBytes, TextTable.Options) throws -> FileContents
  ) {
    self.name = name
    self.summary = summary
    self.endings = endings
    self.mayBeGzipped = mayBeGzipped
    self.isImage = isImage
    self.recognises = recognises
    self.open = open
    self.encode = encode
  }

  /// What a file of this format holds.
  ///
  /// - Throws: `FormatError` if it is damaged.
  public func contents(of file: FileBytes, table: TextTable.Options = .init()) throws -> FileContents {
    try open(file, table)
  }

  /// A whole file of these arrays in memory; nil where the format is not written.
  public func encoded(_ arrays: [(name: String, array: HostArray)]) -> [UInt8]? { encode?(arrays) }
}

/// What a file holds.
public enum FileContents: Sendable {
  /// Named arrays.
  case arrays(ArrayFile)
  /// Rows of text.
  case table(TextTable)

  /// Reads all that can be read.
  ///
  /// - Throws: `FormatError` where something is damaged.
  public func readToEnd() throws {
    guard case .arrays(let file) = self else { return }
    for item in file.items {
      switch item.kind {
      case .numbers: _ = try file.array(item.name)
      case .words: _ = try file.words(item.name)
      case .other: break
      }
    }
  }
}

/// Named arrays of a file, read when they are asked for.
public struct ArrayFile: Sendable {
  /// What an array holds.
  public enum Kind: Sendable, Equatable {
    /// Numbers of a type.
    case numbers(ElementType)
    /// Texts.
    case words
    /// What is not read, and why.
    case other(String)
  }

  /// An array without its values.
  public struct Item: Sendable, Equatable {
    /// Its name in the file; empty where the format has none.
    public let name: String
    /// Its sizes, the slowest axis first.
    public let shape: [Int]
    /// What it holds.
    public let kind: Kind

    /// A description of an array.
    public init(_ name: String, _ shape: [Int], _ kind: Kind) {
      self.name = name
      self.shape = shape
      self.kind = kind
    }
  }

  /// All that the file has, in its order.
  public let items: [Item]
  /// Whether the format's users have the samples in the last axis as often as in the first.
  public let maySampleLast: Bool
  private let read: @Sendable (String) throws -> HostArray
  private let readWords: @Sendable (String) throws -> [String]

  init(
    _ items: [Item], maySampleLast: Bool = false, array: @escaping @Sendable (String) throws -> HostArray,
    words: @escaping @Sendable (String) throws -> [String] = { _ in [] }
  ) {
    self.items = items
    self.maySampleLast = maySampleLast
    read = array
    readWords = words
  }

  /// The array of a name; nil where there is none.
  public subscript(name: String) -> Item? { items.first { $0.name == name } }

  /// An array of numbers.
  public func array(_ name: String) throws -> HostArray { try read(name) }

  /// An array of words, in row-major order.
  public func words(_ name: String) throws -> [String] { try readWords(name) }
}

/// The formats that are read.
public enum FileFormats {
  /// Where first bytes tell nothing, the ending decides.
  public static let all: [FileFormat] = [
    .npz, .npy, .safetensors, .matlab, .hdf5, .idx, .cifar, .text, .png, .jpeg,
  ]

  /// What can be written.
  public static var written: [FileFormat] { all.filter { $0.encode != nil } }

  /// The names, each with its usual ending.
  public static var list: String {
    all.map { "\($0.name) (.\($0.endings[0]))" }.joined(separator: ", ")
  }

  /// The format with this ending, in any letters.
  public static func named(ending: String) -> FileFormat? {
    all.first { $0.endings.contains(ending.lowercased()) }
  }

  /// The format of a file: by its first bytes, else by the ending of its name.
  ///
  /// - Throws: `FormatError` naming the formats that are known, and what the file seems to be.
  public static func format(of file: FileBytes) throws -> FileFormat {
    let isGzipped = file.hasPrefix([0x1f, 0x8b])
    let head = try ByteStream(file).readToEnd(atMost: 1024)
    let name =
      isGzipped && file.name.lowercased().hasSuffix(".gz") ? String(file.name.dropLast(3)) : file.name
    let base = name.split(separator: "/").last ?? ""
    let ending = base.contains(".") ? base.split(separator: ".").last.map(String.init) ?? "" : ""
    let named = named(ending: ending)
    if let named, named.recognises?(head, file) == true { return try sound(named, file, isGzipped) }
    if let found = all.first(where: { $0.recognises?(head, file) == true }) {
      return try sound(found, file, isGzipped)
    }
    let foreign = foreignFormats.first { $0.begins(head) }
    // A table may begin with any letters.
    guard let named, foreign == nil || !head.contains(0) else {
      let what = foreign.map { "is \($0.what): \($0.advice)" } ?? "is of no format that is read"
      throw FormatError(file.name, "\(what); read are \(list) and folders of images")
    }
    return try sound(named, file, isGzipped)
  }

  private static func sound(_ format: FileFormat, _ file: FileBytes, _ isGzipped: Bool) throws -> FileFormat {
    guard !isGzipped || format.mayBeGzipped else {
      throw FormatError(file.name, "is a gzipped \(format.name) file: unpack it first")
    }
    return format
  }

  /// What users bring that is not read, and how it becomes what is.
  private static let foreignFormats: [(begins: @Sendable ([UInt8]) -> Bool, what: String, advice: String)] = {
    func magic(_ bytes: [UInt8]) -> @Sendable ([UInt8]) -> Bool { { $0.starts(with: bytes) } }
    return [
      (
        { $0.starts(with: "PK".utf8) && String(decoding: $0, as: UTF8.self).contains("data.pkl") },
        "a file of torch.save", "save arrays by numpy.savez or safetensors"
      ),
      (
        {
          $0.starts(with: "PK".utf8)
            && ["xl/", "[Content_Types]"].contains(where: String(decoding: $0, as: UTF8.self).contains)
        },
        "a spreadsheet", "save it as CSV"
      ),
      (
        { $0.starts(with: "PK".utf8) && String(decoding: $0, as: UTF8.self).contains("/data/weights/") },
        "a model (a program of torch.export)", "give a file of samples"
      ),
      (magic(Array("PK".utf8)), "a ZIP archive without arrays of numpy's", "unpack it"),
      (magic(Array("PAR1".utf8)), "a Parquet file", "save it as CSV"),
      (
        { $0.count > 2 && $0[0] == 0x80 && (2...5).contains($0[1]) }, "a pickle, which can run code",
        "save arrays by numpy.savez"
      ),
      (
        { $0.starts(with: [0x49, 0x49, 42, 0]) || $0.starts(with: [0x4D, 0x4D, 0, 42]) }, "a TIFF image",
        "save it as PNG"
      ),
      (magic(Array("GIF8".utf8)), "a GIF image", "save it as PNG"),
      (magic(Array("BM".utf8)), "a BMP image", "save it as PNG"),
      (
        { $0.count > 12 && $0.starts(with: "RIFF".utf8) && $0[8..<12].elementsEqual("WEBP".utf8) },
        "a WebP image", "save it as PNG"
      ),
    ]
  }()
}
