import Datasets
import Formats
import Foundation
import Testing

@Suite struct UserDataTests {
  private func load(_ path: String, _ change: (inout DatasetLoader.Options) -> Void = { _ in }) throws
    -> Dataset
  {
    var options = DatasetLoader.Options()
    change(&options)
    return try DatasetLoader.load(path, options: options)
  }

  @Test func anArchiveOfImagesGoesThereAndBack() throws {
    let folder = try Folder()
    let pixels = (0..<10 * 4 * 5 * 3).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let images = HostArray(pixels, shape: [10, 4, 5, 3])
    try NPZFile.write(
      [("images", images), ("labels", HostArray([7, 3, 7, 3, 7, 3, 7, 3, 7, 9]))], to: "\(folder.path)/a.npz")
    let set = try load("\(folder.path)/a.npz")
    #expect(set.sampleShape == [3, 4, 5])
    #expect(set.train.count == 8 && set.test.count == 2)
    #expect(set.classNames == ["3", "7", "9"])
    #expect(set.encoding.layout == .nhwc)
    // Every sample, in the user's own layout, type and range, is one of the file's.
    let back = set.encoding.encode(set.train.values + set.test.values)
    #expect(back.elementType == .uint8 && back.shape == [10, 4, 5, 3])
    func rows(_ bytes: [UInt8]) -> Set<[UInt8]> {
      Set((0..<10).map { Array(bytes[$0 * 60..<($0 + 1) * 60]) })
    }
    #expect(rows(back.bytes) == rows(pixels))
  }

