import Formats

extension RegisteredDataset {
  static let mnist = imagesInIDX(
    name: "mnist", title: "MNIST handwritten digits", classNames: (0...9).map(String.init),
    from: "https://ossci-datasets.s3.amazonaws.com/mnist/",
    sha256: [
      "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
      "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
      "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
      "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ],
    licence: "CC BY-SA 3.0",
    citation:
      "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-Based Learning Applied to Document Recognition, 1998"
  )

  static let fashionMNIST = imagesInIDX(
    name: "fashion-mnist", title: "Fashion-MNIST articles of clothing",
    classNames: [
      "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
      "Ankle boot",
    ],
    from: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    sha256: [
      "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
      "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
      "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
      "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ],
    licence: "MIT",
    citation: "H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST, arXiv 1708.07747, 2017")

  private static func imagesInIDX(
    name: String, title: String, classNames: [String], from address: String, sha256: [String],
    licence: String,
    citation: String
  ) -> RegisteredDataset {
    let names = [
      "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz",
      "t10k-labels-idx1-ubyte.gz",
    ]
    let counts = [60_000, 60_000, 10_000, 10_000]
    return RegisteredDataset(
      name: name, title: title,
      files: names.indices.map { File(names[$0], sha256: sha256[$0], count: counts[$0]) },
      downloads: names.indices.map { Download(from: address + names[$0], to: names[$0], sha256: sha256[$0]) },
      sampleShape: [1, 28, 28], trainCount: 60_000, testCount: 10_000, classNames: classNames,
      protocolNote: "the published split; 0…255 becomes 0…1", licence: licence, citation: citation
    ) { source, limit in
      let (train, encoding) = try samples(names[0], names[1], &source, limit: limit)
      let (test, _) = try samples(names[2], names[3], &source, limit: nil)
      return Parts(train: train, test: test, encoding: encoding)
    }
  }

  private static func samples(
    _ imageFile: String, _ labelFile: String, _ source: inout DataSource, limit: Int?
  ) throws -> (Samples, SampleEncoding) {
    let imageBytes = try source.open(imageFile)
    let labelBytes = try source.open(labelFile)
    var images = try IDXReader(imageBytes)
    var labels = try IDXReader(labelBytes)
    guard images.elementType == .uint8, images.shape.count == 3 else {
      throw FormatError(imageBytes.name, at: .byte(2), "has shape \(images.shape), not images of bytes")
    }
    guard labels.shape == [images.shape[0]] else {
      throw FormatError(
        labelBytes.name, at: .byte(4), "has shape \(labels.shape) for \(images.shape[0]) images")
    }
    let encoding = SampleEncoding(
      elementType: .uint8, fileShape: images.sampleShape, scale: .range(0...255))
    let pixels = try images.readAll(limit: limit ?? .max).values
    let classes = try labels.readAll(limit: limit ?? .max).values.bytes.map(Int.init)
    let values = try encoding.decode(pixels, file: imageBytes.name)
    return (Samples(shape: encoding.sampleShape, values: values, labels: classes), encoding)
  }
}
