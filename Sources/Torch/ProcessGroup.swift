import CTorch
import Foundation

/// Processes that do one thing together. All of them call the same functions in the same order.
public protocol ProcessGroup: Sendable {
  /// This process's number, from 0.
  var rank: Int { get }
  /// How many processes there are.
  var count: Int { get }
  /// The sums of the values over all processes, the same to the bit in each.
  func sum(_ values: [Float]) throws -> [Float]
}

extension ProcessGroup {
  /// The sum of a tensor over all processes, with its derivative: what every process makes of the sum depends on the values of each.
  ///
  /// - Parameter x: of the same shape in every process, float32.
  /// - Throws: ``TorchError``; what ``sum(_:)`` throws, also in the backward pass.
  public func sum(_ x: Tensor) throws -> Tensor {
    try summed(x).attached(to: x) { try summed($0) }
  }

  private func summed(_ x: Tensor) throws -> Tensor {
    Tensor(try sum(x.detached().floats), x.shape).to(x.dtype).to(x.device)
  }

  /// The rows of all processes, one after the other `[total, …]`, from this one's share of them. The derivative is that of this
  /// process's rows alone.
  ///
  /// - Parameters:
  ///   - rows: `[share.count, …]`.
  ///   - share: where they stand.
  public func gather(_ rows: Tensor, at share: Range<Int>, of total: Int) throws -> Tensor {
    func zeros(_ count: Int) -> Tensor {
      Tensor.zeros([count] + rows.shape.dropFirst(), dtype: rows.dtype, device: rows.device)
    }
    let own = concatenated([zeros(share.lowerBound), rows, zeros(total - share.upperBound)])
    let others = Tensor(try sum(own.detached().floats), own.shape).to(rows.dtype).to(rows.device)
    return own + (others - own.detached())
  }

  /// The rows that are this process's of so many: as many as anyone's, or one more.
  public func share(of total: Int) -> Range<Int> { total * rank / count..<total * (rank + 1) / count }
}

/// What is wrong with the processes' connection, in one line.
public struct ProcessGroupError: Error, Equatable, CustomStringConvertible {
  public let description: String
  /// - Parameter description: the line.
  public init(_ description: String) { self.description = description }
}

/// The processes that `mpirun` started.
public struct MPI: ProcessGroup {
  public let rank: Int
  /// How many processes `mpirun` started.
  public let count: Int

  /// Begins with OpenMPI's library, which is opened only now.
  ///
  /// - Parameter path: the library's file; nil for the system's.
  /// - Throws: ``ProcessGroupError`` in one line.
  public init(library path: String? = nil) throws {
    var (rank, count) = (Int32(0), Int32(1))
    try Self.check(mpi_begin(path, &rank, &count))
    self.rank = Int(rank)
    self.count = Int(count)
  }

  public func sum(_ values: [Float]) throws -> [Float] {
    var sums = values
    try Self.check(sums.withUnsafeMutableBufferPointer { mpi_sum($0.baseAddress, Int64($0.count)) })
    return sums
  }

  /// To be called once all is done; a process that ends without has the others ended too.
  public func end() { mpi_end() }

  private static func check(_ problem: UnsafeMutablePointer<CChar>?) throws {
    guard let problem else { return }
    defer { free(problem) }
    throw ProcessGroupError(String(cString: problem))
  }
}
