import Datasets
import Synchronization
import Torch

/// The data sets of a study, each read once for all its cells.
public final class DatasetCache: Sendable {
  /// A set as host arrays and as tensors `[count, …]`.
  public struct Entry: Sendable {
    /// The data set.
    public let dataset: Dataset
    /// Its training samples, on the cache's device.
    public let train: Tensor
    /// Its test samples, on the cache's device.
    public let test: Tensor

    package init(_ dataset: Dataset, device: Device = .cpu) {
      self.dataset = dataset
      train = dataset.train.tensor(on: device)
      test = dataset.test.tensor(on: device)
    }
  }

  private let dataRoot: String?
  /// Where the tensors are, and therefore where cells compute.
  public let device: Device
  private let entries = Mutex<[String: Entry]>([:])

  /// - Parameter dataRoot: the folder that has one folder a set; nil takes the environment's `UAE_DATA`.
  public init(dataRoot: String? = nil, device: Device = .cpu) {
    self.dataRoot = dataRoot
    self.device = device
  }

  /// A cache that has one set already, whatever its name means elsewhere: for data of the user's own.
  public convenience init(_ dataset: Dataset, device: Device = .cpu) {
    self.init(device: device)
    entries.withLock { $0["\(dataset.name)/all"] = Entry(dataset, device: device) }
  }

  /// A set by name, with at most `limit` samples to train on.
  /// - Throws: `DatasetError`; `FormatError` for a damaged file.
  public func load(_ name: String, limit: Int? = nil) throws -> Entry {
    // Loading happens inside the lock, so that two cells never read the same files at a time.
    try entries.withLock { entries in
      let key = "\(name)/\(limit.map(String.init) ?? "all")"
      if let known = entries[key] { return known }
      let dataset = try DatasetLoader.load(name, dataRoot: dataRoot, options: .init(limit: limit))
      let entry = Entry(dataset, device: device)
      entries[key] = entry
      return entry
    }
  }
}
