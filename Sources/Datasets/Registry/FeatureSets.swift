import Formats

/// The four sets of feature selection, by the protocol of the concrete autoencoder (Abid, Balin, Zou 2019).
extension RegisteredDataset {
  private static let jointScaling =
    "min-max scaling is fitted on train and test together, as in the concrete autoencoder's protocol: a small leak"

  static let isolet = RegisteredDataset(
    name: "isolet", title: "ISOLET spoken letters",
    files: [
      File("Isolet.mat", sha256: isoletDigest, isRecorded: true, count: 1560, isOptional: true),
      File("isolet1+2+3+4.data", count: 6238, isOptional: true),
      File("isolet5.data", count: 1559, isOptional: true),
    ],
    downloads: [
      Download(
        from: "https://jundongl.github.io/scikit-feature/OLD/datasets/Isolet.mat", to: "Isolet.mat",
        sha256: isoletDigest)
    ],
    sampleShape: [617], trainCount: 6238, testCount: 1559,
    classNames: (UInt8(ascii: "a")...UInt8(ascii: "z")).map { String(UnicodeScalar($0)) },
    protocolNote: "speakers 1-120 train, 121-150 test (isolet1+2+3+4.data, isolet5.data); \(jointScaling)",
    licence: "CC BY 4.0", citation: "M. Fanty, R. Cole: Spoken Letter Recognition, NIPS 1990"
  ) { source, limit in
    guard source.path(of: "isolet1+2+3+4.data") != nil else {
      let table = try matrix("Isolet.mat", classes: 26, &source)
      let split = Split.fourFifths(table.rows)
      return try parts(
        of: table, train: split.train, test: split.test, limit: limit,
        notes: ["only the \(table.rows) samples of Isolet.mat are here, of 7,797", Split.note])
    }
    let train = try text("isolet1+2+3+4.data", label: "-1", &source)
    let test = try text("isolet5.data", label: "-1", &source)
    return try joined(train, test, limit: limit)
  }

  static let coil20 = RegisteredDataset(
    name: "coil20", title: "COIL-20 object images",
    files: [File("COIL20.mat", sha256: coilDigest, isRecorded: true, count: 1440)],
    downloads: [
      Download(
        from: "https://jundongl.github.io/scikit-feature/OLD/datasets/COIL20.mat", to: "COIL20.mat",
        sha256: coilDigest)
    ],
    sampleShape: [1, 20, 20], trainCount: 1152, testCount: 288, classNames: (1...20).map { "object \($0)" },
    protocolNote:
      "reduced from 32×32 to 20×20 pixels; four fifths train, a fifth tests, by a shuffle with a fixed seed; "
      + jointScaling,
    licence: "research use",
    citation: "S. Nene, S. Nayar, H. Murase: Columbia Object Image Library (COIL-20), CUCS-005-96, 1996"
  ) { source, limit in
    let large = try matrix("COIL20.mat", classes: 20, &source)
    guard large.features == 1024 else {
      throw FormatError(large.file, at: .entry("X"), "has \(large.features) columns, not 1024")
    }
    var small: [Double] = []
    for row in 0..<large.rows {
      // Each row of the file has an image column by column.
      let image = HostArray(large.values[row * 1024..<(row + 1) * 1024].map { Float($0) }, shape: [32, 32])
        .transposed([
          1, 0,
        ])
      small += Resampling.bilinear(
        image.floats(), height: 32, width: 32, channels: 1, toHeight: 20, toWidth: 20
      ).map { Double($0) }
    }
    let table = FeatureTable(
      values: small, features: 400, labels: large.labels, classNames: [], file: large.file)
    let split = Split.fourFifths(table.rows)
    return try parts(
      of: table, train: split.train, test: split.test, shape: [20, 20], limit: limit, notes: [Split.note])
  }

  static let miceProtein = RegisteredDataset(
    name: "mice-protein", title: "Mice Protein Expression",
    files: [
      File(
        "Data_Cortex_Nuclear.csv", sha256: "1d6722b089db85dccfcb84d62e7299dcffd17b41223c3da54321890b63fff7ad",
        isRecorded: true, count: 1080)
    ],
    // The repository publishes a spreadsheet; its table as text has to be saved by hand.
    downloads: [], sampleShape: [77], trainCount: 864, testCount: 216,
    classNames: ["c-CS-m", "c-CS-s", "c-SC-m", "c-SC-s", "t-CS-m", "t-CS-s", "t-SC-m", "t-SC-s"],
    protocolNote:
      "a missing value becomes the mean of its class; four fifths train, a fifth tests, by a shuffle with a fixed "
      + "seed; the class means and the \(jointScaling)",
    licence: "CC BY 4.0",
    citation:
      "C. Higuera, K. Gardiner, K. Cios: Self-Organizing Feature Maps Identify Proteins Critical to Learning in a "
      + "Mouse Model of Down Syndrome, PLoS ONE, 2015"
  ) { source, limit in
    let file = try source.open("Data_Cortex_Nuclear.csv")
    let text = try TextTable(
      file, .init(label: "class", ignored: ["MouseID", "Genotype", "Treatment", "Behavior"]))
    var table = FeatureTable(text, file: file.name, inSinglePrecision: true)
    let missing = try table.fillMissing(.classMean)
    let split = Split.fourFifths(table.rows)
    return try parts(
      of: table, train: split.train, test: split.test, limit: limit,
      notes: ["\(missing) missing values are means of their classes, test samples included", Split.note])
  }

