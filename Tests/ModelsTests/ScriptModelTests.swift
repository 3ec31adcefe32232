import Foundation
import Models
import Testing
import Torch

/// Writes a TorchScript file made of source alone, runs the body on its path, and deletes it.
func withScript<Result>(
  _ source: String, _ build: (Script) throws -> Void = { _ in }, body: (String) throws -> Result
)
  throws -> Result
{
  let path = NSTemporaryDirectory() + "model-\(UUID().uuidString).pt"
  defer { try? FileManager.default.removeItem(atPath: path) }
  let script = try Script.create("Model")
  try build(script)
  try script.define(source)
  try script.save(path)
  return try body(path)
}

func samples(_ shape: [Int], seed: UInt64 = 1) -> Tensor {
  Tensor(RandomStream(seed: seed, purpose: .start).uniform(shape.reduce(1, *)), shape)
}

func largestDifference(_ a: Tensor, _ b: Tensor) -> Double {
  (a - b).reshaped([1, -1]).abs().max(1).item
}

@Suite struct ScriptModelTests {
  @Test(arguments: ScriptInput.Layout.allCases, [0.0...1.0, -1.0...1.0, 0.0...255.0])
  func theWayBackUndoesTheWayIn(_ layout: ScriptInput.Layout, _ range: ClosedRange<Double>) {
    let shape = layout == .nhw ? [1, 4, 6] : [.ncl, .nlc].contains(layout) ? [24] : [3, 4, 6]
    let input = ScriptInput(sampleShape: shape, range: range, layout: layout)
    let x = samples([5] + shape)
    let y = input.encode(x)
    #expect(y.shape == [5] + input.modelShape)
    #expect(largestDifference(input.decode(y), x) < 1e-6)
    #expect(largestDifference(y, x.reshaped(y.shape)) > 0.1 || (range == 0...1 && layout != .nhwc))
  }

  @Test func channelsLastMeansThatChannelsAreLast() {
    let x = samples([1, 3, 2, 2])
    let y = ScriptInput(sampleShape: [3, 2, 2], layout: .nhwc).encode(x)
    #expect(y[0][1][0].floats == [x[0][0][1][0].floats[0], x[0][1][1][0].floats[0], x[0][2][1][0].floats[0]])
  }

  @Test func theModelSeesItsOwnRangeAndTheGradientIsThatOfTheComposition() throws {
    try withScript("def forward(self, x):\n  return x * x") { path in
      let model = try ScriptModel.load(
        path, samples: samples([2, 1, 2, 2]),
        reading: ScriptReading(range: -1...1, outputScale: .range(-1...1)),
        for: .reconstruction)
      let x = samples([3, 1, 2, 2]).requiringGrad()
      let y = try model.raw(x)
      // u = 2x − 1, y = u², dy/dx = 4u.
      #expect(largestDifference(y, (x * 2 - 1).square()) < 1e-6)
      let gradient = try #require(try grad(y.sum(), [x])[0])
      #expect(largestDifference(gradient, (x * 2 - 1) * 4) < 1e-5)
      #expect(
        try largestDifference(model.output(.reconstruction, of: x), ((x * 2 - 1).square() + 1) / 2) < 1e-6)
    }
  }

  @Test(arguments: [
    ("x.reshape([-1, 48])", ScriptInput.Layout.nchw),
    ("x[:, :, :, 2:3] + x.permute(0, 3, 1, 2)[0, 2, 3, 3]", .nhwc),
    ("torch.linear(x, torch.ones([5, 48]))", .flat),
  ])
  func theFirstLayoutThatTheModelAcceptsIsTaken(_ expression: String, _ layout: ScriptInput.Layout) throws {
    // Images of 3×4×4: `x[:, :, :, 2:3]` alone would fit both, so the second asks for an axis of 3 at the end.
    let guarded = layout == .nhwc ? "  assert x.size(3) == 3\n" : ""
    try withScript("def forward(self, x):\n\(guarded)  return \(expression)") { path in
      let model = try ScriptModel.load(path, samples: samples([2, 3, 4, 4]), for: .embedding)
      #expect(model.input.layout == layout)
    }
  }

  @Test func aModelInDoublePrecisionGetsDoubles() throws {
    try withScript("def forward(self, x):\n  return torch.linear(x, self.w)") {
      try $0.register("w", Tensor([1.0, 2, 3, 4], [2, 2]))
    } body: { path in
      let model = try ScriptModel.load(path, samples: samples([2, 2]), for: .embedding)
      #expect(model.input.dtype == .float64)
      let y = try model.raw(Tensor([Float(1), 10], [1, 2]))
      #expect(y.dtype == .float32)
      #expect(y.floats == [21, 43])
    }
  }

  @Test func theFirstOfSeveralResultsIsTheOutput() throws {
    try withScript("def forward(self, x):\n  return (x * 2, x.mean())") { path in
      let model = try ScriptModel.load(path, samples: samples([2, 4]), for: .embedding)
      #expect(try model.raw(Tensor.full([1, 4], 1, device: .cpu)).floats == [2, 2, 2, 2])
    }
  }

  @Test func lossesComeOneASampleHoweverTheScriptGivesThem() throws {
    let source = """
      def a(self, x):
        return x.flatten(1).sum(1)
      def b(self, x, y):
        return (x - y).flatten(1).sum(1).unsqueeze(1)
      def c(self, x):
        return x.mean()
      def bad(self, x):
        return x
      """
    try withScript(source) { (path: String) throws in
      func loss(_ method: String, _ x: Tensor, _ y: Tensor) throws -> Tensor {
        try ScriptModel.load(
          path, samples: samples([2, 3]), reading: ScriptReading(method: method), for: .loss
        ).output(.loss, of: x, original: y)
      }
      let x = samples([4, 3])
      let y = samples([4, 3], seed: 2)
      #expect(largestDifference(try loss("a", x, y), x.sum(1)) < 1e-6)
      #expect(largestDifference(try loss("b", x, y), (x - y).sum(1)) < 1e-6)
      #expect(largestDifference(try loss("c", x, y), x.mean(1)) < 1e-6)
      #expect(throws: ScriptError.self) { try loss("bad", x, y) }
      #expect(throws: ScriptError.self) { try loss("none", x, y) }
    }
  }
}

