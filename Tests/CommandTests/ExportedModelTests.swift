import Formats
import Foundation
import Models
import Testing
import Torch

/// Programs of torch.export against eager PyTorch, which made the values and gradients (`Benchmarks/exported/models.py`).
///
/// With `UAE_EXPORTED` set to a folder that the script filled with `all`, those are compared too.
@Suite(.serialized) struct ExportedModelTests {
  private static func compare(_ folder: String, _ name: String) throws {
    let model = try ExportedModel("\(folder)/\(name).pt2", device: .cpu)
    let file = try Safetensors.open("\(folder)/\(name).safetensors")
    func tensor(_ key: String) throws -> Tensor {
      let array = try file.array(key)
      return Tensor(array.floats(), array.shape)
    }
    let batches = file.names.filter { $0.hasPrefix("x") }.compactMap { Int($0.dropFirst()) }
    try #require(!batches.isEmpty)
    try LibTorch.withThreads(1) {
      for batch in batches {
        let x = try tensor("x\(batch)").requiringGrad()
        let outputs = try model.tensors("forward", [.tensor(x.cloned())]).map(\.tensor)
        let expected = file.names.filter { $0.hasPrefix("y\(batch).") }
        #expect(outputs.count == expected.count, "\(name)")
        for (place, y) in outputs.enumerated() where y.dtype.isFloatingPoint {
          let array = try file.array("y\(batch).\(place)")
          #expect(y.shape == array.shape, "\(name)")
          #expect(
            y.floats.map(\.bitPattern) == array.floats().map(\.bitPattern),
            "\(name), batch \(batch), output \(place)")
        }
        let gradient = try #require(
          try grad(outputs[0], [x], outputGradient: tensor("w\(batch)"))[0], "\(name) has no gradient")
        #expect(
          try gradient.floats.map(\.bitPattern) == file.array("g\(batch)").floats().map(\.bitPattern),
          "\(name), batch \(batch), gradient")
      }
    }
  }

  /// A model of each family, with its file of torch.export.
  private static func written(to folder: String) throws -> [(path: String, model: any TrainableModel)] {
    try ModelFamilies.all.map { family in
      let shape = family.name.hasPrefix("conv") ? [1, 28, 28] : [1, 8, 8]
      let model = try Architecture(family, sampleShape: shape, classes: 5).makeModel(seed: 3)
      let path = "\(folder)/\(family.name).pt2"
      try model.writeExportedProgram(to: path)
      return (path, model)
    }
  }

  /// What the method `forward` of a family gives.
  private static func forward(_ model: any TrainableModel) -> Output {
    [.logits, .reconstruction].first { model.outputs.contains($0) } ?? .embedding
  }

  @Test func ourModelsComeBackFromTheirOwnFiles() throws {
    let folder = try TemporaryFolder()
    for (path, model) in try Self.written(to: folder.url.path) {
      let x = Tensor(
        RandomStream(seed: 4, purpose: .start).uniform(3 * model.sampleShape.reduce(1, *)),
        [3] + model.sampleShape)
      let expected = try withoutGrad { try model.output(Self.forward(model), of: x) }
      let program = try ExportedModel(path, device: .cpu)
      let method =
        switch Self.forward(model) {
        case .logits: "embedding"
        case .reconstruction: "encode"
        default: "forward"
        }
      let code = try withoutGrad { try model.output(.embedding, of: x) }
      // Convolutions take another way, whose last bits differ, where nothing is recorded.
      for (given, wanted) in [
        (try program.tensors("forward", [.tensor(x)])[0].tensor, expected),
        (try model.makeScript()(x), expected),
        (try program.tensors(method, [.tensor(x)])[0].tensor.flattened(), code),
      ] {
        try #require(given.shape == wanted.shape, "\(path)")
        #expect((given - wanted).reshaped([1, -1]).abs().max(1).item < 1e-5, "\(path)")
      }
    }
  }

  @Test(.enabled(if: PythonEnvironment.problem == nil, "needs Python with PyTorch"))
  func pythonLoadsThem() throws {
    let folder = try TemporaryFolder()
    let all = try Self.written(to: folder.url.path)
    for (path, model) in all {
      let x = Tensor(
        RandomStream(seed: 4, purpose: .start).uniform(3 * model.sampleShape.reduce(1, *)),
        [3] + model.sampleShape)
      let y = try withoutGrad { try model.output(Self.forward(model), of: x) }
      try Safetensors.write(
        [("x", HostArray(x.floats, shape: x.shape)), ("y", HostArray(y.floats, shape: y.shape))],
        to: path + ".safetensors")
    }
    let judged = try PythonEnvironment.judge(
      """
      import sys, torch, safetensors.torch
      for path in sys.argv[1:]:
          both = safetensors.torch.load_file(path + ".safetensors")
          program = torch.export.load(path)
          y = program.module()(both["x"])
          assert y.shape == both["y"].shape and (y - both["y"]).abs().max() < 1e-5, path
          assert program.module()(both["x"][:2]).shape[0] == 2
          assert dict(program.named_parameters()).keys() <= program.state_dict.keys()
      print("loaded", len(sys.argv) - 1)
      """, all.map(\.path))
    #expect(judged.output.contains("loaded \(all.count)"), "\(judged.errors.suffix(600))")
  }

  @Test(.enabled(if: PythonEnvironment.problem == nil, "needs Python with PyTorch"))
  func whatWouldBeSilentlyWrongIsRefusedOrSaid() throws {
    let folder = try TemporaryFolder()
    let made = try PythonEnvironment.judge(
      """
      import sys, torch
      from torch import nn

      class Cast(nn.Module):
          def forward(self, x):
              with torch.autocast("cpu", dtype=torch.bfloat16):
                  return (x @ x.new_ones(6, 6)).float()

      @torch.library.custom_op("mine::twice", mutates_args=())
      def twice(x: torch.Tensor) -> torch.Tensor:
          return x * 2

      @twice.register_fake
      def _(x):
          return torch.empty_like(x)

      class Custom(nn.Module):
          def forward(self, x):
              return twice(x)

      net = nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Dropout(0.5))

      def export(model):
          return torch.export.export(model, (torch.rand(4, 6),), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))

      folder = sys.argv[1]
      torch.export.save(export(Cast()), folder + "/autocast.pt2")
      torch.export.save(export(Custom()), folder + "/custom.pt2")
      torch.export.save(export(net.train()), folder + "/training.pt2")
      torch.export.save(export(net.eval()).run_decompositions(), folder + "/decomposed.pt2")
      """, [folder.url.path])
    try #require(made.status == 0, "\(made.errors.suffix(600))")
    for (name, said) in [
      ("autocast", "it has an autocast region"),
      ("custom", "'torch.ops.mine.twice.default', which is no operator"),
      ("decomposed", "run_decompositions()"),
    ] {
      let result = try run(
        [program, "doctor", "--model", "\(name).pt2", "--dataset", "digits"], in: folder.url)
      #expect(result.status == 1)
      let text = result.output + result.errors
      #expect(text.contains(said), "\(text)")
    }
    let remarks = try ExportedModel("\(folder.url.path)/training.pt2", device: .cpu).remarks
    #expect(remarks.count == 1)
    #expect(
      remarks.first?.contains("training mode: batch norm and dropout taken as in evaluation") == true,
      "\(remarks)")
  }

  private static func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".pt2") }
      .map { String($0.dropLast(4)) }.sorted()
  }

  @Test(.enabled(if: PythonEnvironment.problem == nil, "needs Python with PyTorch"))
  func valuesAndGradientsAreThoseOfEagerPyTorchToTheBit() throws {
    let folder = try TemporaryFolder()
    let script = packageRoot.appending(path: "Benchmarks/exported/models.py").path
    let made = try run(
      [PythonEnvironment.interpreter, script, folder.url.path], environment: PythonEnvironment.oneThread)
    try #require(made.status == 0, "\(made.errors.suffix(500))")
    let names = try Self.names(folder.url.path)
    #expect(names.count >= 18)
    for name in names { try Self.compare(folder.url.path, name) }
  }

  @Test(.enabled(if: folder != nil, "slow: set UAE_EXPORTED"), arguments: (try? names(folder ?? "")) ?? [])
  func soAreThoseOfPublishedFamilies(_ name: String) throws {
    try Self.compare(Self.folder ?? "", name)
  }

  @Test(.enabled(if: folder != nil, "slow: set UAE_EXPORTED"))
  func aLargeFileIsOpenedAtOnce() throws {
    let folder = Self.folder ?? ""
    let largest = try #require(
      try Self.names(folder).max {
        try FileBytes(mapping: "\(folder)/\($0).pt2").count < FileBytes(mapping: "\(folder)/\($1).pt2").count
      })
    let path = "\(folder)/\(largest).pt2"
    let start = ContinuousClock.now
    _ = try ExportedModel(path, device: .cpu)
    let seconds = start.duration(to: .now) / .seconds(1)
    print("\(largest): \(try FileBytes(mapping: path).count / 1_000_000) MB in \(seconds) s")
    #if !DEBUG
      #expect(seconds <= 0.2)
    #endif
  }

  private static let folder = ProcessInfo.processInfo.environment["UAE_EXPORTED"]
}
