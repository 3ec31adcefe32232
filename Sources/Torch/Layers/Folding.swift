extension Sequential {
  /// The same in evaluation mode, for as long as no weight changes: batch norms are part of the weights of the layers before
  /// them, which saves a pass over their outputs each. Its parameters are copies that are not trained.
  public func folded() -> Sequential { withoutGrad { Sequential(name, Self.folded(layers)) } }

  fileprivate static func folded(_ layers: [any Layer]) -> [any Layer] {
    var folded: [any Layer] = []
    for layer in layers {
      switch (folded.last, layer) {
      case (let before as Conv2d, let norm as BatchNorm):
        let (weight, bias) = norm.folded(into: before.weight, before.bias)
        folded[folded.count - 1] = Conv2d(
          weight: weight.channelsLast(), bias: bias, stride: before.stride, padding: before.padding)
      case (let before as Linear, let norm as BatchNorm):
        let (weight, bias) = norm.folded(into: before.weight, before.bias)
        folded[folded.count - 1] = Linear(weight: weight, bias: bias)
      case (_, let block as Residual): folded.append(block.folded())
      default: folded.append(layer)
      }
    }
    return folded
  }
}

extension Residual {
  fileprivate func folded() -> Residual {
    Residual(Sequential.folded(body.layers), shortcut: Sequential.folded(shortcut.layers))
  }
}

extension BatchNorm {
  /// Weight `[outputs, …]` and bias of a layer that gives in one step what it and the norm behind it give by running statistics.
  fileprivate func folded(into weight: Tensor, _ bias: Tensor?) -> (weight: Tensor, bias: Tensor) {
    let type = weight.dtype
    func exact(_ values: Tensor) -> Tensor { values.detached().to(.float64) }
    let scale = exact(self.weight) / (exact(runningVariance) + Self.epsilon).sqrt()
    let shift = (bias.map(exact) ?? Tensor(0).to(.float64)) - exact(runningMean)
    let axes = [weight.shape[0]] + [Int](repeating: 1, count: weight.shape.count - 1)
    return (
      (exact(weight) * scale.reshaped(axes)).to(type), (shift * scale + exact(self.bias)).to(type)
    )
  }
}
