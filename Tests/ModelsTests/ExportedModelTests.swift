import Formats
import Foundation
import Models
import Testing
import Torch

/// What is made of programs of torch.export: small ones of PyTorch's (`Tests/FormatsTests/Fixtures/exported.py`), and changed ones.
@Suite struct ExportedModelTests {
  private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "FormatsTests/Fixtures").path

  /// Runs the body on a copy of `tied.pt2` in which some text of the program is another.
  private func withChanged<Result>(
    _ old: String, _ new: String, _ body: (String) throws -> Result
  ) throws -> Result {
    let file = try FileBytes(mapping: "\(Self.fixtures)/tied.pt2")
    let members: [(name: String, data: [UInt8])] = try ZipArchive(file).entries.map { entry in
      let data = file.bytes(in: entry.range)
      guard entry.name.hasSuffix("models/model.json") else { return (entry.name, data) }
      let text = String(decoding: data, as: UTF8.self)
      try #require(text.contains(old), "\(text)")
      return (entry.name, Array(text.replacingOccurrences(of: old, with: new).utf8))
    }
    let path = NSTemporaryDirectory() + "changed-\(UUID().uuidString).pt2"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(ZipArchive.encode(members, alignment: 64)).write(to: URL(fileURLWithPath: path))
    return try body(path)
  }

  private func load(
    _ path: String, _ samples: Tensor, _ reading: ScriptReading = .init(), for use: Output? = nil
  )
    throws -> ScriptModel
  {
    try ScriptModel.load(path, samples: samples, reading: reading, for: use)
  }

  /// W = [[0, ¼, ½], [¾, 1, 1¼]], b = [1, −1]: z = relu(Wx + b) / 2, the reconstruction is zW.
  @Test(arguments: [1, 2, 5]) func valuesAndGradientsAreThoseOfTheFormula(_ batch: Int) throws {
    let model = try load(
      "\(Self.fixtures)/tied.pt2", samples([4, 3]), .init(range: 0...1, outputScale: .range(0...1)))
    #expect(model.use == .reconstruction)
    let x = samples([batch, 3], seed: 7)
    let w: [[Double]] = [[0, 0.25, 0.5], [0.75, 1, 1.25]]
    let leaf = x.requiringGrad()
    let y = try model.output(.reconstruction, of: leaf)
    let slope = try #require(try grad(y.sum(), [leaf])[0])
    for row in 0..<batch {
      let values = x[row].doubles
      let h = (0..<2).map { k in (0..<3).reduce(k == 0 ? 1 : -1) { $0 + w[k][$1] * values[$1] } }
      let z = h.map { max(0, $0) / 2 }
      for i in 0..<3 {
        #expect(abs(y[row].doubles[i] - (z[0] * w[0][i] + z[1] * w[1][i])) < 1e-6)
        let expected = (0..<2).reduce(0) { $0 + (h[$1] > 0 ? w[$1][i] / 2 * w[$1].reduce(0, +) : 0) }
        #expect(abs(slope[row].doubles[i] - expected) < 1e-6)
      }
    }
  }

  @Test func outputsAreChosenByTheirNames() throws {
    let model = try load("\(Self.fixtures)/tied.pt2", samples([4, 3]), .init(output: "z"), for: .embedding)
    #expect(try model.output(.embedding, of: samples([5, 3])).shape == [5, 2])
  }

  @Test func programsOfAFileAreMethodsAndABakedBatchIsFilledUp() throws {
    let path = "\(Self.fixtures)/methods.pt2"
    let model = try load(path, samples([4, 3]), .init(method: "encode"), for: .embedding)
    // Exported for four samples.
    let x = samples([11, 3], seed: 3)
    let all = try model.output(.embedding, of: x)
    #expect(all.shape == [11, 2])
    for row in 0..<11 {
      #expect(
        try largestDifference(model.output(.embedding, of: x[row..<row + 1]), all[row..<row + 1]) < 1e-6)
    }
    let error = #expect(throws: ScriptError.self) {
      try load(path, samples([4, 3]), .init(method: "decode"))
    }
    #expect(error?.problem.contains("it has: encode, forward") == true)
  }

  @Test func aSubmoduleGivesWhatItGivesOnTheWay() throws {
    let model = try load("\(Self.fixtures)/tied.pt2", samples([4, 3]))
    let code = try model.submodule("code", samples: samples([4, 3]))
    let y = try code.raw(Tensor([Float(1), 1, 1], [1, 3]))
    #expect(y.floats == [1.75, 2])
    let error = #expect(throws: ScriptError.self) { try model.submodule("cod", samples: samples([4, 3])) }
    #expect(error?.problem.contains("did you mean 'code'?") == true)
  }

  @Test func anotherShapeIsRefusedWithTheOneThatIsExpected() throws {
    let error = #expect(throws: ScriptError.self) { try load("\(Self.fixtures)/tied.pt2", samples([4, 5])) }
    #expect(error?.problem.contains("expects float32 [batch, 3]") == true, "\(String(describing: error))")
  }

  @Test(arguments: [
    ("torch.ops.aten.relu.default", "torch.ops.aten.from_file.default", "aten::from_file"),
    ("torch.ops.aten.relu.default", "torch.ops.aten.resize_.default", "aten::resize_"),
    ("torch.ops.aten.relu.default", "torch.ops.aten._no_such.default", "aten::_no_such"),
    ("torch.ops.aten.relu.default", "torch.ops.aten.no_such.default", "no operator"),
    ("torch.ops.aten.relu.default", "torch.ops.mine.relu.default", "no operator of ATen"),
    ("torch.ops.aten.relu.default", "os.system", "no operator of ATen"),
    (
      "\"name\":\"self\",\"arg\":{\"as_tensor\":{\"name\":\"linear\"}}",
      "\"name\":\"myself\",\"arg\":{\"as_tensor\":{\"name\":\"linear\"}}",
      "no argument 'myself'"
    ),
    (
      "\"name\":\"self\",\"arg\":{\"as_tensor\":{\"name\":\"linear\"}}",
      "\"name\":\"self\",\"arg\":{\"as_tensor\":{\"name\":\"later\"}}",
      "used before it is set"
    ),
    (
      "\"name\":\"self\",\"arg\":{\"as_tensor\":{\"name\":\"linear\"}}",
      "\"name\":\"self\",\"arg\":{\"as_complex\":{\"real\":1}}",
      "as_complex"
    ),
  ])
  func whatCannotBeRunIsRefusedBeforeARun(_ old: String, _ new: String, _ said: String) throws {
    try withChanged(old, new) { path in
      let error = #expect(throws: ScriptError.self) { try load(path, samples([4, 3])) }
      #expect(error?.problem.contains(said) == true, "\(String(describing: error))")
      #expect(error?.description.contains("\n") == false)
    }
  }

  @Test func aFailureNamesItsPlace() throws {
    try withChanged("torch.ops.aten.relu.default", "torch.ops.aten.t.default") { path in
      let error = #expect(throws: ScriptError.self) { try load(path, samples([4, 3])) }
      #expect(error?.problem.contains("aten.matmul.default") == true, "\(String(describing: error))")
    }
  }

  @Test func aWeightThatIsWrittenToStaysAsItIs() throws {
    // relu_ of the linear map's result writes to no weight; neg_ of the scale would.
    try withChanged("torch.ops.aten.mul.Tensor", "torch.ops.aten.mul_.Tensor") { path in
      let model = try load(path, samples([4, 3]))
      let x = samples([4, 3])
      #expect(try model.raw(x).floats == model.raw(x).floats)
    }
    let old =
      "\"name\":\"self\",\"arg\":{\"as_tensor\":{\"name\":\"relu\"}},\"kind\":1},{\"name\":\"other\",\"arg\":{\"as_tensor\":{\"name\":\"b_scale\"}}"
    let new =
      "\"name\":\"self\",\"arg\":{\"as_tensor\":{\"name\":\"b_scale\"}},\"kind\":1},{\"name\":\"other\",\"arg\":{\"as_tensor\":{\"name\":\"b_scale\"}}"
    try withChanged(old, new) { path in
      _ = try withPatched(path) { twice in
        let model = try ExportedModel(twice, device: .cpu)
        let x = Value.tensor(samples([4, 3]))
        let first = try model.tensors("forward", [x])[1].tensor.doubles
        // 0.5 squared in place, each time from 0.5.
        #expect(first == [0.25])
        #expect(try model.tensors("forward", [x])[1].tensor.doubles == first)
      }
    }
  }

  /// The product written in place, and as the only output beside itself.
  private func withPatched<Result>(_ path: String, _ body: (String) throws -> Result) throws -> Result {
    let file = try FileBytes(mapping: path)
    let members: [(name: String, data: [UInt8])] = try ZipArchive(file).entries.map { entry in
      var text = String(decoding: file.bytes(in: entry.range), as: UTF8.self)
      guard entry.name.hasSuffix("models/model.json") else {
        return (entry.name, file.bytes(in: entry.range))
      }
      text = text.replacingOccurrences(of: "torch.ops.aten.mul.Tensor", with: "torch.ops.aten.mul_.Tensor")
      text = text.replacingOccurrences(
        of: "torch.ops.aten.matmul.default", with: "torch.ops.aten.mul.Tensor"
      )
      .replacingOccurrences(
        of: "{\"name\":\"other\",\"arg\":{\"as_tensor\":{\"name\":\"p_code_weight\"}}",
        with: "{\"name\":\"other\",\"arg\":{\"as_tensor\":{\"name\":\"p_code_bias\"}}")
      return (entry.name, Array(text.utf8))
    }
    let patched = path + ".patched.pt2"
    defer { try? FileManager.default.removeItem(atPath: patched) }
    try Data(ZipArchive.encode(members, alignment: 64)).write(to: URL(fileURLWithPath: patched))
    return try body(patched)
  }
}
