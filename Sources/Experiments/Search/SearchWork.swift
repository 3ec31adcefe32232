import Attacks

/// The work of a search, or of a part of it: what it takes at most.
package struct SearchWork: Sendable {
  /// Trainings of the same data.
  package var trainings = 0.0
  /// Of each attack, its steps on a sample, in steps of a training: they are as many however long trainings are.
  package var attacks: [Double] = []

  /// Of a search from its round `number` on, which `candidates` are in, and of the comparison at its end.
  package init(candidates: [SearchCandidate], from number: Int = 0, seeds: Int) {
    if number == 0 { trainings += Double(1 + SearchPlan.rates.count) }
    func steps(_ work: SearchWork) -> Double { work.attacks.reduce(0, +) }
    var open = candidates.map(\.work).sorted { ($0.trainings, steps($0)) > ($1.trainings, steps($1)) }
    for (round, count) in SearchPlan.rounds.enumerated().dropFirst(number) {
      // Every seed has a model of its own that examples are made against.
      for work in open { add(work, times: count) }
      trainings += Double(count)
      // The best way for longer, beside the same data.
      if round + 2 == SearchPlan.rounds.count {
        trainings += 2 * SearchCandidate.longer * Double(SearchPlan.rounds[round + 1])
      }
      open = Array(open.prefix(max(2, Int((SearchPlan.kept * Double(open.count)).rounded(.up)))))
    }
    // The control, a winner that trains for longer and its control, the best adversarial arm, its start, and the model that
    // examples are made against.
    let adversarial = candidates.filter(\.isAdversarial).map(\.work)
    trainings +=
      Double(seeds) * (2 + 2 * SearchCandidate.longer + 2 * (adversarial.map(\.trainings).max() ?? 1))
    attacks += Array(repeating: adversarial.map(steps).max() ?? 0, count: seeds)
  }

  init(trainings: Double = 0, attacks: [Double] = []) {
    self.trainings = trainings
    self.attacks = attacks
  }

  private mutating func add(_ other: SearchWork, times count: Int) {
    trainings += Double(count) * other.trainings
    for _ in 0..<count { attacks += other.attacks }
  }

  /// All of it in updates, where a training has so many and no attack takes longer than it may.
  ///
  /// - Parameter passSize: a pass over all samples, in updates.
  func updates(each: Int, passSize: Double) -> Double {
    let training = Double(each)
    return trainings * training
      + attacks.reduce(0) { $0 + min($1 * passSize, SearchCandidate.longestAttack * training) }
  }
}

extension SearchCandidate {
  /// A step of an attack on a batch in updates on as many samples; between 1.2 and 1.8 in the families here.
  private static let attackStep = 1.5
  /// The most that an attack may take, in trainings.
  static let longestAttack = 4.0

  /// What it takes besides the model that examples are made against.
  var work: SearchWork {
    let length = arm.effort ?? 1
    guard isAdversarial else { return SearchWork(trainings: length) }
    let attack = arm.attack
    let steps = Self.attackStep * Double(attack.copies) * (attack.solver["iterations"]?.number ?? 0)
    guard arm.source == .online else { return SearchWork(trainings: length, attacks: [steps]) }
    // Half of a batch is original, so that a pass over the samples takes twice the updates; and it is made at least once.
    let makings = (1 - (arm.after ?? 0)) / Double(arm.every ?? 1) / 2
    return SearchWork(trainings: length * (1 + steps * makings), attacks: [steps])
  }

  /// The same where an attack on all samples would take too long: examples are made of as many as there is time for.
  func capped(_ plan: SearchPlan) -> SearchCandidate {
    let steps = work.attacks.reduce(0, +)
    guard steps > 0 else { return self }
    let originals = Int(Self.longestAttack * Double(plan.updates * plan.batchSize) / steps)
    guard originals < plan.samples else { return self }
    var capped = self
    capped.arm.recipe?.originals = max(originals, min(plan.batchSize, plan.samples))
    return capped
  }
}

/// How fast a search goes, by what of it is finished.
struct SearchPace {
  private let passSize: Double, updates: Int, workers: Int
  private var seconds = 0.0, work = 0.0

  init(passSize: Double, updates: Int, workers: Int) {
    self.passSize = passSize
    self.updates = updates
    self.workers = workers
  }

  /// Takes a finished training into account.
  mutating func add(_ seconds: Double, for work: SearchWork) {
    self.seconds += seconds
    self.work += work.updates(each: updates, passSize: passSize)
  }

  /// The seconds that some work takes, with all workers at it; nil before anything is finished.
  func left(_ left: SearchWork) -> Double? {
    guard work > 0 else { return nil }
    return left.updates(each: updates, passSize: passSize) * seconds / work / Double(workers)
  }
}
