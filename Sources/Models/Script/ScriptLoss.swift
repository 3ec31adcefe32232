import Torch

extension ScriptModel {
  /// A loss that the script computes itself: ℓ(x′, x) `[batch]` from a method that takes a batch, or a batch and the
  /// originals.
  ///
  /// The method returns one value per sample, `[batch]` or `[batch, 1]`. A single number for a whole batch would mix the
  /// samples, so such a method is called with one sample at a time.
  /// - Throws: ``ScriptError`` where the method returns something else.
  func loss(_ perturbed: Tensor, _ original: Tensor) throws -> Tensor {
    func value(_ x: Tensor, _ clean: Tensor) throws -> Tensor {
      let x = Value.tensor(input.encode(x))
      return try tensor(takesOriginals ? [x, .tensor(input.encode(clean))] : [x], as: perturbed.dtype)
    }
    let count = perturbed.shape[0]
    let losses = try value(perturbed, original)
    if losses.count == count, losses.shape.isEmpty || losses.shape[0] == count {
      return losses.reshaped([count])
    }
    guard losses.count == 1 else {
      throw ScriptError(
        path,
        "'\(method)' gives the shape \(losses.shape) for \(count) samples; a loss is one value per sample")
    }
    return concatenated(
      try (0..<count).map { try value(perturbed[$0..<$0 + 1], original[$0..<$0 + 1]).reshaped([1]) })
  }
}
