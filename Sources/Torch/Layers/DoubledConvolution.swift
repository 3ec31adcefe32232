// A convolution behind a doubling of the pixels, computed on the small image.
//
// Of the k×k pixels that a kernel meets in a doubled image, whole blocks are copies of one pixel. Adding up the weights
// that meet the same pixel leaves, for each of the four places in an output block, a kernel of about half the side (36
// products for 5×5 instead of 100), and the large image need not exist. The sums are the same.

/// The convolution of an image with every pixel doubled: `[batch, in, h, w]` → `[batch, out, 2h, 2w]`.
public struct DoubledConv2d: Layer {
  /// Of stride 1, with an odd kernel and sizes kept.
  private let convolution: Conv2d
  private var weight: Tensor { convolution.weight }
  private let bias: Tensor
  private var padding: Int { convolution.padding }

  /// The convolution of an image doubled in size, with the weights of another.
  public init(_ convolution: Conv2d) {
    precondition(
      convolution.stride == 1 && convolution.weight.shape[3] == 2 * convolution.padding + 1,
      "only convolutions that keep the size are computed on the small image")
    guard let bias = convolution.bias else {
      preconditionFailure("only convolutions with a bias are computed on the small image")
    }
    self.convolution = convolution
    self.bias = bias
  }

  public var parameters: [NamedTensor] { convolution.parameters }

  public func write(_ script: inout ScriptMethod, as name: String) {
    for axis in [2, 3] { script.apply("repeat_interleave", "self_int", script.present, .int(2), .int(axis)) }
    convolution.write(&script, as: name)
  }

  public func callAsFunction(_ x: Tensor, _ pass: inout Pass) -> Tensor {
    let outputs = weight.shape[0]
    let biases = bias.reshaped([outputs, 1]).expanded([outputs, 4]).reshaped([-1])
    let places = conv2d(
      x.channelsLast(), doubled(weight).channelsLast(), biases, padding: (padding + 1) / 2)
    return Op.pixelShuffle.tensor([.tensor(places), .int(2)])
  }

  /// `[out, in, k, k]` → `[out · 4, in, m, m]`: the kernel of each place, row by row.
  private func doubled(_ weight: Tensor) -> Tensor {
    let (kernel, reach) = (weight.shape[3], (padding + 1) / 2)
    let side = 2 * reach + 1
    // sums[place][offset][u]: whether weight u meets, from that place of a block, the pixel at that offset.
    var sums = [Float](repeating: 0, count: 2 * side * kernel)
    for place in 0..<2 {
      for u in 0..<kernel {
        let offset = ((place + u - padding + 2 * reach) >> 1) - reach
        sums[(place * side + offset + reach) * kernel + u] = 1
      }
    }
    let sum = Tensor(sums, [2 * side, kernel]).to(weight.device).transposed()
    let columns = matmul(weight, sum)  // [out, in, k, (column's place, offset)]
    // [out, in, (column's place, offset), (row's place, offset)]
    let both = matmul(columns.transposed(), sum)
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    return both.reshaped([outputs, inputs, 2, side, 2, side]).permuted([0, 4, 2, 1, 5, 3])
      .reshaped([outputs * 4, inputs, side, side])
  }
}