  static let activity = RegisteredDataset(
    name: "activity", title: "Smartphone activity recognition, ambient assisted living",
    files: [
      File("final_X_train.txt", count: 4252), File("final_y_train.txt", count: 4252),
      File("final_X_test.txt", count: 1492),
      File("final_y_test.txt", count: 1492),
    ],
    // The repository publishes a ZIP file; its folder `dataset_uci` has these four.
    downloads: [], sampleShape: [561], trainCount: 4252, testCount: 1492,
    classNames: (1...6).map { "activity \($0)" }, protocolNote: "the published split; \(jointScaling)",
    licence: "CC BY 4.0",
    citation:
      "K. Davis, E. Owusu: Smartphone Dataset for Human Activity Recognition in Ambient Assisted Living, UCI, 2016"
  ) { source, limit in
    try joined(
      text("final_X_train.txt", labels: "final_y_train.txt", &source),
      text("final_X_test.txt", labels: "final_y_test.txt", &source), limit: limit)
  }

  private static let isoletDigest = "ea73c69b1342a7def8199458e53a70307a83d557eceb2579863dda57c3ccd2b1"
  private static let coilDigest = "4595ebdda07f47b0eb014fcfaddc22b452f9aed9c1d9261a0d5bc336c1ee1344"

  /// `X` (a row a sample) and `Y` (classes from 1) of a MATLAB file.
  private static func matrix(_ name: String, classes: Int, _ source: inout DataSource) throws -> FeatureTable
  {
    let path = try source.open(name).name
    let file = try MATLABFile(path)
    let values = try file.array("X")
    let labels = try file.array("Y").integers() ?? []
    guard values.shape.count == 2, values.shape[0] > 0, values.shape[1] > 0 else {
      throw FormatError(path, at: .entry("X"), "has shape \(values.shape), not rows of features")
    }
    guard labels.count == values.shape[0], labels.allSatisfy((1...classes).contains) else {
      throw FormatError(path, at: .entry("Y"), "is not \(values.shape[0]) labels of 1…\(classes)")
    }
    return FeatureTable(
      values: values.floats().map { Double($0) }, features: values.shape[1], labels: labels.map { $0 - 1 },
      classNames: [],
      file: path)
  }

  private static func text(_ name: String, label: String, _ source: inout DataSource) throws -> FeatureTable {
    let file = try source.open(name)
    return FeatureTable(
      try TextTable(file, .init(label: label)), file: file.name, inSinglePrecision: true)
  }

  /// Features and labels from 1 in files of their own.
  private static func text(_ name: String, labels labelName: String, _ source: inout DataSource) throws
    -> FeatureTable
  {
    let file = try source.open(name)
    let labelFile = try source.open(labelName)
    let features = FeatureTable(try TextTable(file), file: file.name, inSinglePrecision: true)
    let labels = FeatureTable(try TextTable(labelFile), file: labelFile.name)
    guard labels.features == 1, labels.rows == features.rows else {
      throw FormatError(
        labelFile.name, "has \(labels.rows)×\(labels.features) labels for \(features.rows) samples")
    }
    guard let classes = HostArray(labels.values).integers(), classes.allSatisfy((1...6).contains) else {
      throw FormatError(labelFile.name, "has labels other than 1…6")
    }
    return FeatureTable(
      values: features.values, features: features.features, labels: classes.map { $0 - 1 }, classNames: [],
      file: file.name)
  }

  private static func joined(_ train: FeatureTable, _ test: FeatureTable, limit: Int?) throws -> Parts {
    guard train.features == test.features else {
      throw FormatError(test.file, "has \(test.features) features where \(train.file) has \(train.features)")
    }
    let all = FeatureTable(
      values: train.values + test.values, features: train.features,
      labels: (train.labels ?? []) + (test.labels ?? []),
      classNames: [], file: train.file)
    return try parts(
      of: all, train: Array(0..<train.rows), test: Array(train.rows..<all.rows), limit: limit, notes: [])
  }

  private static func parts(
    of table: FeatureTable, train: [Int], test: [Int], shape: [Int]? = nil, limit: Int?, notes: [String]
  ) throws -> Parts {
    var parts = try table.parts(
      train: Array(train.prefix(limit ?? .max)), test: test, fittedOn: Array(0..<table.rows), shape: shape)
    parts.notes = notes + [jointScaling]
    return parts
  }
}
