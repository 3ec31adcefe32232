import CTorch
import Foundation

extension Tensor {
  /// These values as a function of `x` whose derivative somebody else computes.
  ///
  /// - Parameters:
  ///   - x: what the values were computed from; where it is not recorded, or nothing is, this tensor comes back as it is.
  ///   - pull: d(loss)/d(x), of x's shape, from d(loss)/d(self); called in the backward pass, if at all.
  /// - Throws: ``TorchError/native(_:)``. What `pull` throws ends the backward pass with its description.
  public func attached(
    to x: Tensor, pull: @escaping @Sendable (Tensor) throws -> Tensor
  ) throws -> Tensor {
    guard isRecording, x.requiresGrad else { return self }
    let box = Unmanaged.passRetained(PullBox(pull))
    var out: ct_tensor?
    try withExtendedLifetime((self, x)) {
      try checked {
        $0.attach(
          raw, x.raw,
          { context, gradient, out, message in
            guard let context, let gradient else { return 1 }
            let box = Unmanaged<PullBox>.fromOpaque(context).takeUnretainedValue()
            do {
              let result = try box.pull(Tensor(owning: gradient))
              // The callee takes a reference of its own before the box lets go of this one.
              box.result = result
              out?.pointee = result.raw
              return 0
            } catch {
              message?.pointee = strdup("\(error)")
              return 1
            }
          },
          { context in context.map { Unmanaged<PullBox>.fromOpaque($0).release() } },
          box.toOpaque(), &out, &$1)
      }
    }
    guard let out else { throw TorchError.unexpectedResult("no tensor was made") }
    return Tensor(owning: out)
  }
}

/// A derivative, and the last gradient that it gave.
private final class PullBox {
  let pull: @Sendable (Tensor) throws -> Tensor
  var result: Tensor?
  init(_ pull: @escaping @Sendable (Tensor) throws -> Tensor) { self.pull = pull }
}
