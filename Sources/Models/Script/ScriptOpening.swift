import Foundation
import Formats
import Torch

extension ScriptModel {
  /// Opens a file of `torch.export.save` or `torch.jit.save` without trying it on anything.
  ///
  /// - Parameters:
  ///   - path: of the file, whose weights stay in it until they are used, where it is one of torch.export's and the
  ///     device the host.
  ///   - device: where it shall run.
  /// - Returns: the program, in evaluation mode; the parameters of TorchScript frozen.
  /// - Throws: ``ScriptError`` with what is wrong with the file, or cannot be run.
  public static func open(_ path: String, on device: Device) throws -> any ModelProgram {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
      FileManager.default.isReadableFile(atPath: path)
    else { throw ScriptError(path, "there is no such file to read") }
    guard !isFolder.boolValue else { throw ScriptError(path, "is a folder, not a file of a model") }
    if let file = try? FileBytes(mapping: path), ExportedArchive.isOne(file) {
      do { return try ExportedModel(path, device: device) } catch let error as FormatError {
        throw ScriptError(path, error.problem(within: path))
      } catch let error as TorchError { throw ScriptError(path, error.description) }
    }
    do {
      let script = try Script.load(path, device: device)
      try script.freeze()
      return script
    } catch {
      throw ScriptError(path, ScriptError.reason(ofLoading: "\(error)", path: path))
    }
  }
}
