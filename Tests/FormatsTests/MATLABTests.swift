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

  @Test(arguments: ["version4.mat", "matlab73.mat"])
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
