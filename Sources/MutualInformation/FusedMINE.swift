import CTorch
import Torch

/// The vanilla network in the native kernel: one sample at a time through all its steps, weights and moments in cache.
public final class FusedMINE: MINEEstimator {
  /// The instruction set whose kernel runs: the processor's best, or one asked for by name to compare.
  public enum InstructionSet: String, CaseIterable, Sendable {
    /// 512-bit vectors of x86.
    case avx512
    /// 256-bit vectors of x86.
    case avx2
    /// What every machine has.
    case baseline
  }

  private let native: NativeMINE
  private let kernel: cm_advance
  private let configuration: cm_configuration
  private let seed: UInt64
  private let indices: [UInt64]
  private let stateStride: Int
  private let memory: AlignedFloats
  private var steps = 0

  /// - Throws: ``MINEError`` for a configuration that makes no sense or an instruction set that this processor lacks,
  ///   `TorchError` where the native library cannot be opened.
  public init(
    _ configuration: MINE.Configuration, views: Int, dimension: Int, seed: UInt64, indices: [Int],
    instructionSet: InstructionSet? = nil
  ) throws {
    try configuration.validate()
    precondition(views >= 1 && dimension >= 1, "MINE needs at least one view of at least one value")
    native = try NativeMINE()
    kernel = try native.kernel(instructionSet)
    var c = cm_configuration(
      views: Int64(views), dimension: Int64(dimension), hidden: Int64(configuration.hiddenUnits),
      learning_rate: configuration.learningRate, beta1: configuration.beta1, beta2: configuration.beta2,
      epsilon: configuration.epsilon)
    self.configuration = c
    self.seed = seed
    self.indices = indices.map { UInt64(bitPattern: Int64($0)) }
    // Whole cache lines, so that every sample's state starts on one.
    stateStride = (Int(native.table.state_floats(&c)) + 15) / 16 * 16
    memory = AlignedFloats(stateStride * indices.count + Int(native.table.scratch_floats(&c)))
    for (i, index) in self.indices.enumerated() {
      native.table.initialise(&c, memory.start + i * stateStride, seed, index)
    }
  }

  public func advance(_ x: Tensor, _ y: Tensor, steps count: Int) -> MINE.Estimate {
    let shape = [indices.count, Int(configuration.views), Int(configuration.dimension)]
    precondition(
      x.shape == shape && y.shape == shape, "MINE for views \(shape) was given \(x.shape), \(y.shape)")
    let values = Tensor.empty([shape[0]]), gradient = Tensor.empty(shape)
    let scratch = memory.start + indices.count * stateStride
    let sample = shape[1] * shape[2]
    var c = configuration
    x.detached().contiguous().withFloats { x in
      y.detached().contiguous().withFloats { y in
        values.withFloats { values in
          gradient.withFloats { gradient in
            guard let x = x.baseAddress, let y = y.baseAddress, let values = values.baseAddress,
              let gradient = gradient.baseAddress
            else { return }
            for (i, index) in indices.enumerated() {
              kernel(
                &c, memory.start + i * stateStride, scratch, x + i * sample, y + i * sample, Int64(count),
                Int64(steps), seed, index, values + i, gradient + i * sample)
            }
          }
        }
      }
    }
    steps += count
    return MINE.Estimate(values: values, gradient: gradient)
  }

  /// W_x `[H, D]`, W_y `[H, D]`, b `[H]`, v `[H]` of one of the samples, one after the other.
  package func parameters(of position: Int) -> [Float] {
    let count = 2 * Int(configuration.hidden) * (Int(configuration.dimension) + 1)
    var c = configuration
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      native.table.parameters(&c, memory.start + position * stateStride, buffer.baseAddress)
      initialized = count
    }
  }

  /// The instruction set that ``MINE/estimator(_:views:viewShape:seed:indices:device:)`` uses here.
  /// - Throws: `TorchError` where the native library cannot be opened.
  public static func bestInstructionSet() throws -> String {
    String(cString: try NativeMINE().table.instruction_set)
  }
}

/// The kernel's entry points in the native library.
private struct NativeMINE {
  let table: cm_api

  init() throws {
    try LibTorch.load()
    guard let symbol = ct_symbol(CM_API_SYMBOL) else {
      throw TorchError.library("it has no symbol \(CM_API_SYMBOL); run ./uae to build it anew")
    }
    typealias Table = @convention(c) () -> UnsafePointer<cm_api>
    table = unsafeBitCast(symbol, to: Table.self)().pointee
    guard table.version == CM_API_VERSION else {
      throw TorchError.library(
        "its MINE has version \(table.version), this program needs \(CM_API_VERSION); run ./uae to build it anew"
      )
    }
  }

  func kernel(_ instructionSet: FusedMINE.InstructionSet?) throws -> cm_advance {
    guard let instructionSet else { return table.advance }
    guard let kernel = table.kernel(instructionSet.rawValue) else {
      throw MINEError(
        description: "MINE's kernel for \(instructionSet.rawValue) cannot run on this processor")
    }
    return kernel
  }
}

/// Zeroed memory on cache-line borders.
private final class AlignedFloats {
  let start: UnsafeMutablePointer<Float>

  init(_ count: Int) {
    let bytes = max(count, 1) * MemoryLayout<Float>.stride
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    start = raw.initializeMemory(as: Float.self, repeating: 0, count: max(count, 1))
  }

  deinit { UnsafeMutableRawPointer(start).deallocate() }
}
