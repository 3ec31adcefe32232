import Formats
import Foundation

extension ExampleFormat {
  /// A tar file of samples in WebDataset's form: for each a picture (`.png`, images of bytes) or an array (`.npy`), the columns
  /// (`.json`) and, where there is a label, its number (`.cls`).
  public static let webdataset = ExampleFormat(
    name: "webdataset", summary: "a tar file of pictures or arrays, each with its columns as JSON",
    ending: "tar",
    encoding: { encoding in
      // Bytes of a whole range lose nothing as a picture; all else stays an array.
      guard encoding.elementType == .uint8, encoding.scale == .range(0...255) else { return encoding }
      return encoding.asPicture ?? encoding
    },
    successes: { path in
      guard var reader = try? TarReader(FileBytes(mapping: path)) else { return nil }
      var flags: [Bool] = []
      while let entry = try? reader.next() {
        guard entry.name.hasSuffix(".json") else { continue }
        guard entry.size < 1 << 20, let bytes = try? reader.read(entry),
          let columns = try? JSON.decoder.decode(Columns.self, from: Data(bytes))
        else { return nil }
        flags.append(columns.success)
      }
      return flags.isEmpty ? nil : flags
    }
  ) { examples, path in
    let samples = examples.samples
    let isPicture =
      samples.elementType == .uint8 && samples.shape.count == 4 && [1, 3].contains(samples.shape[3])
    let contents =
      isPicture
      ? try examples.pictures()
      : (0..<examples.records.count).map { row in
        let sample = samples.rows([row])
        let shape = Array(samples.shape.dropFirst())
        let array = HostArray(bytes: sample.bytes, shape: shape, elementType: sample.elementType)
        return NPY.encode(array.elementType == .bfloat16 ? array.converted(to: .float32) : array)
      }
    let labels = examples.arrays.first { $0.name == "y" }?.array.integers()
    var entries: [(name: String, bytes: [UInt8])] = []
    for (row, columns) in examples.rowColumns().enumerated() {
      let name = examples.rowName(row)
      entries.append(("\(name).\(isPicture ? "png" : "npy")", contents[row]))
      if let label = labels?[row] { entries.append(("\(name).cls", Array("\(label)".utf8))) }
      entries.append(("\(name).json", Array(JSON.line(JSON.Value.object(columns)).utf8)))
    }
    try AtomicFile.write(TarArchive.encode(entries), to: path)
    return try readBack(path, isPicture: isPicture, like: samples)
  }

  private static func readBack(_ path: String, isPicture: Bool, like samples: HostArray) throws -> HostArray {
    var reader = try TarReader(FileBytes(mapping: path))
    var bytes: [UInt8] = []
    while let entry = try reader.next() {
      guard entry.name.hasSuffix(isPicture ? ".png" : ".npy") else { continue }
      let file = FileBytes(try reader.read(entry), name: "\(path):\(entry.name)")
      if isPicture {
        bytes += try DecodedImage(file).bytes
      } else {
        var array = try NPYReader(file)
        bytes += try array.array().converted(to: samples.elementType).bytes
      }
    }
    guard bytes.count == samples.bytes.count else { return HostArray([UInt8]()) }
    return HostArray(bytes: bytes, shape: samples.shape, elementType: samples.elementType)
  }

  /// What tells that an archive is one of examples.
  private struct Columns: Decodable {
    let success: Bool
    let criterion: Double?
  }
}
