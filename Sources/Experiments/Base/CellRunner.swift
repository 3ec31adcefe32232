import Formats
import Foundation
import Runs
import Synchronization
import Torch

/// Independent cells and the folder that keeps their outcomes.
///
/// Finished cells are skipped, the others run in any order on any number of workers and processes; what was stopped or
/// killed goes on where it was.
public struct CellRunner<Cell: StudyCell>: Sendable {
  /// What is to be computed.
  public let cells: [Cell]
  /// Where finished cells are kept.
  public let store: CellStore

  /// - Parameter cells: those that are there twice count once.
  /// - Throws: `EncodingError`.
  public init(store: CellStore, cells: [Cell]) throws {
    var seen: Set<Data> = []
    self.cells = try cells.filter { seen.insert(try JSON.encoder().encode($0)).inserted }
    self.store = store
  }

  /// Those of the cells that are finished, in their order.
  public func finished() throws -> [FinishedCell<Cell>] { try cells.compactMap { try store.finished($0) } }

  /// Runs every cell that is not finished.
  ///
  /// - Parameters:
  ///   - workers: how many cells run at a time, each on one thread; cells whose work can be divided take idle ones too.
  ///   - title: what the progress calls the cells.
  ///   - progress: asked between and inside cells whether to stop.
  /// - Throws: ``StudyError/failed(cells:first:)`` after all others are done; `CancellationError`.
  public func run(
    workers: Int, title: String = "cells", progress: RunProgress = RunProgress()
  ) throws {
    let queue = Mutex(try cells.filter { try store.finished($0) == nil }.map { Open(cell: $0) })
    let failures = Mutex<[(label: String, message: String)]>([])
    let open = queue.withLock(\.count)
    progress.begin(title, cells.count, done: cells.count - open)
    if open < cells.count {
      progress.note("\(cells.count - open) of \(cells.count) cells are finished already")
    }
    let threads = ThreadBudget(workers)
    for _ in 0..<max(0, workers - open) { threads.retire() }
    onThreads(min(workers, open)) { _ in
      LibTorch.setThreads(1)
      defer { threads.retire() }
      // Cells in a row that another process had.
      var passed = 0
      while !progress.isCancelled(), let next = queue.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
        let cell = next.cell
        do {
          let context = CellContext(
            store: store, data: store.data, provenance: try store.provenance(of: cell),
            scratch: try store.scratch(of: cell), waits: next.waits, budget: threads,
            note: progress.note, isCancelled: progress.isCancelled)
          switch try perform(cell, context) {
          case .done(let seconds):
            passed = 0
            let time = seconds?.durationText ?? "by another process"
            progress.advance(1, "\(cell.label): \(time)", always: true)
          case .elsewhere:
            // Another process has it: look again once all others were looked at, in case that process dies.
            let others = queue.withLock { others in
              others.append(next)
              return others.count
            }
            passed += 1
            if passed >= others {
              Thread.sleep(forTimeInterval: 0.5)
              passed = 0
            }
          }
        } catch is CellStore.MadeElsewhere {
          // Others first; once its turn comes again it waits, so that no cell begins more than twice.
          queue.withLock { $0.append(Open(cell: cell, waits: true)) }
        } catch is CancellationError {
          return
        } catch {
          progress.warn("\(cell.label): \(error)")
          failures.withLock { $0.append((cell.label, "\(error)")) }
        }
      }
    }
    if progress.isCancelled() { throw CancellationError() }
    let failed = failures.withLock { $0 }
    if let first = failed.first { throw StudyError.failed(cells: failed.map(\.label), first: first.message) }
  }

  private struct Open {
    var cell: Cell
    /// Whether it waits for a file that another cell is making.
    var waits = false
  }

  private enum Performed {
    case done(seconds: Double?)
    case elsewhere
  }

  private func perform(_ cell: Cell, _ context: CellContext) throws -> Performed {
    guard let claim = try store.claim(cell) else { return .elsewhere }
    defer { withExtendedLifetime(claim) {} }
    // Another process may have finished it since the queue was made.
    if try store.finished(cell) != nil { return .done(seconds: nil) }
    let start = ContinuousClock.now
    let outcome = try cell.run(context)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    try store.write(cell, outcome, seconds: seconds)
    try? FileManager.default.removeItem(atPath: context.scratch)
    return .done(seconds: seconds)
  }
}
