import CZlib
import Formats
import Foundation

/// One format of the registry, tar or a program of torch.export: sound files of its own tools, and how a file is read to its end.
struct FuzzedFormat {
  let name: String
  let seeds: [[UInt8]]
  /// Corrects checksums after the damage, so that what lies behind them is reached; done to half of the inputs.
  var repair: (([UInt8]) -> [UInt8])?
  let read: (FileBytes) throws -> Void

  /// Input number `index`: it depends on nothing else.
  func input(_ index: Int) -> [UInt8] {
    var random = SeededGenerator(seed: UInt64(index) &* 0x2545_F491_4F6C_DD1D)
    let seed = seeds[Int.random(in: 0..<seeds.count, using: &random)]
    let other = seeds[Int.random(in: 0..<seeds.count, using: &random)]
    let damaged = Mutation.apply(to: seed, other: other, using: &random)
    guard let repair, Bool.random(using: &random) else { return damaged }
    return repair(damaged)
  }

  /// Files that are there to be refused, and those that no reader is for.
  private static let noSeeds = ["cmyk.jpg", "make.py", "exported.py", "matlab73.c"]

  /// All formats, each with the fixtures that are of it; those that are gzipped are a format of their own.
  static func all(fixtures: String) throws -> [FuzzedFormat] {
    let names = try FileManager.default.contentsOfDirectory(atPath: fixtures).filter { !noSeeds.contains($0) }
      .sorted()
    var seeds: [String: [[UInt8]]] = [:]
    for name in names {
      let file = try FileBytes(mapping: "\(fixtures)/\(name)")
      let ending = name.hasSuffix(".gz") ? ".gz" : ""
      let format =
        name.contains(".tar")
        ? "tar" : name.hasSuffix(".pt2") ? exported : try FileFormats.format(of: file).name
      seeds[format + ending, default: []].append(file.bytes(in: 0..<file.count))
    }
    // In each of the tables the second column has numbers.
    var chosen = TextTable.Options(label: "1")
    chosen.columns = ["2"]
    let formats: [(name: String, read: (FileBytes) throws -> Void)] =
      FileFormats.all.map { format in
        (
          format.name,
          { file in
            try format.contents(of: file, table: chosen).readToEnd()
            // What is guessed may fail on words, which is no damage.
            if format.name == "CSV" { _ = try? format.contents(of: file, table: .init(guesses: true)) }
          }
        )
      } + [("tar", tar), (exported, { try ExportedArchive($0).readToEnd() })]
    return formats.flatMap { format in
      ["", ".gz"].compactMap { ending in
        seeds[format.name + ending].map { seeds in
          let repairs = ["PNG": chunksRepaired, "tar": tarRepaired, exported: membersRepaired]
          return FuzzedFormat(
            name: format.name + ending, seeds: seeds, repair: repairs[format.name + ending], read: format.read
          )
        }
      }
    }
  }

  private static let exported = "torch.export"

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

  /// The checksums of an archive's members, as far as it can be read.
  private static func membersRepaired(_ bytes: [UInt8]) -> [UInt8] {
    guard let archive = try? ZipArchive(FileBytes(bytes)) else { return bytes }
    var bytes = bytes
    for entry in archive.entries {
      let sum = bytes[entry.range].withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
      for place in 0..<4 {
        bytes[entry.checksum + place] = UInt8(truncatingIfNeeded: sum >> (8 * UInt(place)))
      }
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
