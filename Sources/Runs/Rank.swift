/// Which of several processes this one is; each makes shards of its own in one shared run directory.
public struct Rank: Sendable, Equatable, CustomStringConvertible {
  /// 0 ≤ index < count.
  public let index: Int
  /// The number of processes, the world size.
  public let count: Int
  /// Where the two numbers came from, as shown to the user.
  public let source: String

  /// The only process.
  public static let only = Rank(unchecked: 0, of: 1, source: "one process")

  private init(unchecked index: Int, of count: Int, source: String) {
    self.index = index
    self.count = count
    self.source = source
  }

  /// - Throws: `RunError.rank` unless 0 ≤ index < count.
  public init(_ index: Int, of count: Int, source: String = "--rank, --world-size") throws(RunError) {
    guard count > 0, count <= 1 << 20, index >= 0, index < count else {
      throw .rank("rank \(index) of \(count) (\(source)): ranks count from 0 and are below the world size")
    }
    self.init(unchecked: index, of: count, source: source)
  }

  /// The rank given by flags, or else by the launcher's environment: torchrun (`RANK`, `WORLD_SIZE`), OpenMPI
  /// (`OMPI_COMM_WORLD_RANK`, `_SIZE`), Slurm's srun (`SLURM_PROCID`, `SLURM_NTASKS`), or a Kubernetes indexed job
  /// (`JOB_COMPLETION_INDEX`, with `WORLD_SIZE` or `--world-size`). Without any: one process.
  ///
  /// - Throws: `RunError.rank` for half a pair, a value that is not a number, or a rank outside the world.
  public init(
    rank: Int? = nil, worldSize: Int? = nil, environment: [String: String]
  ) throws(RunError) {
    func number(_ name: String) throws(RunError) -> Int? {
      guard let text = environment[name], !text.isEmpty else { return nil }
      guard let value = Int(text) else { throw .rank("\(name) is '\(text)', which is not a whole number") }
      return value
    }
    func both(
      _ index: Int?, _ count: Int?, _ names: (String, String)
    ) throws(RunError) -> Rank? {
      switch (index, count) {
      case (nil, nil): return nil
      case (let index?, let count?): return try Rank(index, of: count, source: "\(names.0), \(names.1)")
      case (_?, nil): throw .rank("\(names.0) is given without \(names.1): give both, or neither")
      case (nil, _?): throw .rank("\(names.1) is given without \(names.0): give both, or neither")
      }
    }

    let jobIndex = try number("JOB_COMPLETION_INDEX")
    if rank != nil || (worldSize != nil && jobIndex == nil) {
      self = try both(rank, worldSize, ("--rank", "--world-size")) ?? .only
    } else if let jobIndex, let count = try worldSize != nil ? worldSize : number("WORLD_SIZE"),
      environment["RANK"] == nil
    {
      self = try Rank(jobIndex, of: count, source: "JOB_COMPLETION_INDEX, world size")
    } else if let pair = try both(number("RANK"), number("WORLD_SIZE"), ("RANK", "WORLD_SIZE")) {
      self = pair
    } else if let pair = try both(
      number("OMPI_COMM_WORLD_RANK"), number("OMPI_COMM_WORLD_SIZE"),
      ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"))
    {
      self = pair
    } else if let index = try number("SLURM_PROCID") {
      self = try both(index, number("SLURM_NTASKS"), ("SLURM_PROCID", "SLURM_NTASKS")) ?? .only
    } else if jobIndex != nil {
      throw .rank(
        "JOB_COMPLETION_INDEX is set without the number of jobs: pass --world-size or set WORLD_SIZE")
    } else {
      self = .only
    }
  }

  public var description: String { count == 1 ? "one process" : "rank \(index) of \(count) (\(source))" }
}
