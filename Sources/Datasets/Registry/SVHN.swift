import Formats

extension RegisteredDataset {
  static let svhn = RegisteredDataset(
    name: "svhn", title: "Street View House Numbers, cropped digits",
    files: [
      File("train_32x32.mat", sha256: trainDigest, count: 73_257),
      File("test_32x32.mat", sha256: testDigest, count: 26_032, isOptional: true),
    ],
    downloads: [
      Download(
        from: "http://ufldl.stanford.edu/housenumbers/train_32x32.mat", to: "train_32x32.mat",
        sha256: trainDigest),
      Download(
        from: "http://ufldl.stanford.edu/housenumbers/test_32x32.mat", to: "test_32x32.mat",
        sha256: testDigest),
    ],
    sampleShape: [3, 32, 32], trainCount: 73_257, testCount: 26_032, classNames: (0...9).map(String.init),
    protocolNote: "the published split; 0…255 becomes 0…1, the label 10 means the digit 0",
    licence: "non-commercial use only",
    citation:
      "Y. Netzer, T. Wang, A. Coates, A. Bissacco, B. Wu, A. Y. Ng: Reading Digits in Natural Images with "
      + "Unsupervised Feature Learning, 2011"
  ) { source, limit in
    let encoding = SampleEncoding(elementType: .uint8, fileShape: [3, 32, 32], scale: .range(0...255))
    let train = try read("train_32x32.mat", &source, encoding)
    var notes = train.count == 73_257 ? [] : ["\(train.count) of 73,257 training samples are here"]
    if source.path(of: "test_32x32.mat") != nil {
      let test = try read("test_32x32.mat", &source, encoding)
      return Parts(train: train.prefix(limit ?? .max), test: test, encoding: encoding, notes: notes)
    }
    notes.append(
      "test_32x32.mat is not here: a fifth of the training samples is held out by a shuffle with a fixed seed"
    )
    let split = Split.fourFifths(train.count)
    return Parts(
      train: train.selecting(split.train).prefix(limit ?? .max), test: train.selecting(split.test),
      encoding: encoding,
      notes: notes)
  }

  private static let trainDigest = "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8"
  private static let testDigest = "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b"

  private static func read(_ name: String, _ source: inout DataSource, _ encoding: SampleEncoding) throws
    -> Samples
  {
    let path = try source.open(name).name
    let file = try MATLABFile(path)
    // MATLAB's [row, column, channel, sample], column by column, is [sample, channel, column, row] row by row.
    let images = try file.columnMajor("X")
    let labels = try file.array("y").integers() ?? []
    guard images.elementType == .uint8, images.shape.count == 4,
      Array(images.shape.dropFirst()) == [3, 32, 32]
    else {
      throw FormatError(
        path, at: .entry("X"),
        "has shape \(Array(images.shape.reversed())), not [32, 32, 3, samples] of bytes")
    }
    guard labels.count == images.shape[0], labels.allSatisfy((1...10).contains) else {
      throw FormatError(path, at: .entry("y"), "is not \(images.shape[0]) labels of 1…10")
    }
    let values = try encoding.decode(images.transposed([0, 1, 3, 2]), file: path)
    return Samples(shape: [3, 32, 32], values: values, labels: labels.map { $0 % 10 })
  }
}
