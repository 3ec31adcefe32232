import Datasets
import Formats
import Foundation
import Testing

/// The real files under `UAE_DATA`; expected numbers were computed by numpy and scipy from the same files.
@Suite struct RealFilesTests {
  private func load(_ name: String) throws -> Dataset { try DatasetLoader.load(name, dataRoot: dataRoot) }

  private func perClass(_ set: Dataset) -> [Int] {
    let labels = (set.train.labels ?? []) + (set.test.labels ?? [])
    return set.classNames.indices.map { index in labels.count { $0 == index } }
  }

  @Test(.enabled(if: has("cifar10/data_batch_1.bin.gz"), "needs UAE_DATA/cifar10"))
  func cifar10SaysWhichBatchesItHas() throws {
    let set = try load("cifar10")
    #expect(set.train.count == 10_000 && set.test.count == 10_000)
    #expect(
      set.test.labels.map { labels in (0..<10).map { label in labels.count { $0 == label } } }
        == Array(repeating: 1000, count: 10))
    #expect(set.train.labels?.prefix(5) == [6, 9, 9, 4, 1])
    #expect(set.notes.first?.contains("1 of 5") == true)
  }

  @Test(.enabled(if: has("svhn"), "needs UAE_DATA/svhn"))
  func svhnImagesAreUprightAndLabel10IsTheDigit0() throws {
    let set = try load("svhn")
    #expect(set.train.count == 867 && set.test.count == 216)
    #expect(set.notes.count == 2)
    // scipy.io.loadmat: numpy.bincount(y % 10), and X[row, column, channel, sample] of some samples.
    let file = try MATLABFile("\(dataRoot ?? "")/svhn/train_32x32.mat")
    let y = try #require(file.array("y").integers())
    #expect(perClass(set) == (0..<10).map { digit in y.count { $0 % 10 == digit } })
    let x = try file.array("X")
    let first = set.train[0..<1]
    let sample = try #require(
      (0..<20).first { index in
        (0..<3072).allSatisfy { place in
          let (channel, row, column) = (place / 1024, place / 32 % 32, place % 32)
          let byte = x.bytes[((row * 32 + column) * 3 + channel) * 1083 + index]
          return abs(first.values[place] * 255 - Float(byte)) < 1e-3
        }
      })
    #expect(y[sample] % 10 == first.labels?[0])
  }

  @Test(.enabled(if: has("isolet/isolet5.data.gz"), "needs UAE_DATA/isolet"))
  func isoletHasTheSpeakersOfItsTwoFiles() throws {
    let set = try load("isolet")
    #expect(set.train.count == 6238 && set.test.count == 1559)
    #expect(set.sampleShape == [617])
    // 150 speakers said each letter twice; three recordings are lost.
    let lost = [5: 2, 12: 1]
    #expect(perClass(set) == (0..<26).map { 300 - (lost[$0] ?? 0) })
    #expect(set.train.values.allSatisfy { (0...1).contains($0) })
    #expect(set.notes.contains { $0.contains("leak") })
  }

  @Test(.enabled(if: has("coil20"), "needs UAE_DATA/coil20"))
  func coil20HasSeventyTwoViewsOfEachObject() throws {
    let set = try load("coil20")
    #expect(set.train.count == 1152 && set.test.count == 288)
    #expect(set.sampleShape == [1, 20, 20])
    #expect(perClass(set) == Array(repeating: 72, count: 20))
  }

  @Test(.enabled(if: has("mice-protein"), "needs UAE_DATA/mice-protein"))
  func miceProteinFillsInTheMeansOfClasses() throws {
    let set = try load("mice-protein")
    #expect(set.train.count == 864 && set.test.count == 216)
    #expect(perClass(set) == [150, 135, 150, 135, 135, 105, 135, 135])
    #expect(set.notes.first?.hasPrefix("1396 missing values") == true)
    // No sentinel took part in the means: every protein still spreads over its range.
    let all = set.train.values + set.test.values
    let narrow = (0..<77).count { feature in
      let column = stride(from: feature, to: all.count, by: 77).map { all[$0] }
      let mean = column.reduce(0, +) / Float(column.count)
      return column.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Float(column.count) < 1e-4
    }
    #expect(narrow == 0)
  }

  @Test func splitsAreTheSameEveryTimeAndDisjoint() throws {
    guard has("coil20") else { return }
    #expect(try load("coil20").digest == load("coil20").digest)
    #expect(try load("coil20").test == load("coil20").test)
  }
}

/// Sets whose real files are not at hand, in small files of the same layout (see `Fixtures/make.py`).
@Suite struct LayoutTests {
  private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "Fixtures").path

  @Test func svhnAsScipyWritesItHasItsPublishedSplit() throws {
    let svhn = try DatasetLoader.load("svhn", dataRoot: Self.fixtures)
    #expect(svhn.train.count == 3 && svhn.test.count == 1)
    #expect(svhn.sampleShape == [3, 32, 32])
    #expect(svhn.train.labels == [1, 0, 9] && svhn.test.labels == [0])
    for (samples, offset) in [(svhn.train, 0), (svhn.test, 3)] {
      for sample in 0..<samples.count {
        let values = samples[sample..<sample + 1].values
        let wanted = (0..<3 * 32 * 32).map { place -> Float in
          let (channel, row, column) = (place / 1024, place / 32 % 32, place % 32)
          let byte: Int = row * 7 + column * 3 + channel * 50 + sample + offset
          return Float(byte % 256) / 255
        }
        #expect(zip(values, wanted).allSatisfy { abs($0 - $1) < 1e-6 } && values.count == wanted.count)
      }
    }
    // No note of a split of our own.
    #expect(svhn.notes == ["3 of 73,257 training samples are here"])
  }

  @Test func activityAsNumpyWritesItIsReadInItsPublishedLayout() throws {
    let activity = try DatasetLoader.load("activity", dataRoot: Self.fixtures)
    #expect(activity.train.count == 3 && activity.test.count == 1)
    #expect(activity.train.labels == [0, 5, 0] && activity.test.labels == [1])
    #expect(activity.train.values.prefix(3) == [1, 0, 1])
    #expect(activity.test.values.prefix(3) == [0, 1, 0])
  }

  @Test func isoletTextIsReadInItsPublishedLayout() throws {
    let folder = try Folder()
    let letters = (1...26).map { letter in
      ((0..<617).map { _ in "\(Double(letter) / 26)" } + ["\(letter)."]).joined(separator: ", ")
    }
    try folder.write("isolet/isolet1+2+3+4.data", letters.joined(separator: "\n"))
    try folder.write("isolet/isolet5.data", letters.reversed().joined(separator: "\n"))
    let isolet = try DatasetLoader.load("isolet", dataRoot: folder.path)
    #expect(isolet.train.labels == Array(0..<26))
    #expect(isolet.test.labels == (0..<26).reversed())
    #expect(isolet.notes.count == 1)
  }
}
