import Models
import Testing
import Torch

/// A linear autoencoder of samples near a plane, c + (x − c) q qᵀ, written so that it takes and gives other scales and orders.
private struct Plane {
  let count = 64
  let values: Int
  let centre: Tensor
  let directions: Tensor
  /// `[count, values]` in [0, 1], near the plane but not on it.
  let x: Tensor

  init(_ values: Int = 12, seed: UInt64 = 7) {
    self.values = values
    func draw(_ index: UInt64, _ shape: [Int]) -> Tensor {
      Tensor(RandomStream(seed: seed, purpose: .start, index: Int(index)).uniform(shape.reduce(1, *)), shape)
    }
    centre = draw(1, [1, values]) * 0.4 + 0.3
    // Two directions at right angles: each on one half of the values.
    let raw = draw(2, [2, values]) - 0.5
    let half = Tensor(
      (0..<2 * values).map { ($0 / values == 0) == ($0 % values < values / 2) ? Float(1) : 0 }, [2, values])
    let kept = raw * half
    directions = kept / (kept.square().sum(1, keepDimensions: true)).sqrt()
    x =
      (centre + matmul(draw(3, [count, 2]) - 0.5, directions) + (draw(4, [count, values]) - 0.5) * 0.02)
      .clamped(0...1)
  }

  /// - Parameters:
  ///   - way: source that brings the model's input `x` to [0, 1] `[batch, values]` in `x`.
  ///   - back: source that brings `y` in [0, 1] to what the model gives, and returns it.
  func withModel<Result>(_ way: String, _ back: String, body: (String) throws -> Result) throws -> Result {
    let source = """
      def forward(self, x):
        \(way)
        y = torch.matmul(torch.matmul(x - self.c, self.q), self.q.t()) + self.c
        \(back)
      """
    return try withScript(source) {
      try $0.register("q", directions.transposed().contiguous())
      try $0.register("c", centre)
    } body: {
      try body($0)
    }
  }
}

