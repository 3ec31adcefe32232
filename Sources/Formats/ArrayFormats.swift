/// The formats of arrays, as `FileFormats` lists them.
extension FileFormat {
  static let npz = FileFormat(
    name: "NPZ", summary: "named arrays of numpy's, or a sparse matrix of SciPy's", endings: ["npz"],
    recognises: { head, file in
      head.starts(with: "PK".utf8) && (try? NPZFile(file))?.names.isEmpty == false
        && (try? ZipArchive(file))?.entries.contains { $0.name.hasSuffix(".npy") } == true
    },
    encode: { NPZFile.encode($0) }
  ) { file, _ in
    let archive = try NPZFile(file)
    if let matrix = try archive.sparseMatrix(fileSize: file.count) { return .arrays(matrix) }
    let items = try archive.names.map { name in
      let header = try archive.header(name)
      return ArrayFile.Item(name, header.shape, header.kind)
    }
    return .arrays(ArrayFile(items, array: { try archive.array($0) }, words: { try archive.words($0) }))
  }

  static let npy = FileFormat(
    name: "NPY", summary: "an array of numpy's", endings: ["npy"], mayBeGzipped: true,
    recognises: { head, _ in head.starts(with: NPY.magic) }
  ) { file, _ in
    let header = try NPYHeader(ByteStream(file), file: file.name)
    let item = ArrayFile.Item("array", header.shape, header.kind)
    return .arrays(
      ArrayFile(
        [item],
        array: { _ in
          var reader = try NPYReader(file)
          return try reader.array()
        }, words: { _ in try NPY.words(ByteStream(file), file: file.name) }))
  }

  static let safetensors = FileFormat(
    name: "safetensors", summary: "named tensors", endings: ["safetensors"],
    recognises: { head, file in
      head.count > 9 && head[8] == UInt8(ascii: "{") && head[4..<8].allSatisfy { $0 == 0 }
    },
    encode: { Safetensors.encode($0) }
  ) { file, _ in
    let tensors = try SafetensorsFile(file)
    let items = tensors.names.compactMap { name in
      tensors[name].map { ArrayFile.Item(name, $0.shape, .numbers($0.elementType)) }
    }
    let others = tensors.unread.map {
      ArrayFile.Item($0.name, $0.shape, .other("has element type \($0.type), which is not read"))
    }
    return .arrays(ArrayFile(items + others, array: { try tensors.array($0) }))
  }

  static let matlab = FileFormat(
    name: "MATLAB", summary: "variables of MATLAB's, versions 4, 5 and 7.3", endings: ["mat"],
    recognises: { head, _ in head.starts(with: "MATLAB ".utf8) }
  ) { file, _ in
    let matlab = try MATLABFile(file.name)
    return .arrays(
      ArrayFile(matlab.items, maySampleLast: true, array: { try matlab.array($0) }))
  }

  static let hdf5 = FileFormat(
    name: "HDF5", summary: "named arrays of h5py's and others'", endings: ["h5", "hdf5", "hdf"],
    recognises: { head, _ in head.starts(with: [0x89] + Array("HDF\r\n".utf8)) }
  ) { file, _ in
    let hdf5 = try MATLABFile(file.name)
    return .arrays(ArrayFile(hdf5.items, array: { try hdf5.array($0) }))
  }

  static let idx = FileFormat(
    name: "IDX", summary: "an array, as MNIST is published", endings: ["idx", "idx3-ubyte", "idx1-ubyte"],
    mayBeGzipped: true,
    recognises: { head, _ in
      head.count > 8 && head[0] == 0 && head[1] == 0 && 8...14 ~= head[2] && 1...8 ~= head[3]
    }
  ) { file, _ in
    let reader = try IDXReader(file)
    return .arrays(
      ArrayFile([.init("array", reader.shape, .numbers(reader.elementType))]) { _ in
        var reader = try IDXReader(file)
        return try reader.readAll().values
      })
  }

