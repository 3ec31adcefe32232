import Formats
import Foundation
import Testing

@Suite struct FileFormatTests {
  @Test func namesAndEndingsDiffer() {
    let endings = FileFormats.all.flatMap(\.endings)
    #expect(Set(endings).count == endings.count && endings.allSatisfy { $0 == $0.lowercased() })
    #expect(Set(FileFormats.all.map(\.name)).count == FileFormats.all.count)
    #expect(FileFormats.named(ending: "CSV")?.name == "CSV")
  }

  @Test(arguments: [
    "c_f4.npy", "stored.npz", "numpy.safetensors", "plain.mat", "matlab73.mat", "h5py.h5", "int16.idx",
  ])
  func firstBytesDecideWhateverTheName(name: String) throws {
    let format = try FileFormats.format(of: Fixtures.bytes(name))
    let bytes = try Fixtures.bytes(name).bytes(in: 0..<Fixtures.bytes(name).count)
    #expect(try FileFormats.format(of: FileBytes(bytes, name: "a.dat")).name == format.name)
  }

  @Test(arguments: [
    ("PAR1xxxx", "Parquet"), ("\u{89}HDF\r\n", ""), ("GIF89a", "GIF"), ("[[1, 2]]", "no format that is read"),
    ("PK\u{3}\u{4}xl/workbook", "spreadsheet"), ("PK\u{3}\u{4}a/data.pkl", "torch.save"),
  ])
  func whatIsNotReadNamesWhatIs(text: String, what: String) {
    let file = FileBytes(text.unicodeScalars.map { UInt8($0.value) }, name: "a.unknown")
    guard !what.isEmpty else {
      #expect(throws: Never.self) { try FileFormats.format(of: file) }
      return
    }
    let error = #expect(throws: FormatError.self) { try FileFormats.format(of: file) }
    #expect(error?.problem.contains(what) == true)
    for format in FileFormats.all { #expect(error?.problem.contains(format.name) == true) }
  }

  @Test func theReadMeListsThem() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    #expect(
      text.split(whereSeparator: \.isWhitespace).joined(separator: " ").contains(FileFormats.list + "."))
  }

  @Test func wordsAndSparseMatricesOfNumPysAreRead() throws {
    guard case .arrays(let file) = try FileFormat.contents(ofFixture: "words.npz") else { return }
    #expect(try file.words("y") == ["wren", "Möwe", "auk", "wren"])
    #expect(try file.words("bytes") == ["a", "bc"])
    #expect(
      file["complex"]?.kind == .other("has element type '<c16' (complex numbers), which is not supported"))
    let sparse = HostArray((0..<24).map { Float($0 % 5 == 1 ? $0 : 0) }, shape: [4, 6])
    for name in ["csr.npz", "csc.npz", "coo.npz"] {
      guard case .arrays(let file) = try FileFormat.contents(ofFixture: name) else { continue }
      #expect(file.items.map(\.name) == ["matrix"])
      #expect(try file.array("matrix") == sparse)
    }
    guard case .arrays(let block) = try FileFormat.contents(ofFixture: "bsr.npz") else { return }
    #expect(block.items.first?.kind == .other("is a sparse matrix in bsr form; save it as csr or dense"))
  }

  @Test func tensorsNobodyAskedForDoNotBlockOthers() throws {
    let file = try Safetensors.open(Fixtures.path("bf16.safetensors"))
    let x = try file.array("x")
    #expect(x.elementType == .bfloat16 && x.integers() == Array(0..<24))
    let error = #expect(throws: FormatError.self) { try file.array("c") }
    #expect(error?.problem.contains("C64") == true)
  }

  @Test func bfloat16IsTheNearestToEven() {
    let values: [Float] = [1, 1.00390625, 1.01171875, -3.1415926, .infinity, 0, 65_536.5]
    let back = HostArray(values).converted(to: .bfloat16)
    // PyTorch's torch.tensor(values).bfloat16().float()
    #expect(back.floats() == [1, 1, 1.015625, -3.140625, .infinity, 0, 65_536])
    #expect(HostArray([Float.nan]).converted(to: .bfloat16).floats()[0].isNaN)
  }

  @Test func python2sHeadersAreRead() throws {
    let array = try NPY.read(Fixtures.path("python2.npy"))
    #expect(array == HostArray((0..<24).map(Float.init), shape: [4, 6]))
  }

  @Test func whatIsWrittenIsRead() throws {
    let arrays = [("a", HostArray([1.5, 2])), ("b", HostArray([UInt8(7)]))]
    for format in FileFormats.written {
      let bytes = try #require(format.encoded(arrays))
      let file = FileBytes(bytes, name: "a.\(format.endings[0])")
      guard case .arrays(let back) = try format.contents(of: file) else {
        Issue.record("\(format.name) gives no arrays")
        continue
      }
      for (name, array) in arrays { #expect(try back.array(name) == array) }
    }
    let words = NPZFile.encode([], words: [("w", ["", "Möwe", "🐦"])])
    guard case .arrays(let back) = try FileFormats.format(of: FileBytes(words)).contents(of: FileBytes(words))
    else { return }
    #expect(try back.words("w") == ["", "Möwe", "🐦"])
  }
}

extension FileFormat {
  fileprivate static func contents(ofFixture name: String) throws -> FileContents {
    let file = try Fixtures.bytes(name)
    return try FileFormats.format(of: file).contents(of: file)
  }
}
