import Formats
import Foundation
import Testing

@Suite struct ImageTests {
  private func pillow(_ name: String) throws -> HostArray {
    try NPZFile(mapping: Fixtures.path("pillow.npz")).array(name)
  }

  @Test(arguments: ["rgb.png", "palette.png", "rgb.jpg", "grey.jpg", "progressive.jpg"])
  func imagesDecodeAsPillowDecodesThem(name: String) throws {
    let image = try RasterImage(Fixtures.bytes(name))
    let expected = try pillow(name)
    #expect([image.height, image.width] + (image.channels == 3 ? [3] : []) == expected.shape)
    // JPEG leaves the last bit of the inverse transform to the decoder.
    let tolerance = name.hasSuffix("png") ? 0 : 2
    let worst = zip(image.pixels, expected.bytes).map { abs(Int($0) - Int($1)) }.max()
    #expect(try #require(worst) <= tolerance)
  }

  @Test func otherDepthsBecomeEightBits() throws {
    let grey = try RasterImage(Fixtures.bytes("grey.png"))
    #expect(grey.channels == 1)
    #expect(try RasterImage(Fixtures.bytes("grey16.png")) == grey)
    #expect(try RasterImage(Fixtures.bytes("bilevel.png")).pixels == grey.pixels.map { $0 > 100 ? 255 : 0 })
    #expect(try RasterImage(Fixtures.bytes("rgba.png")) == RasterImage(Fixtures.bytes("rgb.png")))
  }

  @Test(arguments: [1, 3]) func aPNGComesBackAsItWas(channels: Int) throws {
    let pixels = (0..<13 * 5 * channels).map { UInt8(truncatingIfNeeded: $0 &* 73) }
    let image = RasterImage(width: 13, height: 5, channels: channels, pixels: pixels)
    #expect(try RasterImage(FileBytes(image.png())) == image)
  }

  @Test func sixteenBitsStaySixteen() throws {
    let image = try DecodedImage(Fixtures.bytes("grey16.png"))
    let grey = try DecodedImage(Fixtures.bytes("grey.png"))
    #expect(image.elementType == .uint16 && grey.elementType == .uint8)
    let values = HostArray(bytes: image.bytes, shape: image.shape, elementType: .uint16)
    #expect(values.integers() == grey.bytes.map { Int($0) * 257 })
  }

  @Test func faultsOutsideThePixelsArePassedOver() throws {
    #expect(try RasterImage(Fixtures.bytes("profile.png")) == RasterImage(Fixtures.bytes("rgb.png")))
  }

  @Test func resizingIsPillowsWithinOneLevel() throws {
    let image = try RasterImage(Fixtures.bytes("noise.png"))
    for (name, width, height) in [("down", 20, 13), ("up", 64, 40)] {
      let resized = Resampling.bilinear(
        image.pixels.map(Float.init), height: image.height, width: image.width, channels: 3, toHeight: height,
        toWidth: width)
      let worst = zip(resized, try pillow(name).bytes).map { abs($0.rounded() - Float($1)) }.max()
      #expect(try #require(worst) <= 1, "\(name)")
    }
  }

  @Test func damagedImagesAreRefused() throws {
    for name in ["rgb.png", "noise.png", "rgb.jpg", "progressive.jpg"] {
      let file = try Fixtures.bytes(name)
      for count in stride(from: 2, to: file.count - 12, by: 7) {
        #expect(throws: FormatError.self, "\(name) cut to \(count)") {
          try RasterImage(FileBytes(file.bytes(in: 0..<count)))
        }
      }
    }
    let error = #expect(throws: FormatError.self) { try RasterImage(Fixtures.bytes("cmyk.jpg")) }
    #expect(error?.problem.contains("4 colour components") == true)
  }

  @Test func anImageOfABillionPixelsIsRefused() throws {
    var bytes = try Fixtures.bytes("rgb.png").bytes(in: 0..<84)
    bytes.replaceSubrange(16..<24, with: [0, 1, 0, 0, 0, 1, 0, 0])
    #expect(throws: FormatError.self) { try RasterImage(FileBytes(bytes)) }
  }
}

