import Formats
import Foundation
import Testing

@Suite struct MATLABTests {
  @Test func compressedFilesOfVersion5AreRead() throws {
    let file = try MATLABFile(Fixtures.path("compressed.mat"))
    #expect(file.variables.map(\.name) == ["X", "y"])
    #expect(file.variables.first?.shape == [2, 3, 2, 4])
    // scipy wrote numpy's arange in this shape: row-major order is counting.
    #expect(try file.array("X") == HostArray((0..<48).map(UInt8.init), shape: [2, 3, 2, 4]))
    #expect(try file.array("y").integers() == [10, 1, 2, 10])
    #expect(try file.columnMajor("X").shape == [4, 2, 3, 2])
  }

  @Test func whatIsNotAnArrayOfNumbersIsLeftOut() throws {
    let file = try MATLABFile(Fixtures.path("plain.mat"))
    #expect(file.variables.map(\.name) == ["X", "Y"])
    #expect(try file.array("X") == HostArray((0..<6).map(Double.init), shape: [2, 3]))
    #expect(throws: FormatError.self) { try file.array("cell") }
  }

  @Test func whatIsNotReadIsNamedWithTheReason() throws {
    let items = try MATLABFile(Fixtures.path("plain.mat")).items
    let reasons: [(String, String)] = items.compactMap { item in
      guard case .other(let reason) = item.kind else { return nil }
      return (item.name, reason.split(separator: ":").first.map(String.init) ?? "")
    }
    #expect(
      Dictionary(uniqueKeysWithValues: reasons) == [
        "text": "is text", "cell": "is a cell array", "part": "is a structure", "complex": "is complex",
      ])
  }

  @Test func sparseMatricesAreSpreadOut() throws {
    let file = try MATLABFile(Fixtures.path("sparse.mat"))
    let sparse = (0..<24).map { $0 % 5 == 1 ? Double($0) : 0 }
    #expect(try file.array("X") == HostArray(sparse, shape: [4, 6]))
    let truth = try file.array("logical")
    #expect(truth.elementType == .bool && truth.integers() == sparse.map { $0 > 5 ? 1 : 0 })
  }

  @Test func otherHDF5FilesAreReadInTheirOwnOrder() throws {
    let file = try MATLABFile(Fixtures.path("h5py.h5"))
    #expect(file.variables.map(\.name).sorted() == ["half", "train/x", "truth"])
    #expect(try file.array("train/x") == HostArray((0..<24).map(Int16.init), shape: [2, 3, 4]))
    #expect(try file.array("half") == HostArray((0..<24).map { Float16($0) }))
    #expect(try file.array("truth").integers() == (0..<24).map { $0 % 2 == 0 ? 1 : 0 })
  }

  @Test(arguments: ["version4.mat", "matlab73.mat", "hdf5storage.mat"])
  func theOtherVersionsAreRead(name: String) throws {
    let file = try MATLABFile(Fixtures.path(name))
    #expect(try file.array("X") == HostArray((0..<6).map(Double.init), shape: [2, 3]))
  }

  @Test func whatIsNoMATLABFileIsRefused() throws {
    let error = #expect(throws: FormatError.self) { try MATLABFile(Fixtures.path("rgb.png")) }
    #expect(error?.problem.contains("not a MATLAB file") == true)
    #expect(throws: SystemError.self) { try MATLABFile(Fixtures.path("absent.mat")) }
  }
}
