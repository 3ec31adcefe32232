import Formats
import Foundation
import Testing

/// What is read of `.pt2` files that PyTorch made (`Fixtures/exported.py`), and what of changed ones is refused.
@Suite struct ExportedArchiveTests {
  /// A program with some text of one member replaced; nil removes the member.
  private static func changed(
    _ member: String, _ change: (String) -> String?
  ) throws -> FileBytes {
    let file = try Fixtures.bytes("tied.pt2")
    let archive = try ZipArchive(file)
    let members: [(name: String, data: [UInt8])] = try archive.entries.compactMap { entry in
      let data = file.bytes(in: entry.range)
      guard entry.name.hasSuffix(member) else { return (entry.name, data) }
      let before = String(decoding: data, as: UTF8.self)
      let after = change(before)
      try #require(before != after, "nothing changed in \(member)")
      return after.map { (entry.name, Array($0.utf8)) }
    }
    return FileBytes(ZipArchive.encode(members, alignment: 64), name: "a.pt2")
  }

  @Test func aProgramIsReadWithItsTensors() throws {
    let archive = try ExportedArchive(Fixtures.bytes("tied.pt2"))
    #expect(archive.programs.keys.sorted() == ["forward"])
    let program = try #require(archive.programs["forward"])
    #expect(
      program.inputs == [.parameter("code.weight"), .parameter("code.bias"), .buffer("scale"), .user])
    #expect(program.outputNames == ["recon", "z"])
    #expect(program.argumentNames == ["x"])
    #expect(program.submodules == ["code"])
    #expect(program.torchVersion.hasPrefix("2.13"))
    #expect(
      program.graph.nodes.map(\.target)
        == [
          "linear.default", "relu.default", "mul.Tensor", "matmul.default",
        ].map { "torch.ops.aten.\($0)" })
    #expect(program.graph.nodes[0].modules == ["code"])
    guard case .tensor(let x)? = program.graph.inputs.last,
      case .symbol(let symbol)? = program.graph.tensors[x]?.sizes[0]
    else {
      Issue.record("the batch is no symbol")
      return
    }
    #expect(program.graph.tensors[x]?.sizes[1] == .fixed(3))
    #expect(program.ranges[symbol]?.lowerBound == 2)
    let weight = try #require(archive.tensors["forward"]?["code.weight"])
    #expect(weight.sizes == [2, 3] && weight.strides == [3, 1] && weight.dtype.name == "float32")
    let floats = weight.storage.file.withBytes(in: weight.storage.range) { bytes in
      (0..<6).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
    #expect(floats == [0, 0.25, 0.5, 0.75, 1, 1.25])
  }

  @Test func severalProgramsAreMethods() throws {
    let archive = try ExportedArchive(Fixtures.bytes("methods.pt2"))
    #expect(archive.programs.keys.sorted() == ["encode", "forward"])
    #expect(archive.programs["encode"]?.outputNames == [""])
    #expect(archive.tensors["forward"]?.isEmpty == true)
    #expect(archive.tensors["encode"]?.keys.sorted() == ["code.bias", "code.weight", "scale"])
  }

  @Test func aTensorMayBeAViewOfItsBytes() throws {
    let tensor = try #require(
      try ExportedArchive(Fixtures.bytes("views.pt2")).tensors["forward"]?["weight"])
    #expect(tensor.sizes == [2, 3] && tensor.strides == [1, 2] && tensor.dtype.name == "float64")
  }

  @Test func theUsualBytesComeAgainFromTheWriterOfArchives() throws {
    let copy = try Self.changed("archive_version") { _ in "1" }
    let archive = try ExportedArchive(copy)
    let weight = try #require(archive.tensors["forward"]?["code.weight"])
    #expect(weight.storage.range.lowerBound % 64 == 0)
  }

  @Test(arguments: [
    // What gradients would be wrong of, or code could be run by.
    ("models/model.json", "\"TRAINING\"", "\"ATEN\"", "run_decompositions"),
    ("weights_config.json", "\"use_pickle\": false", "\"use_pickle\": true", "pickled"),
    ("models/model.json", "{\"buffer\":{\"arg\"", "{\"custom_obj\":{\"arg\"", "custom_obj"),
    // Versions.
    ("models/model.json", "\"major\":8", "\"major\":9", "schema version 9"),
    ("models/model.json", "\"major\":8", "\"major\":7", "PyTorch 2.9 or later"),
    ("archive_format", "pt2", "pt3", "'pt3', not pt2"), ("byteorder", "little", "big", "'big', not little"),
    // Places beyond the bytes.
    (
      "weights_config.json", "\"storage_offset\": {\"as_int\": 0}", "\"storage_offset\": {\"as_int\": 1}",
      "more than the"
    ),
    ("weights_config.json", "{\"as_int\": 2}", "{\"as_int\": 3}", "more than the"),
    (
      "weights_config.json", "{\"as_int\": 3}, {\"as_int\": 1}]",
      "{\"as_int\": 9223372036854775807}, {\"as_int\": 1}]",
      "more than the"
    ),
    (
      "weights_config.json", "[{\"as_int\": 3}, {\"as_int\": 1}]", "[{\"as_int\": -3}, {\"as_int\": 1}]",
      "impossible"
    ),
    ("weights_config.json", "\"dtype\": 7", "\"dtype\": 8", "more than the"),
    ("weights_config.json", "\"dtype\": 7", "\"dtype\": 99", "element type 99"),
    ("weights_config.json", "\"layout\": 7", "\"layout\": 1", "sparse"),
    ("weights_config.json", "\"weight_0\"", "\"weight_9\"", "missing"),
    ("weights_config.json", "\"code.weight\"", "\"code.height\"", "needs the tensor 'code.weight'"),
    // What is no program.
    ("models/model.json", "\"nodes\":", "\"notes\":", "graph/nodes"),
    ("models/model.json", "{", "[", "is not what torch.export writes there"),
  ])
  func whatIsWrongIsSaidInOneLine(_ member: String, _ old: String, _ new: String, _ said: String) throws {
    let file = try Self.changed(member) { $0.replacingOccurrences(of: old, with: new) }
    let error = #expect(throws: FormatError.self) { try ExportedArchive(file) }
    #expect(error?.description.contains(said) == true, "\(String(describing: error))")
    #expect(error?.description.contains("\n") == false)
  }

  @Test(arguments: [
    ("archive_format", "archive_format"), ("models/model.json", "no program"),
    ("model_weights_config.json", "list of the weights"), ("weight_0", "missing"),
  ])
  func whatIsMissingIsSaid(_ member: String, _ said: String) throws {
    let file = try Self.changed(member) { _ in nil }
    let error = #expect(throws: FormatError.self) { try ExportedArchive(file) }
    #expect(error?.description.contains(said) == true, "\(String(describing: error))")
  }

  @Test func programsAreToldFromOtherArchives() throws {
    #expect(try ExportedArchive.isOne(Fixtures.bytes("tied.pt2")))
    #expect(try !ExportedArchive.isOne(Fixtures.bytes("stored.npz")))
    #expect(try !ExportedArchive.isOne(Fixtures.bytes("numpy.safetensors")))
    let old = FileBytes(
      ZipArchive.encode([("a/serialized_exported_program.json", Array("{}".utf8))]), name: "old.pt2")
    #expect(ExportedArchive.isOne(old))
    #expect(
      throws: FormatError(
        "old.pt2",
        "is a program of torch.export from before PyTorch 2.8: save it again by torch.export.save of PyTorch 2.9 or later"
      )
    ) { try ExportedArchive(old) }
  }

  @Test func aModelIsNoDataAndIsSaidToBeOne() throws {
    let error = #expect(throws: FormatError.self) { try FileFormats.format(of: Fixtures.bytes("tied.pt2")) }
    #expect(error?.problem.contains("torch.export") == true, "\(String(describing: error))")
  }
}
