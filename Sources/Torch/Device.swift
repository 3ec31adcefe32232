import CTorch

/// Where tensors live, numbered as ATen's `DeviceType`.
public struct Device: Hashable, Sendable, CustomStringConvertible {
  let type: Int32
  let index: Int

  package init(type: Int32, index: Int) {
    self.type = type
    self.index = index
  }

  /// The host.
  public static let cpu = Device(type: 0, index: -1)
  /// Apple's graphics processor.
  public static let mps = Device(type: 13, index: 0)
  /// The `index`-th CUDA device.
  public static func cuda(_ index: Int = 0) -> Device { Device(type: 1, index: index) }

  /// The devices that can be used here, the host first.
  public static var available: [Device] {
    let api = Library.api
    return [.cpu] + (0..<Int(api.cuda_devices())).map(cuda) + (api.has_mps() != 0 ? [.mps] : [])
  }

  public var description: String {
    switch type {
    case 0: return "cpu"
    case 1: return "cuda:\(index)"
    case 13: return "mps"
    default: return "device(\(type):\(index))"
    }
  }
}

/// LibTorch as a whole.
public enum LibTorch {
  /// Opens the native library, or says why it cannot be had.
  /// - Throws: ``TorchError/library(_:)``.
  public static func load() throws { _ = try Library.loaded.get() }

  /// LibTorch's version, such as `2.13.0`.
  public static var version: String { Library.api.torch_version().map { String(cString: $0) } ?? "unknown" }

  /// The threads that one LibTorch operator may use when called from the current thread.
  public static var threads: Int { Int(Library.api.threads()) }

  /// Lets the process keep the memory of freed tensors: each step of a training or an attack frees what the next one takes
  /// again, and the pages of new blocks cost up to a sixth of a training's time. For programs; a library leaves the choice to
  /// the program that uses it.
  public static func keepFreedMemory() { ct_keep_freed_memory() }

  /// Sets the threads that one LibTorch operator may use when called from the current thread; threads that never said take
  /// the number that any thread said last.
  public static func setThreads(_ count: Int) { Library.api.set_threads(Int32(count)) }

  /// Does something with another number of threads per operator. Sums over other numbers of threads differ in the last bits,
  /// so whatever must come out the same says its number.
  public static func withThreads<Result>(_ count: Int, _ body: () throws -> Result) rethrows -> Result {
    let before = threads
    setThreads(count)
    defer { setThreads(before) }
    return try body()
  }
}

extension Device {
  /// A device by name: `cpu`, `cuda`, `cuda:N`, `mps`, or `auto` for the fastest that is here.
  /// - Throws: ``TorchError/device(_:)`` where there is no such device.
  public init(parsing name: String) throws {
    let here = Self.available
    if name == "auto" {
      self = here.last ?? .cpu
      return
    }
    let wanted = name == "cuda" ? "cuda:0" : name
    guard let device = here.first(where: { $0.description == wanted }) else {
      throw TorchError.device(
        "there is no device '\(name)' here; there are auto, \(here.map(\.description).joined(separator: ", "))"
      )
    }
    self = device
  }
}
