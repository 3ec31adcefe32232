import ArgumentParser
import Runs

/// Where a command writes what it measures as it goes.
struct LogOptions: ParsableArguments {
  @Option(
    name: .long,
    help:
      "A folder for TensorBoard's events (`tensorboard --logdir DIR`) and metrics.jsonl, a line for each number."
  )
  var logdir: String?

  /// - Parameter folder: the run's own, where it has one.
  func log(_ folder: String?) -> RunLog? {
    guard logdir != nil || folder != nil else { return nil }
    return RunLog(folders: [folder].compactMap { $0 }, logdir: logdir)
  }
}
