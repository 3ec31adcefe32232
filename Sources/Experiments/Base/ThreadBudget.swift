import Synchronization

/// Shares a study's threads among the cells at work: one each, and to a cell that can use more those that are idle.
package final class ThreadBudget: Sendable {
  private let total: Int
  private let busy: Mutex<Int>

  package init(_ total: Int) {
    self.total = total
    busy = Mutex(total)
  }

  /// A worker has no more cells to begin.
  package func retire() { busy.withLock { $0 -= 1 } }

  /// The threads that a cell may keep busy now.
  package var share: Int { max(1, 1 + busy.withLock { (total - $0) / max(1, $0) }) }
}
