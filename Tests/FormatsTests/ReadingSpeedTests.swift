import Formats
import Foundation
import Testing

extension Fuzz {
  /// Durations mean something only where nothing else runs: `./test --fuzz` measures them.
  @Suite(.serialized, .enabled(if: Fuzz.wanted != nil, "times are measured by ./test --fuzz"))
  struct ReadingSpeed {
    private static let mnist = ProcessInfo.processInfo.environment["UAE_DATA"].map { "\($0)/mnist" }

    /// The best of three, in seconds.
    private func best(_ body: () throws -> Void) throws -> Double {
      let clock = ContinuousClock()
      return try (0..<3).map { _ in try clock.measure(body) / .seconds(1) }.min() ?? .infinity
    }

    @Test(.enabled(if: mnist != nil, "needs UAE_DATA/mnist"))
    func mnistIsReadInHalfASecond() throws {
      let folder = try #require(Self.mnist)
      let seconds = try best {
        for name in ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"] {
          var reader = try IDXReader(FileBytes(mapping: "\(folder)/\(name)"))
          #expect(try reader.readAll().values.shape[0] == 60_000)
        }
      }
      #expect(seconds < 0.5)
      RobustnessPage.shared.enter(
        "MNIST, 60,000 training images and labels from `.gz`", measured: String(format: "%.2f s", seconds),
        bound: "0.5 s")
    }

    @Test func theFirstSampleOfTenGigabytesComesAtOnce() throws {
      let folder = try TemporaryFolder()
      let npy = folder.file("large.npy")
      try Fixtures.writeTenGigabyteNPY(to: npy)
      let tensors = folder.file("large.safetensors")
      let json = Array(#"{"x":{"dtype":"F32","shape":[2500000,1000],"data_offsets":[0,10000000000]}}"#.utf8)
      try AtomicFile.write(withUnsafeBytes(of: json.count) { [UInt8]($0) } + json, to: tensors)
      #expect(truncate(tensors, off_t(8 + json.count + 10_000_000_000)) == 0)
      let seconds = [
        "NPY": try best {
          var reader = try NPYReader(FileBytes(mapping: npy))
          #expect(try reader.next(1)?.values.shape == [1, 1000])
        },
        "safetensors": try best {
          let sample = try Safetensors.open(tensors).rows(0..<1, of: "x")
          #expect(sample.shape == [1, 1000])
        },
      ]
      for (format, seconds) in seconds.sorted(by: { $0.key < $1.key }) {
        #expect(seconds < 0.05)
        RobustnessPage.shared.enter(
          "\(format), first sample of 10 GB (a sparse file)",
          measured: String(format: "%.2f ms", seconds * 1000),
          bound: "50 ms")
      }
    }

    @Test(.enabled(if: ProcessInfo.processInfo.activeProcessorCount > 1, "needs two cores"))
    func imagesAreDecodedOnAllCores() throws {
      let folder = try TemporaryFolder()
      var noise: UInt32 = 1
      for index in 0..<120 {
        let pixels = (0..<256 * 256 * 3).map { _ -> UInt8 in
          noise = noise &* 1_664_525 &+ 1_013_904_223
          return UInt8(noise >> 27) &* 8
        }
        let image = RasterImage(width: 256, height: 256, channels: 3, pixels: pixels)
        try AtomicFile.write(image.png(), to: folder.file("\(index).png"))
      }
      let one = try best {
        for index in 0..<120 { _ = try RasterImage(FileBytes(mapping: folder.file("\(index).png"))) }
      }
      let all = try best {
        var reader = try ImageFolderReader(folder.path)
        #expect(try reader.readAll().values.shape == [120, 256, 256, 3])
      }
      #expect(one / all >= 1.5)
      RobustnessPage.shared.enter(
        "folder of PNG images, rate on all cores over that on one",
        measured: String(format: "%.2f", one / all),
        bound: "1.5")
    }
  }
}
