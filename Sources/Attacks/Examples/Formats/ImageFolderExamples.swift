import Formats
import Foundation

extension ExampleFormat {
  /// PNG files with `metadata.jsonl` beside them, one line a file, as `datasets.load_dataset("imagefolder")` reads them. Where
  /// there are labels the files lie in folders named after them, which is what `torchvision.datasets.ImageFolder` reads.
  public static let imagefolder = ExampleFormat(
    name: "imagefolder", summary: "a folder of PNG files, and metadata.jsonl with a line for each",
    ending: nil,
    encoding: { encoding in
      guard let picture = encoding.asPicture else {
        throw ExamplesError(
          "samples of shape \(encoding.sampleShape) are no images of 1 or 3 channels, of which --format imagefolder "
            + "writes pictures; npz, safetensors and webdataset hold any")
      }
      return picture
    },
    successes: { folder in
      guard let text = try? String(contentsOfFile: folder + "/\(metadata)", encoding: .utf8) else {
        return nil
      }
      let lines = text.split(separator: "\n").map { line in
        try? JSON.decoder.decode(Line.self, from: Data(line.utf8))
      }
      return lines.isEmpty || lines.contains { $0 == nil } ? nil : lines.compactMap { $0?.success }
    }
  ) { examples, folder in
    let names = examples.pathsOfPictures()
    let pictures = try examples.pictures()
    let lines = zip(names, examples.rowColumns()).map { name, columns in
      JSON.line(JSON.Value.object(columns.merging(["file_name": .value(name)]) { $1 }))
    }
    try AtomicFolder.write(to: folder) { place in
      for (name, picture) in zip(names, pictures) {
        let path = "\(place)/\(name)"
        try FileManager.default.createDirectory(
          atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path,
          withIntermediateDirectories: true)
        try AtomicFile.write(picture, to: path)
      }
      try AtomicFile.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: "\(place)/\(metadata)")
    }
    let bytes = try names.flatMap { try DecodedImage(FileBytes(mapping: "\(folder)/\($0)")).bytes }
    guard bytes.count == examples.samples.bytes.count else { return HostArray([UInt8]()) }
    return HostArray(bytes: bytes, shape: examples.samples.shape, elementType: .uint8)
  }

  private static let metadata = "metadata.jsonl"

  /// What tells that a folder is one of examples.
  private struct Line: Decodable {
    let file_name: String
    let success: Bool
    let criterion: Double?
  }
}

extension ExampleFile {
  /// Where each picture lies in the folder: in one named after its class, where that is a name that every system takes, else
  /// after its number.
  fileprivate func pathsOfPictures() -> [String] {
    let names = words.first { $0.name == "class_names" }?.words
    let labels = arrays.first { $0.name == "y" }?.array.integers()
    let plain = names.flatMap {
      $0.allSatisfy(Self.isPlain) && Set($0.map { $0.lowercased() }).count == $0.count ? $0 : nil
    }
    return records.index.indices.map { row in
      guard let label = labels?[row] else { return rowName(row) + ".png" }
      let folder = plain.flatMap { $0.indices.contains(label) ? $0[label] : nil } ?? "\(label)"
      return "\(folder)/\(rowName(row)).png"
    }
  }

  private static func isPlain(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 64 && name.first != "."
      && name.unicodeScalars.allSatisfy {
        $0.properties.isAlphabetic || ("0"..."9").contains($0) || "-_ .".unicodeScalars.contains($0)
      }
  }
}
