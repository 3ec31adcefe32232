import Formats
import Foundation

/// A selection on disk: what `uae select` writes, and what others have.
public enum SelectionFile {
  private struct Content: Codable {
    var method: String
    var total: Int
    var features: [FeatureSelection.Feature]
  }

  /// `features.json`: the method, the number of all features, and of each chosen one index, name, rank and gain.
  public static func write(_ selection: FeatureSelection, to path: String) throws {
    let content = Content(method: selection.method, total: selection.total, features: selection.features)
    try AtomicFile.write(Data((try JSON.text(content) + "\n").utf8), to: path)
  }

  /// `mask.npy`: `get_support()` in a shape, which `uae attack --mask` takes.
  ///
  /// - Precondition: the shape holds as many values as there are features.
  public static func writeMask(_ selection: FeatureSelection, shape: [Int], to path: String) throws {
    try NPY.write(
      HostArray(bytes: selection.support.map { $0 ? 1 : 0 }, shape: shape, elementType: .bool), to: path)
  }

  /// Reads a selection: JSON as ``write(_:to:)`` has it, or a list of places from 0, of names, or of true and false for all
  /// features; or an array of such places or of true and false in a file of numpy's.
  ///
  /// - Parameters:
  ///   - total: the number of features of the data that it is for.
  ///   - names: of these, where they have any.
  /// - Throws: `FormatError`; ``SelectionError`` where it is not of these data.
  public static func read(_ path: String, total: Int, names: [String] = []) throws -> FeatureSelection {
    func refusal(_ reason: String) -> SelectionError { SelectionError("\(path): \(reason)") }
    if path.lowercased().hasSuffix(".npy") {
      let array = try NPY.read(path)
      guard let values = array.integers(), array.elementType == .bool || array.shape.count == 1 else {
        throw refusal("holds neither places nor true and false")
      }
      let indices = array.elementType == .bool ? try places(values.map { $0 != 0 }, total, refusal) : values
      return try naming(path) {
        try FeatureSelection(method: path, indices: indices, total: total, names: names)
      }
    }
    let file = try FileBytes(mapping: path)
    let data = Data(file.bytes(in: 0..<file.count))
    if let content = try? JSON.decoder.decode(Content.self, from: data) {
      guard content.total == total else {
        throw refusal("it chooses among \(content.total) features, the data have \(total)")
      }
      let ranked = content.features.sorted { $0.rank < $1.rank }
      if let other = ranked.first(where: {
        names.count == total && names.indices.contains($0.index) && names[$0.index] != $0.name
      }) {
        throw refusal("feature \(other.index) is '\(other.name)' there, '\(names[other.index])' in the data")
      }
      let gains = ranked.compactMap(\.gain)
      return try naming(path) {
        try FeatureSelection(
          method: content.method, indices: ranked.map(\.index),
          gains: gains.count == ranked.count ? gains : nil, total: total, names: names)
      }
    }
    let indices: [Int]
    if let list = try? JSON.decoder.decode([Bool].self, from: data) {
      indices = try places(list, total, refusal)
    } else if let list = try? JSON.decoder.decode([Int].self, from: data) {
      indices = list
    } else if let list = try? JSON.decoder.decode([String].self, from: data) {
      indices = try list.map { name in
        guard let index = names.firstIndex(of: name) else {
          let near = nearestName(to: name, among: names).map { "; did you mean '\($0)'?" } ?? ""
          throw refusal("the data have no feature '\(name)'\(near)")
        }
        return index
      }
    } else {
      throw refusal(
        "is no selection: a features.json of `uae select`, or a list of places, names or true and false")
    }
    return try naming(path) {
      try FeatureSelection(method: path, indices: indices, total: total, names: names)
    }
  }

  private static func places(
    _ support: [Bool], _ total: Int, _ refusal: (String) -> SelectionError
  ) throws -> [Int] {
    guard support.count == total else {
      throw refusal("is for \(support.count) features, the data have \(total)")
    }
    return support.indices.filter { support[$0] }
  }

  private static func naming(_ path: String, _ body: () throws -> FeatureSelection) throws -> FeatureSelection
  {
    do { return try body() } catch let error as SelectionError { throw SelectionError("\(path): \(error)") }
  }
}