  static let cifar = FileFormat(
    name: "CIFAR", summary: "images and classes, as the binary CIFAR-10 and CIFAR-100 are published",
    endings: ["bin"], mayBeGzipped: true,
    recognises: { _, file in
      file.name.hasSuffix(".bin") && file.count > 0 && (file.count % 3073 == 0 || file.count % 3074 == 0)
    }
  ) { file, _ in
    let version = try CIFARReader.version(of: file)
    var reader = try CIFARReader(file, version: version)
    let batch = try reader.readAll()
    let labels = HostArray(batch.labels ?? [])
    return .arrays(
      ArrayFile(
        [
          .init("images", batch.values.shape, .numbers(.uint8)),
          .init("labels", labels.shape, .numbers(.int64)),
        ], array: { $0 == "labels" ? labels : batch.values }))
  }

  static let text = FileFormat(
    name: "CSV", summary: "a table as text, its fields separated by commas, tabs, semicolons, bars or blanks",
    endings: ["csv", "tsv", "txt", "tab", "data", "dat"], mayBeGzipped: true, recognises: nil
  ) { file, options in .table(try TextTable(file, options)) }

  static let png = image("PNG", "an image of 8 or 16 bits", ["png"]) {
    $0.starts(with: [0x89, 0x50, 0x4E, 0x47])
  }

  static let jpeg = image("JPEG", "an image", ["jpg", "jpeg", "jpe", "jfif"]) {
    $0.starts(with: [0xFF, 0xD8])
  }

  /// A format of images, one a file; folders of such files are read too.
  private static func image(
    _ name: String, _ summary: String, _ endings: [String],
    _ recognises: @escaping @Sendable ([UInt8]) -> Bool
  ) -> FileFormat {
    FileFormat(
      name: name, summary: summary, endings: endings, isImage: true,
      recognises: { head, _ in recognises(head) }
    ) { file, _ in
      let image = try DecodedImage(file)
      let values = HostArray(bytes: image.bytes, shape: [1] + image.shape, elementType: image.elementType)
      return .arrays(ArrayFile([.init("image", values.shape, .numbers(values.elementType))]) { _ in values })
    }
  }

}

extension NPYHeader {
  var kind: ArrayFile.Kind {
    switch content {
    case .numbers(let type): .numbers(type)
    case .words: .words
    case .other: .other(problem ?? "is not read")
    }
  }
}

extension NPZFile {
  /// A matrix as `scipy.sparse.save_npz` writes it; nil where the archive is none.
  ///
  /// - Throws: `FormatError` if it is one and damaged.
  fileprivate func sparseMatrix(fileSize: Int) throws -> ArrayFile? {
    guard Set(["format", "shape", "data"]).isSubset(of: names) else { return nil }
    let header = try header("format")
    guard case .words = header.content, let form = try words("format").first else { return nil }
    guard let shape = try array("shape").integers(), shape.count == 2,
      let type = try self.header("data").content.elementType
    else { return nil }
    func other(_ reason: String) -> ArrayFile {
      ArrayFile([.init("matrix", shape, .other(reason))]) { try self.array($0) }
    }
    guard ["csr", "csc", "coo"].contains(form) else {
      return other("is a sparse matrix in \(form) form; save it as csr or dense")
    }
    if let problem = SparseMatrix.problem(of: shape, type, fileSize: fileSize) { return other(problem) }
    return ArrayFile([.init("matrix", shape, .numbers(type))]) { _ in
      func indices(_ name: String) throws -> [Int] { try self.array(name).integers() ?? [] }
      let values = try self.array("data")
      let matrix =
        try form == "coo"
        ? SparseMatrix(shape: shape, rows: indices("row"), columns: indices("col"), values: values)
        : SparseMatrix(
          shape: shape, pointers: indices("indptr"), minor: indices("indices"), values: values,
          byColumns: form == "csc")
      guard let matrix else {
        throw FormatError("matrix", "its indices are not those of a matrix of \(shape[0])×\(shape[1])")
      }
      return matrix.dense()
    }
  }
}
