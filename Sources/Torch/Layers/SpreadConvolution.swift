// Convolutions with a single channel on one side, in a form that oneDNN computes at full speed.
//
// A "same" convolution to one channel keeps its vector units idle (7 GFLOP/s here, against 60 to 100 with 8 or 16
// channels). Computing a 4×4 block of its output pixels at a time makes the block the channels: the kernel, shifted to
// each of the 16 places, is one convolution with stride 4, and its 16 channels are the pixels. The sums are the same.

/// The side of a block.
private let block = 4

/// `[out, in, k, k]` → `[out · 16, in, k + 3, k + 3]`: the kernel at each place of a block.
private func spread(_ weight: Tensor) -> Tensor {
  let last = block - 1
  let shifted = (0..<block * block).map { place in
    let (row, column) = (place / block, place % block)
    return Op.pad.tensor([.tensor(weight), .ints([column, last - column, row, last - row])])
  }
  let shape = weight.shape
  return stacked(shifted, 1).reshaped([shape[0] * block * block, shape[1], shape[2] + last, shape[3] + last])
}

/// Whether images of this shape can be cut into blocks.
func isSpreadable(_ shape: [Int]) -> Bool {
  shape.count == 4 && shape[2] % block == 0 && shape[3] % block == 0
}

/// `conv2d` with odd kernel and "same" padding to one channel: `[batch, in, h, w]` → `[batch, 1, h, w]`.
func convolvedToOneChannel(_ x: Tensor, _ weight: Tensor, _ bias: Tensor, padding: Int) -> Tensor {
  let blocks = conv2d(x.channelsLast(), spread(weight).channelsLast(), stride: block, padding: padding)
  return Op.pixelShuffle.tensor([.tensor(blocks), .int(block)]) + bias.reshaped([-1, 1, 1])
}

/// `conv2d` with odd kernel and "same" padding from one channel: `[batch, 1, h, w]` → `[batch, out, h, w]`.
///
/// Written as the adjoint of the form above, so that the backward pass to the input is that fast form.
func convolvedFromOneChannel(_ x: Tensor, _ weight: Tensor, _ bias: Tensor, padding: Int) -> Tensor {
  let blocks = Op.pixelUnshuffle.tensor([.tensor(x), .int(block)])
  return Op.convTranspose2d.tensor([
    .tensor(blocks.channelsLast()), .tensor(spread(adjoint(ofConvolution: weight)).channelsLast()),
    .tensor(bias),
    .ints([block, block]),
    .ints([padding, padding]),
  ])
}
