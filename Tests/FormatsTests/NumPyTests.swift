import Formats
import Foundation
import Testing

@Suite struct NumPyTests {
  @Test(arguments: ["u1", "i1", "u2", "i2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"])
  func everyNumberTypeOfNumPyIsRead(code: String) throws {
    let array = try NPY.read(Fixtures.path("c_\(code).npy"))
    #expect(array.shape == [2, 3, 4])
    #expect(array.elementType.size == Int(String(code.last ?? "0")))
    #expect(array.doubles() == (0..<24).map(Double.init))
    #expect(array.integers() == Array(0..<24))
  }

  @Test func arraysInFortranOrderComeOutInCOrder() throws {
    let array = try NPY.read(Fixtures.path("fortran.npy"))
    #expect(array.shape == [2, 3, 4])
    #expect(array.floats() == (0..<24).map(Float.init))
    var reader = try NPYReader(Fixtures.bytes("fortran.npy"))
    _ = try reader.next(1)
    #expect(try reader.next(1)?.values.floats() == (12..<24).map(Float.init))
  }

  @Test func scalarsEmptyArraysAndTruthValuesAreRead() throws {
    let scalar = try NPY.read(Fixtures.path("scalar.npy"))
    #expect(scalar.shape == [] && scalar.doubles() == [2.5])
    let empty = try NPY.read(Fixtures.path("empty.npy"))
    #expect(empty.shape == [0, 5] && empty.count == 0)
    let truth = try NPY.read(Fixtures.path("bool.npy"))
    #expect(truth.elementType == .bool)
    #expect(truth.integers() == (0..<24).map { $0 % 3 == 0 ? 1 : 0 })
  }

  @Test(arguments: [
    ("objects.npy", "pickled"), ("records.npy", "several fields"), ("rgb.png", "not an NPY file"),
  ])
  func whatIsNotPlainNumbersIsRefused(name: String, reason: String) {
    let error = #expect(throws: FormatError.self) { try NPY.read(Fixtures.path(name)) }
    #expect(error?.problem.contains(reason) == true, "\(String(describing: error))")
  }

  @Test(arguments: ["stored.npz", "deflated.npz"])
  func archivesOfNumPyAreRead(name: String) throws {
    let file = try NPZFile(mapping: Fixtures.path(name))
    #expect(file.names == ["x", "labels"])
    #expect(try file.array("x") == HostArray((0..<24).map(Float.init), shape: [4, 6]))
    #expect(try file.array("labels").integers() == [3, 1, 2, 0])
    var reader = try file.reader("x")
    _ = try reader.next(3)
    #expect(try reader.next(3)?.values.floats() == [18, 19, 20, 21, 22, 23])
    #expect(try reader.next(1) == nil)
    #expect(throws: FormatError.self) { try file.array("y") }
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    let folder = try TemporaryFolder()
    let arrays: [(name: String, array: HostArray)] = [
      ("images", HostArray((0..<12).map { Float($0) / 3 }, shape: [3, 2, 2])),
      ("n", HostArray([7], shape: [])),
      ("none", HostArray([UInt8](), shape: [0, 3])), ("half", HostArray([1, 2, 3] as [Float16])),
    ]
    try NPZFile.write(arrays, to: folder.file("a.npz"))
    let file = try NPZFile(mapping: folder.file("a.npz"))
    #expect(file.names == arrays.map(\.name))
    for (name, array) in arrays { #expect(try file.array(name) == array) }
    #expect(NPZFile.encode(arrays) == NPZFile.encode(arrays))
    for (_, array) in arrays {
      try NPY.write(array, to: folder.file("a.npy"))
      #expect(try NPY.read(folder.file("a.npy")) == array)
    }
  }

  @Test func aHeaderOfABillionAxesOrElementsIsRefusedWithoutMemory() throws {
    func file(_ shape: String) -> FileBytes {
      let header = Array("{'descr': '<f8', 'fortran_order': False, 'shape': (\(shape)), }\n".utf8)
      return FileBytes(
        [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count & 255), UInt8(header.count >> 8)] + header)
    }
    for shape in ["1000000000, 1000000000", "9223372036854775807, 2", "99999999999999999999", "-1"]
      + [Array(repeating: "1", count: 1000).joined(separator: ",")]
    {
      #expect(throws: FormatError.self) { try NPYReader(file(shape)) }
    }
  }

  @Test(.tags(.speed)) func theFirstSampleOfATenGigabyteFileComesAtOnce() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("large.npy")
    try Fixtures.writeTenGigabyteNPY(to: path)
    let clock = ContinuousClock()
    let time = try clock.measure {
      var reader = try NPYReader(FileBytes(mapping: path))
      #expect(reader.count == 2_500_000)
      #expect(try reader.next(1)?.values.shape == [1, 1000])
    }
    #expect(time < .milliseconds(50))
  }
}

extension Tag {
  /// Measures time: means little on a busy machine.
  @Tag static var speed: Self
}
