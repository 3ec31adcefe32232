// The functions that layers and losses are made of.

/// `x [batch, in]`, `weight [out, in]`, `bias [out]` → `[batch, out]`.
public func linear(_ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
  Op.linear.tensor([.tensor(x), .tensor(weight), bias.map(Value.tensor) ?? .none])
}

/// `x [batch, in, height, width]`, `weight [out, in, kernel, kernel]` → `[batch, out, height', width']`.
public func conv2d(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: Int = 1, padding: Int = 0
) -> Tensor {
  Op.conv2d.tensor([
    .tensor(x), .tensor(weight), bias.map(Value.tensor) ?? .none, .ints([stride, stride]),
    .ints([padding, padding]),
  ])
}

/// The channels of a convolution's weight changed about and its kernels turned: with this weight a convolution is the
/// adjoint, in its input, of the one with the given weight. `[out, in, k, k]` → `[in, out, k, k]`.
public func adjoint(ofConvolution weight: Tensor) -> Tensor {
  Op.flip.tensor([.tensor(weight), .ints([2, 3])]).transposed(0, 1)
}

/// The adjoint of ``conv2d(_:_:_:stride:padding:)`` (stride 1) in its input: `x` has the convolution's output channels.
public func convTranspose2d(_ x: Tensor, _ weight: Tensor, padding: Int = 0) -> Tensor {
  Op.convTranspose2d.tensor([.tensor(x), .tensor(weight), .none, .ints([1, 1]), .ints([padding, padding])])
}

/// The largest value of each `size`×`size` window, side by side or at steps of `stride`; the image must have at least one.
public func maxPool2d(_ x: Tensor, _ size: Int, stride: Int? = nil) -> Tensor {
  Op.maxPool2d.tensor([.tensor(x), .ints([size, size]), .ints([stride ?? size, stride ?? size])])
}

/// The mean of each `size`×`size` window, side by side or at steps of `stride`; the image must have at least one.
public func averagePool2d(_ x: Tensor, _ size: Int, stride: Int? = nil) -> Tensor {
  Op.averagePool2d.tensor([.tensor(x), .ints([size, size]), .ints([stride ?? size, stride ?? size])])
}

/// The images `[batch, channels, height, width]` with so many pixels of zeros on every side.
public func zeroPadded(_ x: Tensor, _ pixels: Int) -> Tensor {
  Op.pad.tensor([.tensor(x), .ints([pixels, pixels, pixels, pixels])])
}

/// The images `[batch, channels, height, width]` continued by so many mirrored pixels on every side, fewer than each side has.
public func mirrorPadded(_ x: Tensor, _ pixels: Int) -> Tensor {
  Op.mirror.tensor([.tensor(x), .ints([pixels, pixels, pixels, pixels])])
}

/// The mean squared error over all elements.
public func mseLoss(_ prediction: Tensor, _ target: Tensor) -> Tensor {
  Op.mseLoss.tensor([.tensor(prediction), .tensor(target)])
}

/// The mean binary cross-entropy of probabilities against targets in [0, 1].
public func binaryCrossEntropy(_ probability: Tensor, _ target: Tensor) -> Tensor {
  Op.bce.tensor([.tensor(probability), .tensor(target)])
}

/// The mean binary cross-entropy of logits against targets in [0, 1].
public func binaryCrossEntropy(logits: Tensor, _ target: Tensor) -> Tensor {
  Op.bceLogits.tensor([.tensor(logits), .tensor(target)])
}

/// The mean cross-entropy of `logits [batch, classes]` against class numbers `[batch]`.
public func crossEntropy(_ logits: Tensor, _ labels: Tensor) -> Tensor {
  Op.crossEntropy.tensor([.tensor(logits), .tensor(labels)])
}
