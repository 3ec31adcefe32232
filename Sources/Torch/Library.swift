import CTorch
import Foundation

/// The opened native library. LibTorch is loaded on first use.
enum Library {
  static let loaded: Result<Table, TorchError> = Result { try open() }.mapError {
    $0 as? TorchError ?? .library("\($0)")
  }

  /// The function table; traps with one clear line where the native library cannot be opened.
  static var api: ct_api {
    switch loaded {
    case .success(let table): return table.pointer.pointee
    case .failure(let error): fatalError(error.description)
    }
  }

  struct Table: @unchecked Sendable {  // Immutable after loading.
    let pointer: UnsafePointer<ct_api>
  }

  private static var fileName: String {
    #if os(macOS)
      "libctorch.dylib"
    #else
      "libctorch.so"
    #endif
  }

  /// Where the set-up puts the library (`.deps/lib` of this package), and beside the executable for binaries that travel.
  private static var candidates: [String] { places(of: fileName, within: ".deps/lib") }

  /// Beside the executable, and in a folder of this package.
  fileprivate static func places(of name: String, within folder: String) -> [String] {
    let package = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let executable = URL(fileURLWithPath: CommandLine.arguments.first ?? "").resolvingSymlinksInPath()
    return [
      executable.deletingLastPathComponent().appendingPathComponent(name).path,
      package.appendingPathComponent("\(folder)/\(name)").path,
    ]
  }

  private static func open() throws -> Table {
    guard let path = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
      throw TorchError.library("\(fileName) was not found at \(candidates[1]); run ./uae once to set it up")
    }
    var message: UnsafeMutablePointer<CChar>?
    guard let pointer = ct_load(path, &message) else {
      let text = message.map { String(cString: $0) } ?? "unknown error"
      free(message)
      throw TorchError.library("\(path) cannot be used: \(text); run ./uae to build it anew")
    }
    return Table(pointer: pointer)
  }
}

/// Runs a native call that reports failure by a status and a message.
@inline(__always)
func checked(_ body: (ct_api, inout UnsafeMutablePointer<CChar>?) -> Int32) throws {
  let api = Library.api
  var message: UnsafeMutablePointer<CChar>?
  guard body(api, &message) != 0 else { return }
  defer { api.free(message) }
  throw TorchError.native(message.map { String(cString: $0) } ?? "unknown error")
}

/// Ends the program on a mistake of the programmer's (shapes that do not fit), with LibTorch's own explanation.
func orTrap<Result>(_ body: () throws -> Result) -> Result {
  do { return try body() } catch { fatalError("\(error)") }
}

/// Kernels of the native library that are no part of LibTorch's table.
public enum NativeLibrary {
  /// The address of an exported function, or nil.
  public static func symbol(_ name: String) -> UnsafeMutableRawPointer? {
    guard case .success = Library.loaded else { return nil }
    return ct_symbol(name)
  }

  /// The path of a file that a script of this package has put into `.deps`, or somebody beside the executable; nil where there
  /// is none.
  public static func companion(_ name: String) -> String? {
    Library.places(of: name, within: ".deps").first { FileManager.default.fileExists(atPath: $0) }
  }
}
