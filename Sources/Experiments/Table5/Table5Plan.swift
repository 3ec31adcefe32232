import Models

/// Sizes and settings of Table 5: what `Plans/table5-*.yaml` hold.
package struct Table5Plan: StudyPlan {
  package var name: String
  package var dataset: String
  /// The first training samples, where not all are taken.
  package var samples: Int?
  /// A family of contrastive encoders.
  package var model: String
  package var code: Int
  package var epochs: Int
  package var batchSize: Int
  package var arms: [Table5Arm]
  /// Training seeds, 1…seeds, the same for every arm.
  package var seeds: Int
  /// T, the steps of the attack.
  package var iterations: Int
  /// α, its first step.
  package var alpha: Double
  /// σ of the noise that it starts from.
  package var sigma: Double
  /// κ, the margin by which an example must hold under the views of the search, so that it holds under others.
  package var kappa: Double
  /// The share of the samples of an epoch in which one view is of what was made of the sample.
  package var share: Double

  package static var parts: [PlanPart<Table5Plan>] {
    [
      PlanPart("dataset", "a data set of images with labels") { plan, names in plan.dataset = names.joined()
      },
      PlanPart("arms", "ways of training") { plan, names in
        plan.arms = try names.map { name in
          guard let arm = Table5Arm(rawValue: name) else {
            throw StudyError.settings(
              "unknown arm '\(name)'; known: \(Table5Arm.allCases.map(\.rawValue).joined(separator: ", "))")
          }
          return arm
        }
      },
      .number("epochs", "passes over the data", \.epochs), .number("seeds", "seeds", \.seeds),
    ]
  }

  var part: DataPart { DataPart(dataset, pool: samples) }

  package func validate() throws {
    func require(_ holds: Bool, _ problem: @autoclosure () -> String) throws {
      if !holds { throw StudyError.settings(problem()) }
    }
    try part.validate()
    guard let family = try? ModelFamilies.named(model), family.outputs.contains(.projection) else {
      let known = ModelFamilies.all.filter { $0.outputs.contains(.projection) }.map(\.name)
      throw StudyError.settings("model is '\(model)'; it must be one of \(known.joined(separator: ", "))")
    }
    try require(8...10_000 ~= code, "code is \(code); it must be from 8 to 10000")
    try require(2...100_000 ~= epochs, "epochs is \(epochs); it must be from 2 to 100000")
    try require(2...100_000 ~= batchSize, "batchSize is \(batchSize); it must be from 2 to 100000")
    try require(!arms.isEmpty && Set(arms).count == arms.count, "arms must be some, each once")
    try require(arms.contains(.original), "arms must have 'original', which all others are held against")
    try require(1...1000 ~= seeds, "seeds is \(seeds); it must be from 1 to 1000")
    try require(0...10_000 ~= iterations, "iterations is \(iterations); it must be from 0 to 10000")
    try require(alpha > 0, "alpha is \(alpha); it must be above 0")
    try require(sigma >= 0, "sigma is \(sigma); it must be 0 or more")
    try require(kappa >= 0, "kappa is \(kappa); it must be 0 or more")
    try require(share > 0 && share <= 1, "share is \(share); it must be above 0 and at most 1")
  }
}

/// A way of training an encoder, or a control. All but `repeated` have the same updates, batches, schedule and first weights.
package enum Table5Arm: String, Codable, CaseIterable, Sendable {
  /// Two views of the sample.
  case original
  /// The same for three times as many updates, which is what the published arm with examples had.
  case repeated
  /// One view of x + U(±0.0732): the published examples, which are the random start of a search that never moved.
  case published
  /// One view of x with noise as long as the perturbation of each sample's example.
  case noise
  /// One view of an example made once against the encoder of `original`.
  case uae
  /// The same of an encoder that was never trained.
  case untrained
  /// One view of an example made anew against the model as it trains, after each quarter of the epochs.
  case online
  /// Examples as samples of their own in half as many passes: x and x′ are told apart.
  case appended
  /// A third view, of the example.
  case third
  /// A third view of the sample: the control of `third`.
  case thirdView = "third-view"
  /// A third view moved along the gradient's signs (CLAE), with a second set of batch norms.
  case clae
  /// A third view moved with random signs, with a second set of batch norms: the control of `clae`.
  case signs = "random-signs"
  /// First views mixed with others (i-Mix).
  case mix = "i-mix"
  /// Views that are grey half as often.
  case grey = "less-grey"
  /// The views that a trial on held-out training samples found best.
  case tuned

  /// Whether it needs examples made against the encoder of `original`.
  package var takesExamples: Bool { [.noise, .uae, .appended, .third].contains(self) }
}
