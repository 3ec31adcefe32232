import Attacks
import Testing
import Torch

/// Linear classifiers, of which everything is known: the distance of a sample to the boundary with class j is
/// |z_y − z_j| over the dual norm of w_y − w_j.
struct LinearClassifier {
  let weight: Tensor
  let set: Tensor
  let labels: [Int]

  /// Samples in the middle of [0, 1], so that the boundary is met before the box.
  init(seed: UInt64, classes: Int = 5, features: Int = 12, count: Int = 70) {
    weight = Tensor(
      RandomStream(seed: seed, purpose: .initialization).normal(classes * features), [classes, features])
    set =
      Tensor(RandomStream(seed: seed, purpose: .augmentation).uniform(count * features), [count, features])
      * 0.3 + 0.35
    labels = linear(set - 0.5, weight).argmax(1).ints
  }

  var logits: @Sendable (Tensor) throws -> Tensor { { [weight] in linear($0 - 0.5, weight) } }

  func criterion(_ surrogate: Surrogate = .margin, kappa: Double = 0) -> Misclassification {
    Misclassification(kappa: kappa, labels: labels, surrogate: surrogate, logits: logits)
  }

  func attack(_ solver: any Solver, _ surrogate: Surrogate = .margin) -> Attack {
    Attack(criterion: criterion(surrogate), similarity: Distance(), solver: solver, seed: 3)
  }

  func run(_ solver: any Solver, _ surrogate: Surrogate = .margin) throws -> AttackResult {
    try attack(solver, surrogate).run(set, range: 0..<set.shape[0], threads: 2)
  }

  /// The exact distance of each sample to the nearest boundary.
  func distances(_ norm: Norm) -> [Double] {
    let z = linear(set - 0.5, weight).doubles, w = weight.doubles
    let (classes, features) = (weight.shape[0], weight.shape[1])
    return labels.indices.map { row in
      let y = labels[row]
      return (0..<classes).filter { $0 != y }.map { j in
        let difference = (0..<features).map { w[y * features + $0] - w[j * features + $0] }
        let dual =
          norm == .linf
          ? difference.reduce(0) { $0 + abs($1) }
          : difference.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return (z[row * classes + y] - z[row * classes + j]) / dual
      }.min() ?? 0
    }
  }

  func sizes(_ found: AttackResult, _ norm: Norm) -> [Double] {
    let delta = (found.perturbed - set).flattened()
    return norm == .linf ? delta.abs().max(1).doubles : delta.sampleNorms().doubles
  }
}

@Suite struct ClassAttackTests {
  @Test(arguments: [1, 2, 3] as [UInt64], Norm.allCases)
  func fabFindsTheNearestBoundaryOfALinearClassifier(_ seed: UInt64, _ norm: Norm) throws {
    let fixture = LinearClassifier(seed: seed)
    let found = try fixture.run(FAB(norm: norm, iterations: 20))
    #expect(found.successRate == 1)
    for (size, exact) in zip(fixture.sizes(found, norm), fixture.distances(norm)) {
      #expect(size >= exact * 0.9999 && size <= exact * 1.05, "\(size) where \(exact) is the least")
    }
  }

  /// Of two classes: of more, descent goes to the one with the largest logit, which need not be the nearest.
  @Test(arguments: [1, 2] as [UInt64])
  func carliniWagnerComesNearTheBoundaryOfALinearClassifier(_ seed: UInt64) throws {
    let fixture = LinearClassifier(seed: seed, classes: 2)
    let found = try fixture.run(CarliniWagner(alpha: 0.002))
    #expect(found.successRate == 1)
    // Where Adam's last steps are small beside the distance.
    let all = zip(fixture.sizes(found, .l2), fixture.distances(.l2))
    for (size, exact) in all where exact > 0.05 {
      #expect(size >= exact * 0.9999 && size <= exact * 1.05, "\(size) where \(exact) is the least")
    }
  }

