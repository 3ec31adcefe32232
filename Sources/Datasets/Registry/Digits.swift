import Formats

extension RegisteredDataset {
  /// 1,797 handwritten digits of 8×8 pixels, part of the program.
  static let digits = RegisteredDataset(
    name: "digits", title: "Optical recognition of handwritten digits (8×8)", files: [], downloads: [],
    sampleShape: [1, 8, 8], trainCount: Digits.trainCount, testCount: Digits.count - Digits.trainCount,
    classNames: (0...9).map(String.init),
    protocolNote:
      "the first 1,437 samples train, the last 360 test, in the order of scikit-learn; 0…16 becomes 0…1",
    licence: "CC BY 4.0",
    citation:
      "E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998",
    read: Digits.read)
}

private enum Digits {
  static let count = 1797
  static let trainCount = 1437
  static let resource = "digits.csv.gz"

  static func read(_ source: inout DataSource, limit: Int?) throws -> RegisteredDataset.Parts {
    let bytes = FileBytes(PackageResources.digits_csv_gz, name: resource)
    source.enter(bytes, name: resource)
    var text = try DelimitedText(bytes, separator: .comma)
    var pixels: [UInt8] = []
    var labels: [Int] = []
    while let fields = try text.next() {
      let numbers = fields.compactMap { UInt8($0) }
      guard numbers.count == 65, fields.count == 65 else {
        throw FormatError(resource, at: .line(text.line), "does not have 65 numbers")
      }
      pixels += numbers[..<64]
      labels.append(Int(numbers[64]))
    }
    let encoding = SampleEncoding(elementType: .uint8, fileShape: [8, 8], scale: .range(0...16))
    let values = try encoding.decode(
      HostArray(bytes: pixels, shape: [labels.count, 8, 8], elementType: .uint8), file: resource)
    let all = Samples(shape: encoding.sampleShape, values: values, labels: labels)
    return .init(
      train: all[0..<trainCount].prefix(limit ?? .max), test: all[trainCount..<all.count], encoding: encoding)
  }
}