@Suite struct ScriptFitTests {
  @Test(arguments: [
    ("x = x", "return y", 0.0...1.0, OutputScale?.none),
    ("x = (x + 1) / 2", "return y * 2 - 1", -1.0...1.0, nil),
    ("x = x / 255", "return y * 255", 0.0...255.0, nil),
    ("x = (x + 1) / 2", "return y", -1.0...1.0, .range(0...1)),
    ("x = x", "return torch.logit(y, 0.001)", 0.0...1.0, .logits),
    ("x = (x + 1) / 2", "return torch.logit(y, 0.001)", -1.0...1.0, .logits),
  ])
  func theScalesThatAModelWasTrainedOnAreFoundOutAndSaid(
    _ way: String, _ back: String, _ range: ClosedRange<Double>, _ scale: OutputScale?
  ) throws {
    let plane = Plane()
    try plane.withModel(way, back) { path in
      let model = try ScriptModel.load(path, samples: plane.x, for: .reconstruction)
      #expect(model.input.range == range)
      #expect(model.output.scale == scale)
      let error = try CleanError(model, plane.x)
      #expect(error.model < 0.1 * error.mean)
      #expect(!error.isWorseThanMean)
      let isUsual = range == 0...1 && scale == nil
      #expect(model.guesses.isEmpty == isUsual, "\(model.guesses)")
      if range != 0...1 { #expect(model.guesses[0].contains("--model-range \(Int(range.lowerBound)),")) }
      if let scale { #expect(model.guesses[0].contains("--output-range \(scale.option)")) }
    }
  }

  @Test func whatIsSaidIsNotGuessedAndAWrongRangeNamesTheRightOne() throws {
    let plane = Plane()
    try plane.withModel("x = x", "return y") { path in
      let model = try ScriptModel.load(
        path, samples: plane.x, reading: ScriptReading(range: 0...255, outputScale: .range(0...255)),
        for: .reconstruction)
      #expect(model.input.range == 0...255)
      #expect(model.guesses.isEmpty)
      #expect(model.remedy == "--model-range 0,1")
      #expect(try CleanError(model, plane.x).isWorseThanMean)
    }
  }

  @Test func imagesGoInInTheOrderInWhichTheyAreRebuiltBest() throws {
    let plane = Plane(48)
    // Flattened with the channels last, as the file has them; dense models take either order.
    let images = plane.x.reshaped([plane.count, 4, 4, 3]).permuted([0, 3, 1, 2]).contiguous()
    try plane.withModel("s = x.shape\n  x = x.reshape(x.shape[0], -1)", "return y.reshape(s)") { path in
      let model = try ScriptModel.load(path, samples: images, for: .reconstruction)
      #expect(model.input.layout == .nhwc)
      #expect(model.guesses.count == 1)
      #expect(largestDifference(try model.output(.reconstruction, of: images), images) < 0.1)
    }
  }

  @Test(arguments: [
    ("return {'latent': x[:, :2], 'recon': y}", 1), ("return (x[:, :2], y)", 1), ("return (y.mean(), y)", 1),
    ("return ((y, x[:, :2]), y.mean())", 0), ("return [y, x[:, :2]]", 0),
  ])
  func theFirstTensorOfASamplesSizeIsTakenAndSaid(_ back: String, _ place: Int) throws {
    let plane = Plane()
    try plane.withModel("x = x", back) { path in
      let model = try ScriptModel.load(path, samples: plane.x, for: .reconstruction)
      #expect(model.output.place == place)
      #expect(model.guesses.count == 1)
      #expect(model.guesses[0].contains("the first of"), "\(model.guesses)")
      #expect(try CleanError(model, plane.x).model < 0.01)
    }
  }

  @Test func anOutputIsChosenByPlaceOrByName() throws {
    let plane = Plane()
    try plane.withModel("x = x", "return {'far': {'a': y + 1}, 'near': y}") { path in
      func load(_ output: String) throws -> ScriptModel {
        try ScriptModel.load(
          path, samples: plane.x,
          reading: ScriptReading(range: 0...1, output: output, outputScale: .range(0...1)),
          for: .reconstruction)
      }
      for (name, place) in [("near", 1), ("1", 1), ("far.a", 0), ("a", 0), ("0", 0)] {
        let model = try load(name)
        #expect(model.output.place == place, "\(name)")
        #expect(model.guesses.isEmpty)
      }
      let error = #expect(throws: ScriptError.self) { try load("nothing") }
      #expect(error?.problem.contains("0 ('far.a'), 1 ('near')") == true, "\(error?.problem ?? "")")
    }
  }

  @Test func anInputHandedOnIsNotTakenForTheReconstruction() throws {
    let plane = Plane()
    try plane.withModel("o = x", "return (o, y)") { path in
      let error = #expect(throws: ScriptError.self) {
        try ScriptModel.load(path, samples: plane.x, for: .reconstruction)
      }
      #expect(error?.problem.contains("--output 1") == true)
    }
    try plane.withModel("x = x", "return x") { path in
      let model = try ScriptModel.load(path, samples: plane.x, for: .reconstruction)
      #expect(try CleanError(model, plane.x).isNone)
    }
  }

  /// A projection of uniform values rebuilds them better when they are centred: a scale alone must not be taken for training.
  @Test(arguments: [3, 4, 5])
  func aScaleThatOnlyFlattersIsNotTaken(_ rank: Int) throws {
    let x = samples([64, 6])
    let kept = Tensor((0..<6).map { $0 < rank ? Float(1) : 0 }, [1, 6])
    try withScript("def forward(self, x):\n  return x * self.k") {
      try $0.register("k", kept)
    } body: { path in
      let model = try ScriptModel.load(
        path, samples: x, reading: standardising(x), for: .reconstruction)
      #expect(model.input.range == 0...1)
      #expect(model.guesses.isEmpty, "\(model.guesses)")
    }
  }

  private func standardising(_ x: Tensor) -> ScriptReading {
    var reading = ScriptReading()
    let mean = x.mean().item
    let deviation = (x - mean).square().mean().item.squareRoot()
    reading.likelyRanges.append(-mean / deviation...(1 - mean) / deviation)
    return reading
  }

  @Test func noiseIsWorseThanTheMeanAndOneSampleHasNone() throws {
    let x = samples([32, 6])
    #expect(CleanError(samples([32, 6], seed: 9), of: x).isWorseThanMean)
    #expect(!CleanError(x * 0.9 + 0.05, of: x).isWorseThanMean)
    #expect(CleanError(x * Double.nan, of: x).isWorseThanMean)
    #expect(!CleanError(samples([1, 6], seed: 2), of: samples([1, 6])).isWorseThanMean)
    // Half of the variance that two draws have is that of their mean's error, known in closed form.
    let pair = Tensor([Float(0), 1], [2, 1])
    #expect(CleanError(pair, of: pair).mean == 0.5)
  }
}

@Suite struct ModelsTakeCopiesTests {
  /// Scripts that change their input, in every type that a model can compute in and every layout.
  @Test(arguments: [DataType.float16, .bfloat16, .float32, .float64], ScriptInput.Layout.allCases)
  func aModelNeverChangesTheSamples(_ dtype: DataType, _ layout: ScriptInput.Layout) throws {
    let shape = layout == .nhw ? [1, 4, 6] : [.ncl, .nlc].contains(layout) ? [24] : [3, 4, 6]
    let x = samples([5] + shape)
    let before = x.floats
    let source = """
      def forward(self, x):
        x.mul_(0.5).clamp_(0.1, 0.4)
        x[0] = 0.0
        return x + self.w
      def loss(self, x, y):
        x.zero_()
        y.sub_(1.0)
        return (x - y).flatten(1).sum(1)
      def logits(self, x):
        return torch.relu_(x.sub_(0.5)).flatten(1) * self.w
      """
    try withScript(source) {
      try $0.register("w", Tensor([Float(0)], [1]).to(dtype))
    } body: { path in
      for range in [0.0...1.0, -1.0...1.0] {
        for (use, method) in [
          (Output.reconstruction, "forward"), (.embedding, "forward"), (.loss, "loss"), (.logits, "logits"),
        ] {
          let model = try ScriptModel.load(
            path, samples: x, reading: ScriptReading(method: method, layout: layout, range: range), for: use)
          _ = try model.output(use, of: x, original: x)
          _ = try grad(model.output(use, of: x.requiringGrad(), original: x).sum(), [x.requiringGrad()])
          #expect(x.floats == before, "\(use), \(range)")
        }
      }
    }
  }
}

@Suite struct ScriptUseTests {
  @Test(arguments: [
    "def forward(this, x):", "def forward(self, x, flag: bool = False):",
    "def forward(module, x, mask: Optional[Tensor] = None, scale: float = 1.0):",
    "def forward(self, x, lengths: Optional[List[int]] = None, steps: int = 2):",
  ])
  func argumentsWithADefaultAreLeftAlone(_ declaration: String) throws {
    try withScript(declaration + "\n  return x * 2") { path in
      let model = try ScriptModel.load(path, samples: samples([4, 6]), for: .embedding)
      #expect(try model.output(.embedding, of: samples([4, 6])).shape == [4, 6])
    }
  }

