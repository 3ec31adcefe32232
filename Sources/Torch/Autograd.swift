import CTorch

extension Tensor {
  /// Whether operations on this tensor are recorded for differentiation.
  public var requiresGrad: Bool { Library.api.requires_grad(raw) != 0 }

  /// The same values, without history, recorded from here on.
  public func requiringGrad(_ value: Bool = true) -> Tensor {
    let fresh = detached()
    orTrap { try checked { $0.set_requires_grad(fresh.raw, value ? 1 : 0, &$1) } }
    return fresh
  }

  /// The gradient that ``backward(retainGraph:)`` left on this leaf.
  public var gradient: Tensor? {
    get { Library.api.gradient(raw).map(Tensor.init(owning:)) }
    nonmutating set { orTrap { try checked { $0.set_gradient(raw, newValue?.raw, &$1) } } }
  }

  /// Adds d(self)/d(leaf) to the gradient of every leaf; self has one element.
  /// - Throws: ``TorchError/native(_:)`` where nothing was recorded.
  public func backward(retainGraph: Bool = false) throws {
    try checked { $0.backward(raw, nil, retainGraph ? 1 : 0, &$1) }
  }
}

/// d(output)/d(inputs), `nil` for an input that the output does not depend on.
///
/// `outputGradient` weights the output's elements; a scalar output needs none.
/// - Throws: ``TorchError/native(_:)`` where nothing was recorded.
public func grad(
  _ output: Tensor, _ inputs: [Tensor], outputGradient: Tensor? = nil, retainGraph: Bool = false,
  createGraph: Bool = false
) throws -> [Tensor?] {
  var results = [ct_tensor?](repeating: nil, count: inputs.count)
  let outputs: [ct_tensor?] = [output.raw]
  let weights: [ct_tensor?] = [outputGradient?.raw]
  let raws: [ct_tensor?] = inputs.map(\.raw)
  try withExtendedLifetime((output, inputs, outputGradient)) {
    try checked { api, message in
      weights.withUnsafeBufferPointer { w in
        api.grad(
          outputs, 1, raws, Int64(raws.count), outputGradient == nil ? nil : w.baseAddress,
          retainGraph || createGraph ? 1 : 0, createGraph ? 1 : 0, &results, &message)
      }
    }
  }
  return results.map { $0.map(Tensor.init(owning:)) }
}

/// d(output)/d(inputs), zeros for an input that the output does not depend on.
///
/// - Throws: ``TorchError/native(_:)`` where nothing was recorded.
package func gradOrZeros(
  _ output: Tensor, _ inputs: [Tensor], outputGradient: Tensor? = nil
) throws -> [Tensor] {
  zip(inputs, try grad(output, inputs, outputGradient: outputGradient)).map { input, gradient in
    gradient ?? Tensor.zeros(input.shape, dtype: input.dtype, device: input.device)
  }
}

/// Whether operations are recorded on this thread.
public var isRecording: Bool { Library.api.grad_mode() != 0 }

/// Runs the body without recording.
public func withoutGrad<Result>(_ body: () throws -> Result) rethrows -> Result {
  try withGradMode(0, body)
}

/// Runs the body recording, also inside ``withoutGrad(_:)``.
public func withGrad<Result>(_ body: () throws -> Result) rethrows -> Result {
  try withGradMode(1, body)
}

private func withGradMode<Result>(_ mode: Int32, _ body: () throws -> Result) rethrows -> Result {
  let api = Library.api
  let before = api.grad_mode()
  api.set_grad_mode(mode)
  defer { api.set_grad_mode(before) }
  return try body()
}
