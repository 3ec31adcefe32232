import CZlib
import Formats
import Foundation

/// One format: sound files of its own tools, and how a file is read to its end.
struct FuzzedFormat {
  let name: String
  let seeds: [[UInt8]]
  /// Corrects checksums after the damage, so that what lies behind them is reached; done to half of the inputs.
  var repair: (([UInt8]) -> [UInt8])?
  let read: (FileBytes) throws -> Void

  static let names = [
    "IDX", "IDX.gz", "CIFAR", "CIFAR.gz", "MATLAB 5", "MATLAB 7.3", "text", "text.gz", "NPY", "NPZ stored",
    "NPZ deflated", "safetensors", "PNG", "JPEG", "tar", "tar.gz",
  ]

  /// Input number `index`: it depends on nothing else.
  func input(_ index: Int) -> [UInt8] {
    var random = SeededGenerator(seed: UInt64(index) &* 0x2545_F491_4F6C_DD1D)
    let seed = seeds[Int.random(in: 0..<seeds.count, using: &random)]
    let other = seeds[Int.random(in: 0..<seeds.count, using: &random)]
    let damaged = Mutation.apply(to: seed, other: other, using: &random)
    guard let repair, Bool.random(using: &random) else { return damaged }
    return repair(damaged)
  }

  static func all(fixtures: String) throws -> [FuzzedFormat] {
    func bytes(_ names: String...) throws -> [[UInt8]] {
      try names.map { name in
        let file = try FileBytes(mapping: "\(fixtures)/\(name)")
        return file.bytes(in: 0..<file.count)
      }
    }
    func inflated(_ name: String) throws -> [UInt8] {
      try ByteStream(FileBytes(mapping: "\(fixtures)/\(name)")).readToEnd(atMost: 1 << 20)
    }
    let numbers = [
      "bool.npy", "c_f2.npy", "c_f4.npy", "c_f8.npy", "c_i2.npy", "c_u8.npy", "empty.npy", "fortran.npy",
      "scalar.npy",
    ]
    return [
      .init(
        name: names[0], seeds: try bytes("int16.idx", "float32.idx") + [inflated("bytes.idx.gz")], read: idx),
      .init(name: names[1], seeds: try bytes("bytes.idx.gz"), read: idx),
      .init(
        name: names[2], seeds: [try inflated("cifar10.bin.gz")] + (try bytes("cifar100.bin")), read: cifar),
      .init(name: names[3], seeds: try bytes("cifar10.bin.gz"), read: cifar),
      .init(
        name: names[4], seeds: try bytes("compressed.mat", "plain.mat", "version4.mat"), read: try matlab()),
      .init(name: names[5], seeds: try bytes("matlab73.mat"), read: try matlab()),
      .init(
        name: names[6], seeds: try bytes("table.csv", "blanks.txt") + [Array("1\t2\t3\n4\t5\t6\n".utf8)],
        read: text),
      .init(name: names[7], seeds: try bytes("table.csv.gz"), read: text),
      .init(name: names[8], seeds: try numbers.flatMap { try bytes($0) }, read: npy),
      .init(name: names[9], seeds: try bytes("stored.npz"), read: npz),
      .init(name: names[10], seeds: try bytes("deflated.npz"), read: npz),
      .init(name: names[11], seeds: try bytes("numpy.safetensors"), read: safetensors),
      .init(
        name: names[12],
        seeds: try bytes(
          "bilevel.png", "grey.png", "grey16.png", "palette.png", "rgb.png", "rgba.png"),
        repair: chunksRepaired
      ) { _ = try RasterImage(png: $0) },
      .init(name: names[13], seeds: try bytes("rgb.jpg", "grey.jpg", "progressive.jpg")) {
        _ = try RasterImage(jpeg: $0)
      },
      .init(name: names[14], seeds: try bytes("files.tar"), repair: tarRepaired, read: tar),
      .init(name: names[15], seeds: try bytes("files.tar.gz"), read: tar),
    ]
  }

  private static func idx(_ file: FileBytes) throws {
    var reader = try IDXReader(file)
    _ = try reader.readAll()
  }

  private static func cifar(_ file: FileBytes) throws {
    let version: CIFARReader.Version =
      file.count % 3073 == 0 || file.hasPrefix([0x1f, 0x8b]) ? .cifar10 : .cifar100
    var reader = try CIFARReader(file, version: version)
    _ = try reader.readAll()
  }

  /// matio reads from a path: a file in memory where there is such a file system.
  private static func matlab() throws -> (FileBytes) throws -> Void {
    let folder = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    let path = "\(folder)/fuzzed-\(getpid()).mat"
    return { bytes in
      defer { unlink(path) }
      try Data(bytes.bytes(in: 0..<bytes.count)).write(to: URL(fileURLWithPath: path))
      let file = try MATLABFile(path)
      if let first = file.variables.first { _ = try file.array(first.name) }
    }
  }

  private static func text(_ file: FileBytes) throws {
    var reader = try TableReader(file, label: "-1", ignoring: ["name"])
    _ = try reader.readAll()
  }

  private static func npy(_ file: FileBytes) throws {
    var whole = try NPYReader(file)
    _ = try whole.array()
    guard !whole.shape.isEmpty else { return }
    var pieces = try NPYReader(file)
    while try pieces.next(1) != nil {}
  }

  private static func npz(_ file: FileBytes) throws {
    let archive = try NPZFile(file)
    for name in archive.names { _ = try archive.array(name) }
  }

  private static func safetensors(_ file: FileBytes) throws {
    let tensors = try SafetensorsFile(file)
    for name in tensors.names {
      _ = try tensors.array(name)
      if let length = tensors[name]?.shape.first { _ = try tensors.rows(0..<min(length, 2), of: name) }
    }
  }

  private static func tar(_ file: FileBytes) throws {
    var reader = try TarReader(file)
    while let entry = try reader.next() {
      if entry.name.hasSuffix(".txt") { _ = try reader.read(entry) }
    }
  }

  /// The checksums of a PNG's chunks, as far as there are whole chunks.
  private static func chunksRepaired(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    var start = 8
    while start + 12 <= bytes.count {
      let length = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - start - 12 else { break }
      let end = start + 8 + length
      let sum = bytes[start + 4..<end].withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
      for place in 0..<4 { bytes[end + place] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt(place))) }
      start = end + 4
    }
    return bytes
  }

  /// The checksums of all blocks that look like a tar header.
  private static func tarRepaired(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for start in stride(from: 0, to: bytes.count - 511, by: 512)
    where bytes[start + 257..<start + 262].elementsEqual("ustar".utf8) {
      let sum = (0..<512).reduce(0) { $0 + ((148..<156).contains($1) ? 32 : Int(bytes[start + $1])) }
      let digits = String(sum, radix: 8)
      let field = String(repeating: "0", count: 6 - digits.count) + digits + "\0 "
      bytes.replaceSubrange(start + 148..<start + 156, with: field.utf8)
    }
    return bytes
  }
}
