// Shapes, slices, types and devices.

extension Tensor {
  /// The same elements in another shape; one length may be -1.
  public func reshaped(_ shape: [Int]) -> Tensor { Op.reshape.tensor([.tensor(self), .ints(shape)]) }
  /// `[batch, …]` → `[batch, elements of a sample]`.
  public func flattened() -> Tensor { reshaped([shape[0], -1]) }
  /// The dimensions in another order; the elements are shared.
  public func permuted(_ order: [Int]) -> Tensor { Op.permute.tensor([.tensor(self), .ints(order)]) }
  /// Two dimensions exchanged; the elements are shared.
  public func transposed(_ a: Int = -2, _ b: Int = -1) -> Tensor {
    Op.transpose.tensor([.tensor(self), .int(a), .int(b)])
  }
  /// A new dimension of length 1.
  public func unsqueezed(_ dimension: Int) -> Tensor {
    Op.unsqueeze.tensor([.tensor(self), .int(dimension)])
  }
  /// Dimensions of length 1 repeated to a shape; the elements are shared.
  public func expanded(_ shape: [Int]) -> Tensor { Op.expand.tensor([.tensor(self), .ints(shape)]) }
  /// `[batch]` → `[batch, 1, …]`, so that one number a sample broadcasts over `other`'s elements.
  public func perSample(like other: Tensor) -> Tensor {
    reshaped([shape[0]] + Array(repeating: 1, count: other.shape.count - 1))
  }

  /// The `index`-th element of the first dimension.
  public subscript(_ index: Int) -> Tensor { Op.select.tensor([.tensor(self), .int(0), .int(index)]) }
  /// A range of the first dimension.
  public subscript(_ range: Range<Int>) -> Tensor { sliced(0, range) }
  /// A range of a dimension.
  public func sliced(_ dimension: Int, _ range: Range<Int>) -> Tensor {
    Op.slice.tensor([.tensor(self), .int(dimension), .int(range.lowerBound), .int(range.upperBound)])
  }
  /// One index of a dimension, which disappears.
  public func selected(_ dimension: Int, _ index: Int) -> Tensor {
    Op.select.tensor([.tensor(self), .int(dimension), .int(index)])
  }
  /// The listed entries of a dimension.
  public func gathered(_ indices: [Int], _ dimension: Int = 0) -> Tensor {
    let index = Tensor(indices, [indices.count]).to(device)
    return Op.indexSelect.tensor([.tensor(self), .int(dimension), .tensor(index)])
  }
  /// The columns at the places that a tensor of whole numbers lists: `[n, d]` → `[n, k]`.
  public func columns(_ places: Tensor) -> Tensor {
    Op.indexSelect.tensor([.tensor(self), .int(1), .tensor(places.to(.int64))])
  }
  /// `result[i][j] = self[i][index[i][j]]` (for dimension 1), as `torch.gather`.
  public func gathered(_ dimension: Int, index: Tensor) -> Tensor {
    Op.gather.tensor([.tensor(self), .int(dimension), .tensor(index)])
  }

  /// The same values without history.
  public func detached() -> Tensor { Op.detach.tensor([.tensor(self)]) }
  /// A copy with storage of its own.
  public func cloned() -> Tensor { Op.clone.tensor([.tensor(self)]) }
  /// The same elements row-major in memory, itself where they are so already.
  public func contiguous() -> Tensor { Op.contiguous.tensor([.tensor(self)]) }
  /// The same values with the channels of each pixel side by side in memory (`[batch, channels, height, width]` stays
  /// the shape): the order in which convolutions on a CPU are fastest.
  public func channelsLast() -> Tensor {
    Op.contiguous.tensor([.tensor(self)], named: ["memory_format": .int(2)])
  }
  /// The elements in another type.
  public func to(_ dtype: DataType) -> Tensor { Op.to.tensor([.tensor(self), .int(Int(dtype.rawValue))]) }
  /// The elements on another device.
  public func to(_ device: Device) -> Tensor {
    Op.toDevice.tensor([.tensor(self), .device(device), .int(Int(dtype.rawValue))])
  }
}

/// Joins tensors along an existing dimension.
public func concatenated(_ tensors: [Tensor], _ dimension: Int = 0) -> Tensor {
  Op.cat.tensor([.tensors(tensors), .int(dimension)])
}

/// Joins tensors along a new dimension.
public func stacked(_ tensors: [Tensor], _ dimension: Int = 0) -> Tensor {
  Op.stack.tensor([.tensors(tensors), .int(dimension)])
}

/// The matrix product, batched over leading dimensions.
public func matmul(_ a: Tensor, _ b: Tensor) -> Tensor { Op.matmul.tensor([.tensor(a), .tensor(b)]) }
