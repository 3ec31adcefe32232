import Runs

/// Thrown once an interrupted run is safe on disk.
struct Interrupted: Error {
  let code: Int32
}

extension Interrupts {
  /// Does work that ends with a `CancellationError`, once its state is safe, where a stop was asked for.
  /// - Throws: ``Interrupted`` in place of that; what the work throws.
  func guarding<Value>(_ work: () throws -> Value) throws -> Value {
    do { return try work() } catch is CancellationError {
      throw Interrupted(code: requested?.exitCode ?? Interruption.interrupt.exitCode)
    }
  }
}

extension WorkOptions {
  /// The display of a command's work, which also carries the user's wish to stop.
  func progress(_ interrupts: Interrupts, log: RunLog? = nil) -> RunProgress {
    RunProgress(style: style, log: log, isCancelled: { interrupts.requested != nil })
  }
}