@Suite struct ImageFolderTests {
  private func folder(_ files: [String: String]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (name, fixture) in files {
      let path = folder.file(name)
      try FileManager.default.createDirectory(
        at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: Fixtures.path(fixture), toPath: path)
    }
    return folder
  }

  @Test func classesAreTheNamesOfFolders() throws {
    let folder = try folder([
      "dog/2.png": "rgb.png", "cat/1.jpg": "rgb.jpg", "dog/1.PNG": "rgb.png", "cat/note.txt": "blanks.txt",
    ])
    var reader = try ImageFolderReader(folder.path)
    #expect(reader.folder.files == ["cat/1.jpg", "dog/1.PNG", "dog/2.png"])
    #expect(reader.folder.classNames == ["cat", "dog"])
    #expect(reader.sampleShape == [7, 9, 3])
    let batch = try reader.readAll()
    #expect(batch.labels == [0, 1, 1])
    #expect(try Array(batch.values.bytes.suffix(189)) == RasterImage(Fixtures.bytes("rgb.png")).pixels)
  }

  @Test func imagesOfOtherSizesOrDepthsAreRefused() throws {
    let sizes = try folder(["1.png": "rgb.png", "2.png": "noise.png"])
    var reader = try ImageFolderReader(sizes.path)
    let error = #expect(throws: FormatError.self) { try reader.readAll() }
    #expect(error?.file.hasSuffix("2.png") == true && error?.problem.contains("one size") == true)
    let depths = try folder(["1.png": "grey16.png", "2.png": "grey.png"])
    var deep = try ImageFolderReader(depths.path)
    #expect(deep.elementType == .uint16)
    #expect(throws: FormatError.self) { try deep.readAll() }
  }

  @Test func filesComeClassByClassAndOthersAreCounted() throws {
    let folder = try folder([
      "cat-2/1.png": "rgb.png", "cat/a-b/1.png": "rgb.png", "cat/a/1.png": "rgb.png", "cat/z.jfif": "rgb.jpg",
      "cat/10.png": "rgb.png", "cat/2.png": "rgb.png", "cat/x.bmp": "blanks.txt", "cat/y.BMP": "blanks.txt",
      "cat-2/Thumbs.db": "blanks.txt",
    ])
    let found = try ImageFolder(folder.path)
    // The order of torchvision.datasets.ImageFolder.
    #expect(
      found.files == [
        "cat/10.png", "cat/2.png", "cat/z.jfif", "cat/a/1.png", "cat/a-b/1.png", "cat-2/1.png",
      ])
    #expect(found.passedOver == "2 .bmp, 1 .db")
  }

  @Test func linksThatLeadInCirclesAreRefused() throws {
    let folder = try folder(["cat/1.png": "rgb.png"])
    try FileManager.default.createSymbolicLink(atPath: folder.file("cat/up"), withDestinationPath: "..")
    let error = #expect(throws: FormatError.self) { try ImageFolder(folder.path) }
    #expect(error?.problem.contains("loop of links") == true)
    try FileManager.default.removeItem(atPath: folder.file("cat/up"))
    try FileManager.default.createSymbolicLink(atPath: folder.file("cat/x.png"), withDestinationPath: "x.png")
    #expect(throws: SystemError.self) { try ImageFolder(folder.path) }
  }

  @Test func aFolderWithoutImagesOrWithLooseOnesIsRefused() throws {
    let empty = try folder(["a/b.txt": "blanks.txt"])
    #expect(throws: FormatError.self) { try ImageFolder(empty.path) }
    let mixed = try folder(["cat/1.png": "rgb.png", "2.png": "rgb.png"])
    #expect(throws: FormatError.self) { try ImageFolder(mixed.path) }
  }
}