  @Test(arguments: [ScriptInput.Layout.ncl, .nlc])
  func rowsGoInAsSequences(_ layout: ScriptInput.Layout) throws {
    let axis = layout == .ncl ? 1 : 2
    let source = "def forward(self, x):\n  assert x.dim() == 3 and x.size(\(axis)) == 1\n  return x * 0.9"
    try withScript(source) { path in
      let model = try ScriptModel.load(path, samples: samples([4, 6]), for: .reconstruction)
      #expect(model.input.layout == layout)
      #expect(try model.output(.reconstruction, of: samples([4, 6])).shape == [4, 6])
    }
  }

  @Test(arguments: [
    ("x.flatten(1)[:, :1]", "no choice between classes"),
    ("x.flatten(1).argmax(1)", "no choice between classes"),
    ("x.unsqueeze(1)[:, :, :2, :2]", "map of classes"), ("torch.complex(x, x).flatten(1)", "complex"),
  ])
  func whatIsNoRowOfLogitsIsRefusedWithItsReason(_ expression: String, _ reason: String) throws {
    try withScript("def forward(self, x):\n  return \(expression)") { path in
      let x = samples([4, 3, 4, 4])
      let model = try ScriptModel.load(path, samples: x, for: .logits)
      let error = #expect(throws: ScriptError.self) { try model.output(.logits, of: x) }
      #expect(error?.problem.contains(reason) == true, "\(error?.problem ?? "")")
      #expect(error?.problem.contains("\n") == false)
    }
  }

  @Test(arguments: [1, 5, 16])
  func aFixedBatchIsNamed(_ size: Int) throws {
    try withScript("def forward(self, x):\n  return x.reshape([\(size), 6]) * 2") { path in
      let error = #expect(throws: ScriptError.self) {
        try ScriptModel.load(path, samples: samples([40, 6]), for: .reconstruction)
      }
      #expect(error?.problem.contains("batches of \(size) samples only") == true, "\(error?.problem ?? "")")
    }
  }

  @Test(arguments: [
    ("x.cuda()", "CUDA"), ("x + torch.zeros([1], device=torch.device('cuda:0'))", "CUDA"),
    ("x + 1\n  assert x.dim() == 4, 'expected 4 axes'", "expected 4 axes"),
  ])
  func aFailureIsOneLineWithItsReason(_ expression: String, _ reason: String) throws {
    try withScript("def forward(self, x):\n  y = \(expression)\n  return y") { path in
      let error = #expect(throws: ScriptError.self) {
        try ScriptModel.load(path, samples: samples([4, 6]), for: .reconstruction)
      }
      #expect(error?.problem.contains(reason) == true, "\(error?.problem ?? "")")
      #expect(error?.problem.contains("\n") == false)
      #expect((error?.description.count ?? 0) < 500)
    }
  }
}