  /// Targets are the classes of that name among the data's own: class 3 of labels 1…3 is the model's last, whatever classes the
  /// targets themselves have.
  @Test func targetsAreClassesOfTheData() throws {
    let folder = try Folder()
    let values = HostArray((0..<24).map { Float($0) / 24 }, shape: [6, 4])
    func set(_ labels: [Int]) throws -> Dataset {
      let path = "\(folder.path)/\(labels.map(String.init).joined()).npz"
      try NPZFile.write([("x", values), ("y", HostArray(labels))], to: path)
      return try load(path) { $0.keepsAll = true }
    }
    let data = try set([1, 2, 3, 1, 2, 3])
    #expect(try data.classes(namedBy: set([3, 3, 2, 2, 3, 3]), classes: 3) == [2, 2, 1, 1, 2, 2])
    // Of a model with more classes the numbers are the classes.
    #expect(try data.classes(namedBy: set([3, 3, 2, 2, 3, 3]), classes: 4) == [3, 3, 2, 2, 3, 3])
    let error = #expect(throws: DatasetError.self) {
      try data.classes(namedBy: set([3, 3, 4, 4, 3, 3]), classes: 3)
    }
    #expect(error?.description.contains("no class 4") == true, "\(String(describing: error))")
  }

  @Test func aRegisteredSetIsReadByItsProtocol() throws {
    let error = #expect(throws: DatasetError.self) { try load("digits") { $0.labelKey = "y" } }
    #expect(error?.description.contains("--label-key") == true)
  }

  /// A mask of an image's height and width is one for all samples, also where there are as many samples as rows.
  @Test func aMaskOfHeightAndWidthIsForAllSamples() throws {
    let folder = try Folder()
    try NPY.write(
      HostArray([UInt8](repeating: 9, count: 48), shape: [4, 1, 4, 3]), to: "\(folder.path)/x.npy")
    let set = try load("\(folder.path)/x.npy") { $0.keepsAll = true }
    #expect(set.train.count == 4 && set.sampleShape == [1, 4, 3])
    let mask = (0..<12).map { UInt8($0 % 2) }
    try NPY.write(HostArray(mask, shape: [4, 3]), to: "\(folder.path)/mask.npy")
    let read = try MaskFile.read("\(folder.path)/mask.npy", for: set)
    #expect(read.shape == [1, 1, 4, 3] && read.floats() == mask.map(Float.init))
  }

  @Test func theUsersRangeIsScaledAndComesBack() throws {
    let folder = try Folder()
    try NPY.write(HostArray((0..<40).map { Float($0) / 20 - 1 }, shape: [10, 4]), to: "\(folder.path)/a.npy")
    let error = #expect(throws: FormatError.self) { try load("\(folder.path)/a.npy") }
    #expect(error?.description.contains("--range") == true)
    let set = try load("\(folder.path)/a.npy") { $0.range = -1...1 }
    #expect(set.train.values.allSatisfy { (0...1).contains($0) })
    let back = set.encoding.encode(set.train[0..<1].values)
    #expect(zip(back.floats(), set.train[0..<1].values).allSatisfy { abs($0 - ($1 * 2 - 1)) < 1e-6 })
    #expect(throws: FormatError.self) { try load("\(folder.path)/a.npy") { $0.range = -1...0 } }
  }

  /// Values that use a part of their type's range only are taken for what they are, and it is said.
  @Test(
    arguments: [
      ([0, 1, 1], 1), ([0, 12, 16], 16), ([3, 40, 100], 100), ([0, 300, 4001], 4095), ([0, 700, 1000], 1000),
      ([0, 200, 255], 255), ([0, 1, 65535], 65535), ([0, 1, 40000], 65535), ([0, 0, 0], 65535),
    ] as [([UInt16], Double)])
  func theRangeIsThatOfTheValues(_ values: [UInt16], _ highest: Double) throws {
    let folder = try Folder()
    for isByte in values.allSatisfy({ $0 < 256 }) ? [false, true] : [false] {
      let bytes = HostArray(values.map { UInt8(truncatingIfNeeded: $0) }, shape: [3, 1])
      try NPY.write(isByte ? bytes : HostArray(values, shape: [3, 1]), to: "\(folder.path)/a.npy")
      let set = try load("\(folder.path)/a.npy") { $0.keepsAll = true }
      let whole: Double = isByte ? 255 : 65535
      let expected = isByte ? min(highest, 255) : highest
      #expect(set.encoding.scale == .range(0...expected))
      #expect(set.notes.contains { $0.contains("--range 0,\(Int(whole))") } == (expected < whole))
      #expect(set.encoding.encode(set.train.values).integers() == values.map(Int.init))
      let said = try load("\(folder.path)/a.npy") { $0.range = 0...whole }
      #expect(said.encoding.scale == .range(0...whole) && said.notes.allSatisfy { !$0.contains("--range") })
    }
  }

  @Test func theWholeRangeIsToldAtOnce() throws {
    let folder = try Folder()
    let path = "\(folder.path)/a.npy"
    try NPY.write(HostArray([-711.25, 0, 0.5, 912] as [Double], shape: [2, 2]), to: path)
    for range in [nil, 0...1, -100...1000] as [ClosedRange<Double>?] {
      let error = #expect(throws: FormatError.self) { try load(path) { $0.range = range } }
      #expect(error?.description.contains("--range -711.25,912") == true, "\(error?.description ?? "")")
    }
    #expect(try load(path) { $0.range = -711.25...912 }.encoding.scale == .range(-711.25...912))
  }

  @Test(arguments: [
    ("x_train", "y_train", "x_test", "y_test"), ("X_train", "y_train", "X_test", "y_test"),
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("train/data", "train/target", "test/data", "test/target"),
  ])
  func partsForTrainingAndTestingAreKept(_ names: (String, String, String, String)) throws {
    let folder = try Folder()
    let path = "\(folder.path)/mnist.npz"
    try NPZFile.write(
      [
        (names.0, HostArray([UInt8](repeating: 255, count: 12), shape: [3, 2, 2])),
        (names.1, HostArray([1, 0, 1])), ("val", HostArray([1, 2])),
        (names.2, HostArray([UInt8](repeating: 0, count: 4), shape: [1, 2, 2])), (names.3, HostArray([0])),
      ], to: path)
    let set = try load(path) { $0.limit = 2 }
    #expect(set.train.count == 2 && set.test.count == 1)
    #expect(set.train.labels == [1, 0] && set.test.labels == [0])
    #expect(set.sampleShape == [1, 2, 2])
    #expect(
      set.taken == "samples: \(names.0), 3 × 2 × 2, uint8, 255…255 and 1 for testing; labels: \(names.1), "
        + "2 classes; left out: val (2 int64)")
    #expect(try load(path) { $0.labelKey = names.1 }.test.labels == [0])
    #expect(throws: DatasetError.self) { try load(path) { $0.labelKey = "val" } }
  }

  @Test func tablesAreScaledByWhatIsSeenInTraining() throws {
    let folder = try Folder()
    let rows = (0..<20).map { "\($0),\($0 == 3 ? "" : String(-$0)),\($0 % 2 == 0 ? "even" : "odd")" }
    try folder.write("a.csv", "up,down,kind\n" + rows.joined(separator: "\n"))
    let path = "\(folder.path)/a.csv"
    #expect(throws: FormatError.self) { try load(path) { $0.labelKey = "kind" } }
    let set = try load(path) {
      $0.labelKey = "kind"
      $0.missing = .classMean
    }
    #expect(set.classNames == ["even", "odd"] && set.sampleShape == [2])
    #expect(set.train.values.min() == 0 && set.train.values.max() == 1)
    #expect(set.notes.contains { $0.contains("1 missing") })
    #expect(throws: FormatError.self) { try load(path) { $0.labelKey = "knid" } }
  }

  @Test func idxFindsItsLabelsAndFoldersTheirClasses() throws {
    let folder = try Folder()
    try folder.write(
      "t-images-idx3-ubyte", [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 102] as [UInt8])
    try folder.write("t-labels-idx1-ubyte", [0, 0, 8, 1, 0, 0, 0, 2, 5, 4] as [UInt8])
    let set = try load("\(folder.path)/t-images-idx3-ubyte")
    #expect(set.train.values == [0, 1, 0.2, 0.4] && set.train.labels == [1, 0] && set.test.count == 0)

    let image = RasterImage(width: 3, height: 2, channels: 1, pixels: [0, 51, 102, 153, 204, 255])
    for name in ["i/train/a/1.png", "i/train/b/1.png", "i/test/a/2.png", "i/test/b/2.png"] {
      try folder.write(name, image.png())
    }
    let images = try load("\(folder.path)/i")
    #expect(images.classNames == ["a", "b"] && images.train.count == 2 && images.test.count == 2)
    #expect(images.train[0..<1].values == [0, 0.2, 0.4, 0.6, 0.8, 1])
  }

  @Test func unclearArchivesNameTheirArrays() throws {
    let folder = try Folder()
    try NPZFile.write([("one", HostArray([1, 2])), ("two", HostArray([1, 2]))], to: "\(folder.path)/a.npz")
    let error = #expect(throws: DatasetError.self) { try load("\(folder.path)/a.npz") }
    #expect(error?.description.contains("'one' (2 int64), 'two' (2 int64)") == true)
    let set = try load("\(folder.path)/a.npz") {
      $0.inputKey = "two"
      $0.range = 0...2
    }
    #expect(set.sampleShape == [1])
  }
}
