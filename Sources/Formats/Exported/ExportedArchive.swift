import Foundation

/// A `.pt2` file: programs that `torch.export.save` wrote, and the tensors that they work with.
///
/// A ZIP archive whose members lie in one folder. Weights stay in the file until they are used; a pickle is never opened.
/// Source: https://docs.pytorch.org/docs/stable/export/pt2_archive.html.
package struct ExportedArchive: Sendable {
  /// Programs by the name of the method that each is; that of `torch.export.save` is `forward`.
  package let programs: [String: ExportedProgram]
  /// For each program its tensors, by the names that the program has for them.
  package let tensors: [String: [String: ExportedTensor]]
  package let path: String

  /// The largest description of a program, in bytes; those of large models have a few million.
  static let maximumTextSize = 256 << 20
  /// What a program of `torch.export.save` is called in the archive.
  private static let onlyName = "model"

  /// Whether a file is a ZIP archive that says it holds exported programs, of any version.
  package static func isOne(_ file: FileBytes) -> Bool {
    guard file.hasPrefix(Array("PK".utf8)), let archive = try? ZipArchive(file) else { return false }
    return archive.entries.contains { entry in
      let name = entry.name.split(separator: "/").last
      return name == "archive_format" || name == "serialized_exported_program.json"
    }
  }

  /// Reads and checks all but the values of tensors.
  ///
  /// - Parameter file: mapped for writing where its tensors are to be used in place.
  /// - Throws: `FormatError` with the member at which the file breaks a rule, or what of it cannot be run.
  package init(_ file: FileBytes) throws {
    path = file.name
    let members = try Members(file)
    var programs: [String: ExportedProgram] = [:]
    var tensors: [String: [String: ExportedTensor]] = [:]
    for (name, entry) in members.programs {
      let method = name == Self.onlyName ? "forward" : name
      let refuse: (String) -> FormatError = { FormatError(file.name, at: .entry(entry), $0) }
      let contents: ExportedProgramFile.Contents = try members.decode(entry)
      let program = try ExportedProgram(contents, refuse: refuse)
      let known = try members.tensors(of: name)
      for wanted in program.inputs.compactMap(\.tensorName) where known[wanted] == nil {
        throw refuse("needs the tensor \(FormatError.quoted(wanted)), which the file does not have")
      }
      guard programs.updateValue(program, forKey: method) == nil else {
        throw refuse("is a second program of the name \(method)")
      }
      tensors[method] = known
    }
    self.programs = programs
    self.tensors = tensors
  }

  /// Reads every byte of every tensor once.
  package func readToEnd() {
    for tensor in tensors.values.flatMap(\.values) {
      _ = tensor.storage.file.withBytes(in: tensor.storage.range) { $0.reduce(0 as UInt8, ^) }
    }
  }
}

extension ExportedProgram.Input {
  /// The name of the tensor that it is, where it is the program's own.
  package var tensorName: String? {
    switch self {
    case .parameter(let name), .buffer(let name), .constant(let name): name
    case .user, .fixed: nil
    }
  }
}

/// The members of an archive, by their names within its folder.
private struct Members {
  private let file: FileBytes
  private let archive: ZipArchive
  private let entries: [String: ZipArchive.Entry]
  /// The programs' names and members, in the order of the archive.
  let programs: [(name: String, entry: String)]

  init(_ file: FileBytes) throws {
    self.file = file
    let archive = try ZipArchive(file)
    self.archive = archive
    let root = archive.entries.first?.name.prefix { $0 != "/" } ?? ""
    let prefix = "\(root)/"
    entries = Dictionary(
      uniqueKeysWithValues: archive.entries.filter { $0.name.hasPrefix(prefix) }.map {
        (String($0.name.dropFirst(prefix.count)), $0)
      })
    let again = "save it again by torch.export.save of PyTorch 2.9 or later"
    // Until PyTorch 2.7, and pickled weights until 2.8.
    guard !archive.entries.contains(where: { $0.name.hasSuffix("serialized_exported_program.json") }) else {
      throw FormatError(file.name, "is a program of torch.export from before PyTorch 2.8: \(again)")
    }
    for (name, expected) in [("archive_format", "pt2"), ("byteorder", "little")] {
      let text = try entries[name].map { try Self.text($0, archive, limit: 64) }
      guard let text else {
        throw FormatError(file.name, "has no \(name): it is no file of torch.export.save, or a damaged one")
      }
      guard String(decoding: text, as: UTF8.self) == expected else {
        throw FormatError(
          file.name, at: .entry(name),
          "is \(FormatError.quoted(String(decoding: text, as: UTF8.self))), not \(expected)")
      }
    }
    programs = archive.entries.compactMap { entry in
      guard entry.name.hasPrefix(prefix + "models/"), entry.name.hasSuffix(".json") else { return nil }
      let name = entry.name.dropFirst(prefix.count + 7).dropLast(5)
      return name.isEmpty || name.contains("/")
        ? nil : (String(name), String(entry.name.dropFirst(prefix.count)))
    }
    guard !programs.isEmpty else {
      let isCompiled = entries.keys.contains { $0.hasPrefix("data/aotinductor") }
      throw FormatError(
        file.name,
        isCompiled
          ? "holds compiled code (AOTInductor), which has no gradients: \(again)" : "holds no program")
    }
    for (name, _) in programs where entries["data/weights/\(name)_weights_config.json"] == nil {
      throw FormatError(
        file.name,
        entries["data/weights/\(name).pt"] == nil
          ? "has no list of the weights of \(FormatError.quoted(name))" : "has pickled weights: \(again)")
    }
  }

