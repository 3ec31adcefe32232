import Datasets
import Formats
import Foundation
import Testing

/// Real data sets lie where `UAE_DATA` says.
let dataRoot = ProcessInfo.processInfo.environment["UAE_DATA"]

func has(_ name: String) -> Bool {
  dataRoot.map { FileManager.default.fileExists(atPath: "\($0)/\(name)") } ?? false
}

@Suite struct RegistryTests {
  @Test func digitsAreSplitAndScaledAsDocumented() throws {
    let digits = try DatasetLoader.load("digits")
    #expect(digits.sampleShape == [1, 8, 8])
    #expect(digits.train.count == 1437)
    #expect(digits.test.count == 360)
    // The first sample of scikit-learn's load_digits: its first rows and its class.
    #expect(
      digits.train.values.prefix(16).map { $0 * 16 } == [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0])
    #expect(digits.train.labels?.prefix(3) == [0, 1, 2])
    // Classes of all 1,797 samples, as scikit-learn's numpy.bincount(load_digits().target) has them.
    let all = (digits.train.labels ?? []) + (digits.test.labels ?? [])
    #expect(
      (0..<10).map { digit in all.count { $0 == digit } } == [
        178, 182, 177, 183, 181, 182, 181, 179, 174, 180,
      ])
    #expect(digits.train.values.max() == 1)
    #expect(digits.train.values.min() == 0)
    #expect(digits.notes.isEmpty)
  }

  @Test func digitsGoBackToWhatTheFileHas() throws {
    let digits = try DatasetLoader.load("digits")
    let back = digits.encoding.encode(digits.train[0..<2].values)
    #expect(back.shape == [2, 8, 8])
    #expect(back.elementType == .uint8)
    #expect(back.bytes.prefix(16) == [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0])
  }

  @Test(.enabled(if: has("mnist"), "needs UAE_DATA/mnist"))
  func mnistHasItsPublishedCountsPerClass() throws {
    let mnist = try DatasetLoader.load("mnist", dataRoot: dataRoot)
    func perClass(_ samples: Samples) -> [Int] {
      (0..<10).map { digit in (samples.labels ?? []).count { $0 == digit } }
    }
    #expect(perClass(mnist.train) == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    #expect(perClass(mnist.test) == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    // The mean of the training pixels, as every tutorial on normalising MNIST quotes it.
    let mean = mnist.train.values.reduce(0.0) { $0 + Double($1) } / Double(mnist.train.values.count)
    #expect(abs(mean - 0.1306604) < 1e-6)
  }

  @Test(.enabled(if: has("mnist"), "needs UAE_DATA/mnist"))
  func aLimitTakesTheFirstTrainingSamplesAndTheWholeTest() throws {
    let some = try DatasetLoader.load("mnist", dataRoot: dataRoot, options: .init(limit: 500))
    #expect(some.train.count == 500)
    #expect(some.test.count == 10_000)
    #expect(some.train.labels?.prefix(5) == [5, 0, 4, 1, 9])
  }

  @Test func aMisspeltNameIsAnsweredWithTheNearest() {
    let error = #expect(throws: DatasetError.self) { try DatasetLoader.load("fashion-mnits") }
    #expect(error == .unknown(name: "fashion-mnits", nearest: "fashion-mnist"))
    #expect(DatasetRegistry.nearestName(to: "something-else") == nil)
  }

  @Test func anAbsentSetNamesFolderAndFile() throws {
    let error = #expect(throws: DatasetError.self) { try DatasetLoader.load("mnist", dataRoot: "/nowhere") }
    #expect(error?.description.contains("/nowhere/mnist: train-images-idx3-ubyte.gz") == true)
  }
}
