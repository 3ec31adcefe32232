/// What long work says while it goes on; a program shows it as it likes.
public struct StageReport: Sendable {
  /// A stage begins: its title and the number of units that it will do.
  public var begin: @Sendable (_ stage: String, _ total: Int) -> Void
  /// Some units are done; the detail says how it goes (a loss, a success rate).
  public var advance: @Sendable (_ units: Int, _ detail: String) -> Void
  /// Something worth a line of its own.
  public var note: @Sendable (String) -> Void
  /// Asked often: whether to stop as soon as the state is safe.
  public var isCancelled: @Sendable () -> Bool

  public init(
    begin: @escaping @Sendable (String, Int) -> Void = { _, _ in },
    advance: @escaping @Sendable (Int, String) -> Void = { _, _ in },
    note: @escaping @Sendable (String) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.begin = begin
    self.advance = advance
    self.note = note
    self.isCancelled = isCancelled
  }
}