  private static func text(_ entry: ZipArchive.Entry, _ archive: ZipArchive, limit: Int) throws -> [UInt8] {
    let count = entry.content.count
    guard count <= limit else {
      throw FormatError(archive.name, at: .entry(entry.name), "has \(count) bytes, too many to be sound")
    }
    return try archive.stream(of: entry).read(count, "a member")
  }

  func decode<Contents: Decodable>(_ name: String) throws -> Contents {
    guard let entry = entries[name] else {
      throw FormatError(file.name, "has no \(FormatError.quoted(name))")
    }
    let text = try Self.text(entry, archive, limit: ExportedArchive.maximumTextSize)
    do {
      return try JSONDecoder().decode(Contents.self, from: Data(text))
    } catch {
      throw FormatError(
        file.name, at: .entry(name), "is not what torch.export writes there\(Self.place(error))")
    }
  }

  /// Where in a document something else was found than was expected.
  private static func place(_ error: any Error) -> String {
    let path: [any CodingKey] =
      switch error {
      case DecodingError.keyNotFound(let key, let context): context.codingPath + [key]
      case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
        DecodingError.dataCorrupted(let context):
        context.codingPath
      default: []
      }
    guard !path.isEmpty else { return "" }
    let text = path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: "/")
    return " (at \(FormatError.quoted(text)))"
  }

  private struct Config: Decodable { let config: [String: Payload] }
  private struct Payload: Decodable {
    let path_name: String
    let use_pickle: Bool
    let tensor_meta: Meta?
  }
  private struct Meta: Decodable {
    let dtype: ExportedDataType
    let sizes: [ExportedDimension]
    let strides: [ExportedDimension]
    let storage_offset: ExportedDimension
    let layout: Int
    let requires_grad: Bool
  }

  /// The weights and constants of a program.
  func tensors(of program: String) throws -> [String: ExportedTensor] {
    var all: [String: ExportedTensor] = [:]
    var storages: [String: ExportedTensor.Storage] = [:]
    for folder in ["weights", "constants"] {
      let list = "data/\(folder)/\(program)_\(folder)_config.json"
      guard entries[list] != nil else { continue }
      let config: Config = try decode(list)
      for (name, payload) in config.config {
        func refuse(_ problem: String) -> FormatError {
          FormatError(file.name, at: .entry(name), problem)
        }
        guard !payload.use_pickle, let meta = payload.tensor_meta else {
          throw refuse("is pickled, which can run code: only plain tensors are read")
        }
        guard meta.layout == 7 else { throw refuse("is a sparse tensor, which is not read") }
        let member = "data/\(folder)/\(payload.path_name)"
        guard let entry = entries[member] else {
          throw refuse("is in \(FormatError.quoted(member)), which is missing")
        }
        let storage = try storages[member] ?? storage(entry)
        storages[member] = storage
        func lengths(_ dimensions: [ExportedDimension]) throws(FormatError) -> [Int] {
          try dimensions.map { (length) throws(FormatError) in
            guard case .fixed(let number) = length else { throw refuse("has a length that is no number") }
            return number
          }
        }
        all[name] = try ExportedTensor(
          dtype: meta.dtype, sizes: lengths(meta.sizes), strides: lengths(meta.strides),
          offset: lengths([meta.storage_offset])[0], storage: storage, requiresGrad: meta.requires_grad,
          refuse: refuse)
      }
    }
    return all
  }

  /// The bytes of a member: where they lie, or inflated.
  private func storage(_ entry: ZipArchive.Entry) throws -> ExportedTensor.Storage {
    guard entry.isDeflated else { return .init(file: file, range: entry.range) }
    let bytes = try archive.stream(of: entry).read(entry.content.count, "a tensor")
    return .init(file: FileBytes(bytes, name: file.name), range: 0..<bytes.count)
  }
}