  /// Attacks in a ball succeed where the boundary is within it, and nowhere else.
  @Test(arguments: Norm.allCases)
  func aBallHasSuccessesWhereItReachesTheBoundary(_ norm: Norm) throws {
    let fixture = LinearClassifier(seed: 4)
    let exact = fixture.distances(norm)
    let epsilon = exact.sorted()[exact.count / 2] * 1.0001
    let square = Square(norm: norm, epsilon: epsilon, queries: 600)
    let solvers: [(String, any Solver, Surrogate)] = [
      ("pgd", PGD(norm: norm, epsilon: epsilon, alpha: epsilon / 4, iterations: 60), .margin),
      (
        "pgd, best",
        PGD(norm: norm, epsilon: epsilon, alpha: epsilon / 4, iterations: 60, restarts: 2, keeps: .best),
        .margin
      ),
      ("apgd", APGD(norm: norm, epsilon: epsilon, iterations: 60), .margin),
      ("apgd-t", TargetedAPGD(APGD(norm: norm, epsilon: epsilon, iterations: 60)), .margin),
      ("fab", FAB(norm: norm, epsilon: epsilon, iterations: 20), .margin),
      ("auto", AutoAttack(norm: norm, epsilon: epsilon, iterations: 60, queries: 5), .margin),
      ("square", square, .margin),
    ]
    for (name, solver, surrogate) in solvers {
      let found = try fixture.run(solver, surrogate)
      for (row, size) in fixture.sizes(found, norm).enumerated() {
        #expect(size <= epsilon * 1.0001, "\(name) leaves the ball")
        if found.succeeded[row] {
          #expect(exact[row] <= epsilon * 1.001, "\(name) succeeds where nothing can")
        }
        // Without gradients not all are found.
        if exact[row] < epsilon * 0.97, name != "square" {
          #expect(found.succeeded[row], "\(name) misses a boundary at \(exact[row] / epsilon) ε")
        }
      }
      if name == "square" { #expect(found.status.count { $0 == .succeeded } > fixture.labels.count / 4) }
    }
  }

  @Test func surrogatesAreTheirFormulas() throws {
    let logits = Tensor([2, -1, 0.5, 3, 0, 0, 0, 0] as [Float], [2, 4])
    let classes = Tensor([0, 3], [2])
    func loss(_ surrogate: Surrogate) throws -> [Float] {
      try Misclassification(labels: [0, 3], surrogate: surrogate) { _ in logits }
        .bind(Tensor.zeros([2, 4], device: .cpu)).valuesAndLoss(logits).loss.floats
    }
    _ = classes
    #expect(try loss(.margin)[0] == -1)
    let sum = [2, -1, 0.5, 3].map { (z: Double) in z.exponential }.reduce(0, +)
    #expect(abs(Double(try loss(.crossEntropy)[0]) - (2 - sum.logarithm)) < 1e-6)
    // (z_y − max other) / (z₍₁₎ − z₍₃₎) = (2 − 3) / (3 − 0.5)
    #expect(abs(try loss(.dlr)[0] + 0.4) < 1e-6)
    #expect(try loss(.dlr)[1] == 0)
  }

  /// A tie between two classes is no success, in either direction.
  @Test func aTieIsAFailure() throws {
    let x = Tensor([0.5, 0.25] as [Float], [1, 2]), tie = Tensor([0.5, 0.5] as [Float], [1, 2])
    let model: @Sendable (Tensor) throws -> Tensor = { $0 }
    #expect(try Misclassification(logits: model).bind(x).values(tie).floats[0] > 0)
    #expect(try Targeted(.one(1), logits: model).bind(x).values(tie).floats[0] > 0)
    #expect(try SameClass(logits: model).bind(x).values(tie).floats[0] > 0)
  }

  @Test func aClassIsTheLabelsOrTheModels() throws {
    let x = Tensor([0.9, 0.1, 0.2, 0.8] as [Float], [2, 2])
    let model: @Sendable (Tensor) throws -> Tensor = { $0 }
    func f(_ source: ClassSource, _ labels: [Int]?) throws -> [Float] {
      try Misclassification(classOf: source, labels: labels, logits: model).bind(x).values(x).floats
    }
    // The first sample is labelled as what the model does not see in it.
    let wrong = [1, 1]
    #expect(try f(.automatic, wrong)[0] < 0 && f(.label, wrong)[0] < 0)
    #expect(try f(.prediction, wrong)[0] > 0 && f(.automatic, nil)[0] > 0)
    #expect(throws: CriterionError.noLabels) { try f(.label, nil) }
    #expect(throws: CriterionError.noSuchLabel(2, count: 2)) { try f(.label, [0, 2]) }
    #expect(throws: CriterionError.otherCount(labels: 3, samples: 2)) { try f(.label, [0, 1, 0]) }
    #expect(throws: CriterionError.oneClass([2, 1])) {
      try Misclassification { $0.sum(1, keepDimensions: true) }.bind(x)
    }
  }

  @Test func targetsArePerSample() throws {
    let fixture = LinearClassifier(seed: 6, classes: 4)
    let z = linear(fixture.set - 0.5, fixture.weight).floats
    let least = fixture.labels.indices.map { row in
      (0..<4).min { z[row * 4 + $0] < z[row * 4 + $1] } ?? 0
    }
    let each = fixture.labels.indices.map { $0 % 4 }
    let all: [(TargetClass, [Int])] = [
      (.one(2), fixture.labels.map { _ in 2 }), (.next, fixture.labels.map { ($0 + 1) % 4 }),
      (.leastLikely, least), (.each(each), each),
    ]
    for (target, expected) in all {
      let criterion = Targeted(target, labels: fixture.labels, logits: fixture.logits)
      let found = try Attack(
        criterion: criterion, similarity: Distance(), solver: PGD(epsilon: 0.4, alpha: 0.05), seed: 1
      ).run(fixture.set, range: 0..<70, threads: 2)
      let after = linear(found.perturbed - 0.5, fixture.weight).argmax(1).ints
      for row in expected.indices {
        if expected[row] == fixture.labels[row] {
          #expect(found.status[row] == .skipped)
          #expect(found.perturbed[row].floats == fixture.set[row].floats)
        } else if found.succeeded[row] {
          #expect(after[row] == expected[row])
        }
      }
      #expect(found.status.count { $0 == .succeeded } > 20)
    }
  }

  @Test func theWholeSetBreaksWhatAnyOfItsPartsBreaks() throws {
    let fixture = LinearClassifier(seed: 7, features: 40)
    let exact = fixture.distances(.linf).sorted()
    let epsilon = exact[35]
    let whole = try fixture.run(AutoAttack(epsilon: epsilon, iterations: 20, queries: 100))
    let parts: [any Solver] = [
      APGD(epsilon: epsilon, iterations: 20, surrogate: .crossEntropy),
      TargetedAPGD(APGD(epsilon: epsilon, iterations: 20)),
    ]
    for part in parts {
      let found = try fixture.run(part)
      for row in fixture.labels.indices where found.succeeded[row] { #expect(whole.succeeded[row]) }
    }
  }
}

extension Double {
  fileprivate var exponential: Double { Tensor([self], [1]).exp().item }
  fileprivate var logarithm: Double { Tensor([self], [1]).log().item }
}
