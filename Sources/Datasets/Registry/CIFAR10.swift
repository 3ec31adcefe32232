import Formats

extension RegisteredDataset {
  static let cifar10 = RegisteredDataset(
    name: "cifar10", title: "CIFAR-10 colour images",
    files: (1...5).map { File("data_batch_\($0).bin", count: 10_000, isOptional: $0 > 1) }
      + [File("test_batch.bin", count: 10_000)],
    downloads: [
      Download(
        from: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", to: "cifar-10-binary.tar.gz",
        sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        unpacking: (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"])
    ],
    sampleShape: [3, 32, 32], trainCount: 50_000, testCount: 10_000,
    classNames: [
      "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ],
    protocolNote: "the published split; 0…255 becomes 0…1", licence: "none stated; cite",
    citation: "A. Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009"
  ) { source, limit in
    var pixels: [UInt8] = []
    var labels: [Int] = []
    var batches = 0
    for number in 1...5 where number == 1 || source.path(of: "data_batch_\(number).bin") != nil {
      let rest = limit.map { $0 - labels.count } ?? .max
      guard rest > 0 || number == 1 else { break }
      let batch = try read("data_batch_\(number).bin", &source, limit: rest)
      pixels += batch.values.bytes
      labels += batch.labels ?? []
      batches += 1
    }
    let present = (1...5).count { source.path(of: "data_batch_\($0).bin") != nil }
    let test = try read("test_batch.bin", &source, limit: .max)
    let encoding = SampleEncoding(elementType: .uint8, fileShape: [3, 32, 32], scale: .range(0...255))
    func samples(_ bytes: [UInt8], _ labels: [Int]) throws -> Samples {
      let array = HostArray(bytes: bytes, shape: [labels.count, 3, 32, 32], elementType: .uint8)
      return Samples(
        shape: [3, 32, 32], values: try encoding.decode(array, file: source.name), labels: labels)
    }
    return Parts(
      train: try samples(pixels, labels), test: try samples(test.values.bytes, test.labels ?? []),
      encoding: encoding,
      notes: present == 5
        ? [] : ["\(present) of 5 training batches are here: \(present * 10_000) of 50,000 samples"])
  }

  private static func read(_ file: String, _ source: inout DataSource, limit: Int) throws -> SampleBatch {
    var reader = try CIFARReader(source.open(file), version: .cifar10)
    return try reader.readAll(limit: limit)
  }
}
