import Attacks
import Evaluation
import Models
import MutualInformation
import Runs
import Torch

/// One method on some of the images: the most similar images that the classifier gives another class.
package struct Table3Cell: StudyCell {
  package var plan: Table3Plan
  package var method: Method
  package var seed: UInt64
  /// The place of the first of its images among those that are attacked; a whole number of tiles.
  package var first: Int

  /// Images in a cell.
  static let size = 2 * Attack.tileSize

  package enum Method: String, Codable, CaseIterable, Sendable { case minmax, penalty }

  /// Per image, in order; NaN has no place in JSON, so that failures have nil.
  package struct Outcome: Codable, Sendable {
    /// The classifier's accuracy on the whole test set.
    package var accuracy: Double
    package var succeeded: [Bool]
    /// The information that the attack's own critic read when it found the image.
    package var own: [Double?]
    /// What a fresh critic reads: the mean over permutations of its own.
    package var fresh: [Double?]
    /// −½ ln(1 − cos²(x, x′)).
    package var closedForm: [Double?]
    package var l2: [Double?]
    package var ssim: [Double?]
    package var course: [CoursePoint]
    /// K, the views that a critic has of an image: with one image in a batch of them it can tell ln K apart.
    package var views: Int?
  }

  /// The information at an iteration, as the attack's critic reads it, over the cell's images.
  package struct CoursePoint: Codable, Sendable {
    package var iteration: Int
    /// Of the iterate: count, sum and sum of squares.
    package var current: Moments
    /// Of the best success so far, of images that have one.
    package var best: Moments
    /// Of ‖L(δ, c)‖² of Theorem 1, and of its least value so far; nil for searches that the theorem is not about.
    package var stationarity: Moments?
    package var leastStationarity: Moments?
  }

  package struct Moments: Codable, Sendable {
    package var count = 0
    package var sum = 0.0
    package var squares = 0.0

    mutating func add(_ value: Double) {
      guard value.isFinite else { return }
      count += 1
      sum += value
      squares += value * value
    }

    mutating func add(_ other: Moments) {
      count += other.count
      sum += other.sum
      squares += other.squares
    }

    var mean: Double { count == 0 ? .nan : sum / Double(count) }
    var deviation: Double {
      count < 2 ? 0 : max(0, (squares - sum * sum / Double(count)) / Double(count - 1)).squareRoot()
    }
  }

  package var label: String { "\(plan.dataset)/\(method.rawValue)/seed-\(seed)/from-\(first)" }
  package var sets: [DataPart] { [plan.part] }

  package func run(_ context: CellContext) throws -> Outcome {
    let classifier = try StudyClassifier(plan, atLeast: first + 1, context)
    let set = classifier.set, views = try classifier.convolution()
    let range = first..<min(first + Self.size, set.shape[0])
    let found = try classifier.attack(solver, likeness: views, critic, seed: seed).run(
      set, range: range, threads: context.threads, isCancelled: context.stopsEarly)
    return try outcome(found, set[range], views, plan.critic, accuracy: classifier.accuracy)
  }

  private var critic: MINE.Configuration {
    guard plan.asPublished == true else { return plan.critic }
    return plan.publishedCritic(method == .minmax ? .minmax : .penalty)
  }

  private var solver: any Solver {
    switch method {
    case .minmax where plan.asPublished == true:
      return PublishedSearch(.minmax, iterations: plan.iterations, searches: 1, recordsTrace: true)
    case .penalty where plan.asPublished == true:
      return PublishedSearch(
        .penalty, iterations: plan.iterations / plan.searches, searches: plan.searches, recordsTrace: true)
    case .minmax:
      return MinMax(start: .glorot, iterations: plan.iterations, recordsTrace: true)
    case .penalty:
      var penalty = Penalty(
        start: .glorot, iterations: plan.iterations / plan.searches, searches: plan.searches)
      penalty.recordsTrace = true
      return penalty
    }
  }

  private func outcome(
    _ found: AttackResult, _ originals: Tensor, _ views: any SampleViews, _ configuration: MINE.Configuration,
    accuracy: Double
  ) throws -> Outcome {
    let won = found.examples.succeeded
    func kept(_ values: [Double]) -> [Double?] { zip(values, won).map { $1 && $0.isFinite ? $0 : nil } }
    let sizes = PerturbationSizes(originals, found.perturbed)
    // A seed of its own, so that the judge is no network that the attack knew.
    let judged = try CriticRanking.read(
      originals, found.perturbed, firstIndex: first, views: views, configuration: configuration,
      steps: [plan.judgeSteps], seed: seed &+ 0x5EED)
    let length = originals.count / originals.shape[0]
    let x = originals.floats, y = found.perturbed.floats
    let ssim = StructuralSimilarity(shape: Array(originals.shape.dropFirst()))
    return Outcome(
      accuracy: accuracy, succeeded: won, own: kept(found.similarity.map { -Double($0) }),
      fresh: kept(judged.first?.mean ?? []), closedForm: kept(sizes.information), l2: kept(sizes.l2),
      ssim: kept(
        won.indices.map { row in
          let range = row * length..<(row + 1) * length
          return ssim.map { $0(x[range], y[range]) } ?? .nan
        }),
      course: course(found), views: views.count)
  }

  /// The course over the iterations, at some hundred of them.
  private func course(_ found: AttackResult) -> [CoursePoint] {
    let count = found.traces.map { $0.similarity.count }.min() ?? 0
    let shown = Set(stride(from: 0, to: count, by: max(1, count / 100)).map { $0 } + [max(0, count - 1)])
    var points: [CoursePoint] = []
    var best = found.traces.map { [Double?](repeating: nil, count: $0.similarity.first?.count ?? 0) }
    var least = found.traces.map { [Double](repeating: .infinity, count: $0.similarity.first?.count ?? 0) }
    let knowsStationarity = found.traces.allSatisfy { $0.stationarity.count == $0.similarity.count }
    for t in 0..<count {
      var point = CoursePoint(iteration: t + 1, current: Moments(), best: Moments())
      if knowsStationarity { (point.stationarity, point.leastStationarity) = (Moments(), Moments()) }
      for (tile, trace) in found.traces.enumerated() {
        for row in trace.similarity[t].indices {
          let information = -Double(trace.similarity[t][row])
          if trace.criterion[t][row] <= 0, information.isFinite {
            best[tile][row] = max(best[tile][row] ?? -.infinity, information)
          }
          point.current.add(information)
          if let known = best[tile][row] { point.best.add(known) }
          guard knowsStationarity else { continue }
          let distance = Double(trace.stationarity[t][row])
          least[tile][row] = min(least[tile][row], distance)
          point.stationarity?.add(distance)
          point.leastStationarity?.add(least[tile][row])
        }
      }
      if shown.contains(t) { points.append(point) }
    }
    return points
  }
}
