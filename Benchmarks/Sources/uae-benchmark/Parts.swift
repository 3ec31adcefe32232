import Attacks
import Foundation
import Models
import MutualInformation
import Torch

/// One measurement of an attack.
struct Row: Codable {
  var data, model, views, architecture: String
  var samples, threads, iterations: Int
  var seconds, megabytes: Double
  /// Achieved over the whole generation.
  var gigaflops, gigabytes: Double
  /// Of the threads' time: in views and MINE, in the model, elsewhere.
  var mineShare, modelShare, otherShare: Double

  init(_ subject: Subject, samples: Int, threads: Int, iterations: Int = 40) throws {
    let attack = try subject.attack(iterations: iterations), set = subject.samples(samples)
    PeakMemory.reset()
    let start = ContinuousClock.now
    let timing = try attack.run(set, range: 0..<samples, threads: threads).timing
    seconds = (ContinuousClock.now - start) / .seconds(1)
    megabytes = PeakMemory.megabytes
    data = subject.name
    model = subject.family.name
    views = subject.views.rawValue
    architecture = subject.architecture.rawValue
    (self.samples, self.threads, self.iterations) = (samples, threads, iterations)
    gigaflops = Double(samples) * subject.operations(iterations: iterations) / seconds / 1e9
    gigabytes = Double(samples * (iterations + 1)) * subject.bytesPerIteration / seconds / 1e9
    mineShare = timing.similarity / timing.total
    modelShare = timing.criterion / timing.total
    otherShare = 1 - mineShare - modelShare
  }
}

/// MINE alone: one sample on one thread.
struct Growth: Codable {
  var views, dimension, hidden: Int
  var microsecondsPerStep, gigaflops, stateKilobytes: Double

  init(views: Int, dimension: Int, hidden: Int, seconds: Double) throws {
    let configuration = MINE.Configuration(hiddenUnits: hidden)
    let mine = try FusedMINE(configuration, views: views, dimension: dimension, seed: 1, indices: [0])
    let count = views * dimension
    let x = Tensor(RandomStream(seed: 1, purpose: .start).normal(count), [1, views, dimension])
    let y = Tensor(RandomStream(seed: 2, purpose: .start).normal(count), [1, views, dimension])
    let steps = 20
    let until = ContinuousClock.now + .seconds(seconds)
    var shortest = Double.infinity
    repeat {
      shortest = min(shortest, measured { _ = mine.advance(x, y, steps: steps) })
    } while ContinuousClock.now < until
    (self.views, self.dimension, self.hidden) = (views, dimension, hidden)
    microsecondsPerStep = shortest / Double(steps) * 1e6
    let weights = Double(2 * hidden * dimension)
    gigaflops =
      (Double(steps) * weights * Double(4 * views + 12) + 3 * weights * Double(views)) / shortest / 1e9
    stateKilobytes = Double(configuration.stateBytes(viewShape: [dimension])) / 1024
  }
}

enum Part: String, CaseIterable {
  case ceilings, cases, authors, growth, threads, far, pooling, programs

  /// Those that need nothing but this machine.
  static var alone: [Part] { allCases.filter { $0 != .programs } }

  func measure(quick: Bool, threads: Int) throws -> any Encodable {
    switch self {
    case .ceilings:
      return [Ceilings(threads: 1), Ceilings(threads: threads)]
    case .cases:
      // A count is left out where the one before tells that it would take too long.
      let counts = quick ? [1, 64] : [1, 16, 128, 1024], longest = quick ? 1.0 : 25.0
      return try Subject.all.flatMap { subject in
        var rows: [Row] = []
        for count in counts {
          if let last = rows.last, last.seconds * Double(count) / Double(max(last.samples, 32)) > longest {
            break
          }
          rows.append(try Row(subject, samples: count, threads: threads, iterations: quick ? 4 : 40))
          report(rows.last)
        }
        return rows
      }
    case .authors:
      let subjects = [Subject.all[0], Subject.all[1], .mnist].map { $0.with(.authors) }
      return try subjects.prefix(quick ? 1 : 3).map {
        let row = try Row($0, samples: 2, threads: threads, iterations: quick ? 1 : 4)
        report(row)
        return row
      }
    case .growth:
      let base = (K: 16, D: 784, H: 16), seconds = quick ? 0.02 : 0.25
      return try [4, 8, 16, 32, 64, 128, 500].map {
        try Growth(views: $0, dimension: base.D, hidden: base.H, seconds: seconds)
      }
        + [64, 256, 1024, 4096].map {
          try Growth(views: base.K, dimension: $0, hidden: base.H, seconds: seconds)
        }
        + [8, 32, 64].map { try Growth(views: base.K, dimension: base.D, hidden: $0, seconds: seconds) }
    case .far:
      return try [(ModelFamily.dense, 8192), (.convolutional, 512)].flatMap { family, samples in
        try [true, false].map { exact in
          try FarRow(
            family, exact: exact, samples: quick ? 128 : samples, repetitions: quick ? 1 : 3,
            iterations: quick ? 4 : 40, threads: threads)
        }
      }
    case .pooling:
      return try [[256, 32, 32, 32], [256, 64, 16, 16], [256, 128, 8, 8], [64, 32, 28, 28]].flatMap { shape in
        try [false, true].map {
          try PoolingRow(shape, hasChannelsLast: $0, repetitions: quick ? 5 : 30)
        }
      }
    case .programs:
      guard let folder = ProcessInfo.processInfo.environment["UAE_EXPORTED"] else {
        FileHandle.standardError.write(Data("programs: set UAE_EXPORTED, or use Benchmarks/exported/compare\n".utf8))
        exit(2)
      }
      return try ProgramRows(folder, quick: quick)
    case .threads:
      let samples = quick ? 32 : 128
      return try (0..<(quick ? 1 : 3)).flatMap { _ in
        try [1, threads].map { try Row(.mnist, samples: samples, threads: $0, iterations: quick ? 4 : 40) }
      }
    }
  }

  private func report(_ row: Row?) {
    guard let row else { return }
    let line = "\(row.data) \(row.model) \(row.views) \(row.architecture) \(row.samples): \(row.seconds) s\n"
    FileHandle.standardError.write(Data(line.utf8))
  }
}