@Suite struct UnusableScriptTests {
  private func refusal(_ source: String, _ x: Tensor = samples([8, 1, 4, 4])) throws -> String {
    try withScript(source) { path in
      do {
        let model = try ScriptModel.load(path, samples: x, for: .embedding)
        try ModelInspection.verify(model, .embedding, x)
        return ""
      } catch let error as ScriptError { return error.description }
    }
  }

  @Test func aSoundModelIsAccepted() throws {
    let text = try refusal("def forward(self, x):\n  return torch.sigmoid(x.flatten(1) * 3).reshape(x.shape)")
    #expect(text == "")
  }

  @Test(arguments: [
    ("torch.batch_norm(x, None, None, None, None, True, 0.1, 1e-5, False)", "batch norm"),
    ("x - x.mean(0, keepdim=True)", "batch norm"),
    ("torch.dropout(x, 0.5, True)", "dropout"),
    ("x + torch.randn_like(x)", "sampling"),
    ("torch.log(x - 2)", "sample 0"),
    ("x.reshape([8, 16])", "fixed batch size"),
    ("x.mean()", "gives the shape [] for 8 samples"),
  ])
  func whatWouldSpoilAnAttackIsRefusedWithItsReason(_ expression: String, _ reason: String) throws {
    let text = try refusal(
      "def forward(self, x):\n  if x.size(0) == 2:\n    return x\n  return \(expression)")
    #expect(text.contains(reason), "\(text)")
    #expect(!text.contains("\n"))
  }

  @Test func aWrongShapeIsOneLine() throws {
    let text = try refusal("def forward(self, x):\n  return torch.linear(x, torch.ones([3, 7]))")
    #expect(text.contains("as [2, 1, 4, 4]"), "\(text)")
    #expect(!text.contains("\n"))
  }

  @Test func aFileThatIsNoTorchScriptIsRefused() throws {
    let path = NSTemporaryDirectory() + "model-\(UUID().uuidString).pt"
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(throws: ScriptError(path, "there is no such file to read")) {
      try ScriptModel.load(path, samples: samples([1, 4]), for: .embedding)
    }
    for bytes in [
      Data(), Data("not a model".utf8), Data([0x50, 0x4b, 3, 4] + [UInt8](repeating: 7, count: 500)),
    ] {
      try bytes.write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: ScriptError.self) {
        try ScriptModel.load(path, samples: samples([1, 4]), for: .embedding)
      }
      #expect(error?.problem.contains("torch.jit.script(model)") == true)
      #expect(error?.problem.contains("\n") == false)
    }
  }

  @Test func anUnknownSubmoduleGetsTheNearestName() throws {
    try withScript("def forward(self, x):\n  return self.encoder.forward(x)") {
      let child = try Script.create("Encoder")
      try child.define("def forward(self, x):\n  return x * 2")
      try $0.register("encoder", child)
    } body: { path in
      let model = try ScriptModel.load(path, samples: samples([2, 4]), for: .embedding)
      #expect(
        try model.submodule("encoder", samples: samples([2, 4])).raw(Tensor.full([1, 4], 1, device: .cpu))
          .floats == [
            2, 2, 2, 2,
          ])
      let error = #expect(throws: ScriptError.self) {
        try model.submodule("encodr", samples: samples([2, 4]))
      }
      #expect(error?.problem == "the model has no submodule 'encodr'; did you mean 'encoder'?")
    }
  }

  @Test func aMethodWithTheWrongOutputIsRefusedWhereItIsUsed() throws {
    try withScript("def forward(self, x):\n  return x[:, :2]") { path in
      let model = try ScriptModel.load(path, samples: samples([2, 4]), for: .embedding)
      #expect(throws: ScriptError.self) { try model.output(.reconstruction, of: samples([2, 4])) }
      #expect(try model.output(.embedding, of: samples([2, 4])).shape == [2, 2])
    }
  }

  @Test func anImpossibleRangeOrLayoutIsRefused() throws {
    try withScript("def forward(self, x):\n  return x") { path in
      #expect(throws: ScriptError.self) {
        try ScriptModel.load(
          path, samples: samples([2, 4]), reading: ScriptReading(range: 1...1), for: .embedding)
      }
      #expect(throws: ScriptError.self) {
        try ScriptModel.load(
          path, samples: samples([2, 3, 4, 4]), reading: ScriptReading(layout: .nhw), for: .embedding)
      }
    }
  }
}
