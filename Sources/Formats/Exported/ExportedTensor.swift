/// A tensor of an exported program: a view of bytes, all of whose elements lie within them.
package struct ExportedTensor: Sendable {
  /// Bytes of a file, or inflated ones; tensors may share them.
  package struct Storage: Sendable {
    package let file: FileBytes
    package let range: Range<Int>
  }

  package let dtype: ExportedDataType
  package let sizes: [Int]
  /// The distance of neighbours along each axis, in elements.
  package let strides: [Int]
  /// The place of the first element in the storage, in elements.
  package let offset: Int
  package let storage: Storage
  /// Whether it was trained: LibTorch may take another way for such a tensor, whose last bits differ.
  package let requiresGrad: Bool

  /// LibTorch's own limit.
  private static let maximumDimensions = 64

  /// - Throws: what `refuse` makes of the rule that is broken.
  init(
    dtype: ExportedDataType, sizes: [Int], strides: [Int], offset: Int, storage: Storage,
    requiresGrad: Bool, refuse: (String) -> FormatError
  ) throws(FormatError) {
    guard let size = dtype.size else {
      throw refuse("has the element type \(dtype.rawValue), which is not read")
    }
    guard sizes.count == strides.count, sizes.count <= Self.maximumDimensions, offset >= 0,
      sizes.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }),
      HostArray.byteCount(shape: sizes, elementType: .float64) != nil
    else { throw refuse("has impossible sizes \(sizes), strides \(strides) or offset \(offset)") }
    if !sizes.contains(0) {
      let elements = storage.range.count / size
      var last = offset
      var isInside = offset < elements
      for (length, stride) in zip(sizes, strides) where isInside {
        let (step, tooFar) = (length - 1).multipliedReportingOverflow(by: stride)
        let (sum, overflow) = last.addingReportingOverflow(step)
        isInside = !tooFar && !overflow && sum < elements
        last = sum
      }
      guard isInside else {
        throw refuse(
          "has sizes \(sizes), strides \(strides) and offset \(offset): more than the \(elements) elements of its bytes"
        )
      }
    }
    self.dtype = dtype
    self.sizes = sizes
    self.strides = strides
    self.offset = offset
    self.storage = storage
    self.requiresGrad = requiresGrad
  }
}
