import Formats
import Foundation
import Reports
import Testing

@Suite struct ImageGridTests {
  @Test func pixelsBecomeSquaresOfTheirShade() throws {
    let grid = try ImageGrid(shape: [2, 2], rows: [.init("x", [[0, 1, 0.5, 0.25]])], magnification: 10)
    let canvas = grid.drawn()
    let left = canvas.width - 24  // two columns of 10 and the gap of 4 at the right edge
    #expect(canvas[left + 5, 9] == .black)
    #expect(canvas[left + 15, 9] == .white)
    #expect(canvas[left + 5, 19] == Colour(red: 128, green: 128, blue: 128))
    #expect(canvas[left + 19, 23] == Colour(red: 64, green: 64, blue: 64))
  }

  @Test func colourImagesAreReadChannelByChannel() throws {
    let grid = try ImageGrid(shape: [3, 1, 1], rows: [.init("", [[1, 0, 0.2]])], magnification: 20)
    let canvas = grid.drawn()
    #expect(canvas[canvas.width - 14, 14] == Colour(red: 255, green: 0, blue: 51))
  }

  @Test func differencesAreWhiteAtZeroRedAboveBlueBelow() throws {
    let grid = try ImageGrid(
      shape: [1, 3], rows: [.init("", [[-0.2, 0, 0.1]], colouring: .signed())], magnification: 16)
    let canvas = grid.drawn()
    let left = canvas.width - 52
    let (below, zero, above) = (canvas[left + 8, 12], canvas[left + 24, 12], canvas[left + 40, 12])
    #expect(below.blue > below.red)
    #expect(zero == .white)
    #expect(above.red > above.blue)
    // Half of the limit is half as far from white as the limit itself.
    #expect(255 - Int(above.green) < 255 - Int(below.red))
  }

  @Test func theFileShowsWhatWasDrawn() throws {
    let canvas = try ImageGrid(shape: [2, 2], rows: [.init("a", [[0, 1, 0.5, 0.25], [1, 1, 1, 0]])]).drawn()
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("grid-\(UUID().uuidString).png")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(canvas.image.png()).write(to: file)
    #expect(try RasterImage(FileBytes(mapping: file.path)) == canvas.image)
  }

  @Test func labelsAreDrawn() throws {
    func ink(_ name: String) throws -> Int {
      let canvas = try ImageGrid(shape: [16, 16], rows: [.init(name, [[Float](repeating: 1, count: 256)])])
        .drawn()
      return (0..<canvas.height).reduce(0) { sum, y in
        sum + (0..<canvas.width).count { canvas[$0, y] == .black }
      }
    }
    #expect(try ink("") == 0)
    #expect(try ink("I") == 13)  // two serifs of 3 and a stem of 7 more
    #expect(try ink("−") == 5)
    #expect(try ink("·") == 2)
    #expect(try ink("‖") == 18)
  }

  @Test func valuesBeyondTheRangeAndNaNAreClamped() throws {
    let grid = try ImageGrid(shape: [1, 3], rows: [.init("", [[-3, 7, .nan]])], magnification: 16)
    let canvas = grid.drawn()
    let left = canvas.width - 52
    #expect(canvas[left + 8, 12] == .black)
    #expect(canvas[left + 24, 12] == .white)
    #expect(canvas[left + 40, 12] == .black)
  }

  @Test func wrongShapesAreRefused() {
    #expect(throws: ReportError.notAnImage(shape: [617])) { try ImageGrid(shape: [617], rows: []) }
    #expect(throws: ReportError.notAnImage(shape: [2, 4, 4])) { try ImageGrid(shape: [2, 4, 4], rows: []) }
    #expect(throws: ReportError.nothingToDraw("the grid has no images")) {
      try ImageGrid(shape: [4, 4], rows: [])
    }
    #expect(throws: ReportError.wrongImageSize(row: "x", index: 1, count: 3, shape: [2, 2])) {
      try ImageGrid(shape: [2, 2], rows: [.init("x", [[0, 0, 0, 0], [1, 2, 3]])])
    }
  }
}
