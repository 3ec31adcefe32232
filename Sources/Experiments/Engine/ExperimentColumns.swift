import Evaluation
import Formats
import Reports

/// The figures of a training, each declared once: with its digits for programs, one row per cell, and over the seeds of
/// an arm for pages and plots.
extension Column where Row == FinishedCell<Experiment> {
  private static func figure(
    _ title: String, key: String, _ format: NumberFormat = .significant(4),
    _ value: @escaping @Sendable (Experiment.Outcome) -> Double?
  ) -> Column {
    Column(title, key: key, format) { value($0.outcome) }
  }

  static var dataset: Column { Column("data set", key: "dataset") { $0.cell.data.dataset } }
  static var model: Column { Column("model") { $0.cell.model } }
  static var setting: Column { Column("setting") { $0.cell.arm.description } }
  static var seed: Column { Column("seed") { $0.cell.seed } }
  static var trainCount: Column { Column("training samples", key: "train_samples") { $0.outcome.trainCount } }
  static var testCount: Column { Column("test samples", key: "test_samples") { $0.outcome.testCount } }
  static var batchSize: Column { Column("batch", key: "batch_size") { $0.cell.schedule.batchSize } }
  static var steps: Column { Column("steps") { $0.outcome.updates } }

  static var testError: Column { figure("test error", key: "test_error") { $0.trained.test } }
  static var trainError: Column { figure("training error", key: "train_error") { $0.trained.train } }
  static var validationError: Column {
    figure("validation error", key: "validation_error") { $0.trained.validation }
  }
  static var equalTestError: Column {
    figure("test error", key: "test_error_equal_steps") { $0.equalUpdates.test }
  }
  static var equalTrainError: Column {
    figure("training error", key: "train_error_equal_steps") { $0.equalUpdates.train }
  }
  static var overfit: Column {
    figure("test above training", key: "test_above_training", .percent(1)) {
      $0.testError / $0.trained.train - 1
    }
  }
  static var diversity: Column { figure("diversity", key: "diversity") { $0.diversity } }
  static var affinity: Column { figure("affinity", key: "affinity", .percent(1)) { $0.affinity } }

  static var successRate: Column {
    figure("success rate", key: "success_rate", .percent(1)) { $0.examples?.successRate }
  }
  static var l2: Column { figure("‖δ‖₂", key: "delta_l2", .decimals(3)) { $0.examples?.l2 } }
  static var trainedL2: Column { figure("‖δ‖₂", key: "delta_l2", .decimals(2)) { $0.examples?.trainedL2 } }
  static var lInfinity: Column {
    figure("‖δ‖∞", key: "delta_linf", .decimals(3)) { $0.examples?.lInfinity }
  }
  static var nearShare: Column {
    figure("within 0.01·√d", key: "near_share", .percent(1)) { $0.examples?.nearShare }
  }
  static var information: Column {
    figure("exact I (nats)", key: "exact_information", .decimals(2)) { $0.examples?.information }
  }
  static var similarity: Column { figure("similarity", key: "similarity") { $0.examples?.similarity } }

  static var trainingSeconds: Column {
    figure("seconds to train", key: "training_seconds", .decimals(1)) { $0.trainingSeconds }
  }
  static var attackSeconds: Column {
    figure("to make examples", key: "attack_seconds", .decimals(1)) { $0.attackSeconds }
  }
  static var attackMilliseconds: Column {
    figure("ms per sample", key: "attack_milliseconds", .decimals(2)) {
      $0.attackSeconds * 1000 / Double($0.trainCount)
    }
  }

  static var noisy: Column { figure("noisy", key: "noisy_error") { $0.robustness?.noisy } }
  static var occluded: Column { figure("occluded", key: "occluded_error") { $0.robustness?.occluded } }
  static var shifted: Column { figure("shifted", key: "shifted_error") { $0.robustness?.shifted } }
  static var attacked: Column {
    figure("attacked: success rate", key: "test_samples_attacked_success_rate", .percent(1)) {
      $0.robustness?.attacked
    }
  }
  static var attackedL2: Column {
    figure("attacked: ‖δ‖₂", key: "test_samples_attacked_delta_l2") { $0.robustness?.attackedL2 }
  }

  /// Mean and spread over the seeds of an arm that have the figure.
  func overSeeds() -> Column<ArmCells> {
    let figure = self
    return Column<ArmCells>(title, key: key, format) { arm in
      try? Summary(arm.cells.map { figure.number($0) }.filter(\.isFinite))
    }
  }

  /// The mean over the seeds alone.
  func meanOverSeeds() -> Column<ArmCells> {
    let figure = self
    return Column<ArmCells>(title, key: key, format) { arm in
      (try? Summary(arm.cells.map { figure.number($0) }.filter(\.isFinite)))?.mean
    }
  }
}
