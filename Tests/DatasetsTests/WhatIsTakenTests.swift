import Datasets
import Formats
import Foundation
import Testing

/// What of a file is taken for samples and labels, and that it is said.
@Suite struct WhatIsTakenTests {
  private let folder: Folder

  init() throws { folder = try Folder() }

  private func load(_ name: String, _ change: (inout DatasetLoader.Options) -> Void = { _ in }) throws
    -> Dataset
  {
    var options = DatasetLoader.Options()
    options.keepsAll = true
    change(&options)
    return try DatasetLoader.load("\(folder.path)/\(name)", options: options)
  }

  private func fixture(_ name: String) throws {
    let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "FormatsTests/Fixtures")
    try folder.write(name, Data(contentsOf: fixtures.appending(path: name)))
  }

  private func write(_ name: String, _ arrays: [(String, HostArray)]) throws {
    try NPZFile.write(arrays.map { (name: $0.0, array: $0.1) }, to: "\(folder.path)/\(name)")
  }

  private func refusal(_ name: String) -> String {
    let error = #expect(throws: (any Error).self) { try load(name) }
    return error.map { "\($0)" } ?? ""
  }

  @Test func aLineSaysWhatIsSamplesLabelsAndLeftOut() throws {
    try write(
      "a.npz",
      [
        ("X", HostArray((0..<12).map { Double($0) / 11 }, shape: [4, 3])),
        ("y", HostArray([UInt8(3), 9, 3, 9], shape: [4, 1])), ("extra", HostArray([1, 2])),
      ])
    let set = try load("a.npz")
    #expect(
      set.taken == "samples: X, 4 × 3, float64, 0…1; labels: y, 2 classes; left out: extra (2 int64)")
    #expect(set.classNumbers == HostArray([UInt8(3), 9]) && set.train.labels == [0, 1, 0, 1])
  }

  @Test func labelsNobodyAskedForDoNotBlockTheSamples() throws {
    try fixture("words.npz")
    let words = try load("words.npz") { $0.range = 0...23 }
    #expect(words.classNames == ["Möwe", "auk", "wren"].sorted() && words.classNumbers == nil)
    #expect(words.train.labels?.map { words.classNames[$0] } == ["wren", "Möwe", "auk", "wren"])
    let x = HostArray((0..<8).map { Float($0) / 8 }, shape: [4, 2])
    for y in [HostArray([1, 2, 3]), HostArray([0.25, 0.5, 0.1, 0.7]), HostArray([1, .nan, 1, 1])] {
      try write("b.npz", [("x", x), ("y", y)])
      let set = try load("b.npz")
      #expect(set.train.labels == nil && set.taken?.contains("left out: y (") == true)
      #expect(throws: DatasetError.self) { try load("b.npz") { $0.labelKey = "y" } }
    }
  }

  @Test func labelsAreNeverTakenForSamples() throws {
    for (name, item) in [("objects", "'X'"), ("other", "'features'")] {
      // A pickled array under the name of the samples, beside a plain y.
      let header = "{'descr': '|O', 'fortran_order': False, 'shape': (4,), }\n"
      let pickled = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + header.utf8
      try folder.write(
        "\(name).npz",
        zip([
          (name == "other" ? "features.npy" : "X.npy", Array(pickled)),
          ("y.npy", NPY.encode(HostArray([1, 2, 1, 2]))),
        ]))
      let line = refusal("\(name).npz")
      #expect(line.contains(item) && line.contains("pickled") && line.contains("--input-key"), "\(line)")
    }
  }

  @Test func theAxisThatCountsTheSamplesIsThatOfTheLabels() throws {
    let last = HostArray((0..<30).map { Float($0) / 30 }, shape: [2, 3, 5])
    try write("a.npz", [("x", last), ("y", HostArray([1, 2, 1, 2, 1]))])
    let set = try load("a.npz")
    #expect(set.train.count == 5 && set.sampleShape == [1, 2, 3])
    #expect(set.taken?.contains("its last axis counts the samples") == true)
    #expect(set.records == last.transposed([2, 0, 1]))
    try write("b.npz", [("x", last)])
    #expect(try load("b.npz").train.count == 2)
    #expect(try load("b.npz") { $0.sampleAxis = .last }.train.count == 5)
    #expect(
      try load("a.npz") {
        $0.sampleAxis = .first; $0.labelKey = nil
      }.taken?.contains("left out: y (") == true)
  }

  @Test func whereMATLABsShapeDoesNotTellAQuestionIsAsked() throws {
    try fixture("hdf5storage.mat")
    // With two labels, the two rows are the samples.
    #expect(try load("hdf5storage.mat") { $0.range = 0...5 }.train.count == 2)
    try fixture("version4.mat")
    #expect(refusal("version4.mat").contains("--sample-axis"))
    #expect(
      try load("version4.mat") {
        $0.sampleAxis = .last; $0.range = 0...5
      }.train.count == 3)
    try fixture("sparse.mat")
    #expect(
      try load("sparse.mat") { $0.range = 0...21 }.taken?.hasPrefix(
        "samples: X, 4 × 6, float64, 0…21; labels: y") == true)
  }

  @Test func originalsComeBackToTheBit() throws {
    let large = (0..<12).map { Int64.max - Int64($0 * 1001) }
    let reals = (0..<12).map { 0.1 + Double($0) * 1e-13 }
    for (values, range) in [
      (HostArray(large, shape: [4, 3]), 9.2e18...9.3e18), (HostArray(reals, shape: [4, 3]), 0...1),
      (HostArray((0..<12).map { UInt32(4_000_000_000 + $0) }, shape: [4, 3]), 4e9...4.1e9),
      (HostArray((0..<12).map { Float16($0) / 12 }, shape: [4, 3]), 0...1),
      (HostArray((0..<12).map { Float($0) / 12 }, shape: [4, 3]).converted(to: .bfloat16), 0...1),
    ] as [(HostArray, ClosedRange<Double>)] {
      try folder.write("a.safetensors", Data(Safetensors.encode([("x", values)])))
      let set = try load("a.safetensors") { $0.range = range }
      let records = try #require(set.records)
      #expect(records == values)
      var changed = set.train.values
      #expect(set.encoding.encode(changed, keeping: set.train.values, of: records) == values)
      changed[4] = changed[4] > 0.5 ? 0 : 1
      let one = set.encoding.encode(changed, keeping: set.train.values, of: records)
      let size = values.elementType.size
      #expect(
        one.bytes[..<(4 * size)] == values.bytes[..<(4 * size)]
          && one.bytes[(5 * size)...] == values.bytes[(5 * size)...])
      #expect(one.bytes[4 * size..<5 * size] != values.bytes[4 * size..<5 * size])
    }
  }

  @Test func tablesKeepTheirNumbersAndClasses() throws {
    let rows = (0..<20).map { "\(1_700_000_000 + $0),\($0 % 2 == 0 ? "-1.0" : "1.0"),0.\($0 + 10)" }
    try folder.write("a.csv", "unix,class,a\n" + rows.joined(separator: "\n"))
    let set = try load("a.csv")
    #expect(Set(stride(from: 0, to: 40, by: 2).map { set.train.values[$0] }).count == 20)
    #expect(set.classNumbers == HostArray([-1, 1]) && set.classNames == ["-1", "1"])
    #expect(set.records?.doubles().first == 1_700_000_000)
    try folder.write("b.csv", "a,class\n1,0\n2,1\n3,3\n4,other\n5,3\n")
    let mixed = try load("b.csv")
    #expect(mixed.classNames == ["0", "1", "3", "other"] && mixed.classNumbers == nil)
  }

  @Test func foldersNameTheirFilesAndWhatIsPassedOver() throws {
    let image = RasterImage(width: 2, height: 1, channels: 1, pixels: [0, 255])
    for name in ["p/cat/2.png", "p/cat/10.png", "p/cat-2/1.png"] { try folder.write(name, image.png()) }
    try folder.write("p/cat/3.webp", "no image")
    let set = try load("p")
    #expect(set.recordNames == ["cat/10.png", "cat/2.png", "cat-2/1.png"])
    #expect(set.taken?.contains("2 classes; left out: 1 other file (1 .webp)") == true)
    #expect(try load("p") { $0.limit = 1 }.recordNames == ["cat/10.png"])
  }

  /// A ZIP archive of stored entries.
  private func zip(_ entries: [(String, [UInt8])]) throws -> Data {
    // NPZFile writes arrays only: Python's zipfile is the format's own tool.
    let script =
      "import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1],'w')\nfor i in range(2,len(sys.argv),2): z.writestr(sys.argv[i],bytes.fromhex(sys.argv[i+1]))\nz.close()"
    let path = "\(folder.path)/made.zip"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      ["python3", "-c", script, path]
      + entries.flatMap { [$0.0, $0.1.map { String(format: "%02x", $0) }.joined()] }
    try process.run()
    process.waitUntilExit()
    return try Data(contentsOf: URL(fileURLWithPath: path))
  }
}
