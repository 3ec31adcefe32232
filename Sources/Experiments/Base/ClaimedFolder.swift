import Datasets
import Formats
import Foundation

/// A run's folder: what it is for stands in one of its files, and nothing else is written over.
enum ClaimedFolder {
  /// Makes a folder and writes the file that says what it is for; one that holds anything but leavings of a write that was
  /// cut short is another's.
  ///
  /// - Throws: ``StudyError/settings(_:)``; `SystemError` where the file cannot be written.
  static func claim(_ folder: String, file: String, text: String) throws {
    let files = FileManager.default
    let found = (try? files.contentsOfDirectory(atPath: folder)) ?? []
    if let first = found.first(where: { $0 != ".DS_Store" && !$0.hasSuffix(AtomicFile.temporarySuffix) }) {
      throw StudyError.settings(
        "\(folder) is not empty and was not made by this program ('\(first)' is in it); choose another --out")
    }
    do { try files.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
      throw StudyError.settings("\(folder) cannot be created: \(error.localizedDescription)")
    }
    try AtomicFile.write(Array(text.utf8), to: "\(folder)/\(file)")
  }

  /// The refusal of a folder that was made for something else: the first setting that differs; nil where none does.
  static func refusal(_ folder: String, holds old: String, asked new: String) -> StudyError? {
    guard old != new else { return nil }
    func lines(_ text: String) -> [String] {
      text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    let pair = zip(lines(old), lines(new)).first { $0 != $1 }
    return .settings(
      "\(folder) holds another run: it has '\(pair?.0 ?? "more")', this one '\(pair?.1 ?? "more")'; choose another --out"
    )
  }
}

extension Dataset {
  /// Why nothing can be learned of the training samples, where nothing can.
  var nothingToLearn: String? {
    train.isConstant ? "the training samples of \(name) are all the same: there is nothing to learn" : nil
  }
}
