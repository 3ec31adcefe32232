import Torch

extension FeatureSelector {
  /// The concrete autoencoder, its selector with a learning rate of its own.
  public static let concrete = autoencoder(
    "concrete", "the concrete autoencoder, its selector with a learning rate of its own", .direct)

  /// The same with straight-through gradients.
  public static let straightThrough = autoencoder(
    "concrete-st", "the same with straight-through gradients", .straightThrough)

  /// The indirectly parameterised concrete autoencoder.
  public static let indirect = autoencoder(
    "concrete-ip", "the indirectly parameterised concrete autoencoder", .indirect)

  private static func autoencoder(
    _ name: String, _ summary: String, _ form: ConcreteTraining.Form
  ) -> FeatureSelector {
    FeatureSelector(name: name, summary: summary, isTrained: true) { problem in
      let data = problem.trainingData ?? ConcreteData(problem.samples)
      let outcome = try ConcreteRun(
        training: problem.training, form: form, data: data, varying: problem.moments.varying,
        count: problem.count, seed: problem.seed, threads: problem.threads, isCancelled: problem.isCancelled
      ).run()
      let order = ColumnSubset.ranked(outcome.features, problem.moments)
      var choice = Choice(order)
      choice.training = outcome.course
      choice.notes = [outcome.course.text]
      // The decoder takes the features in the order of their rank.
      let rows = order.compactMap(outcome.features.firstIndex)
      choice.decoder = outcome.decoder.map { named in
        guard named.name == "decoder.0.weight" else { return named }
        return NamedTensor(named.name, named.tensor.gathered(rows, 1))
      }
      return choice
    }
  }
}
