import Attacks
import Datasets
import Models
import Testing
import Torch

import Experiments

@Suite struct ExampleMakerTests {
  /// Examples of a part of the samples know which they are of, and another seed draws another part.
  @Test func ofAPartOfTheSamplesThePlacesAreKept() throws {
    let digits = try DatasetLoader.load("digits", options: .init(limit: 90)).train
    let set = TrainingData(digits, device: .cpu).samples
    let model = try Architecture(family: "dense-autoencoder", sampleShape: digits.shape, classes: 0)
      .makeModel(seed: 1, device: .cpu)
    let arm = Arm(
      .starts,
      recipe: .init(start: Choice("noise", ["sigma": .real(0.01)]), copies: 2, originals: 30))
    func made(_ seed: UInt64) throws -> ExampleMaker {
      var maker = ExampleMaker(arm, of: set, seed: seed) { _, _, _, _ in
        throw StudyError.settings("starts take no attack")
      }
      try maker.makeStatic(against: model) { model }
      return maker
    }
    let maker = try made(1)
    #expect(maker.sets.count == 2 && maker.rows.count == 2)
    for (examples, rows) in zip(maker.sets, maker.rows) {
      #expect(rows.count == 30 && rows == Array(Set(rows)).sorted() && rows.allSatisfy { 0..<90 ~= $0 })
      let changes = (examples - set.gathered(rows)).doubles.map(abs)
      #expect(changes.max().map { 0.001...0.1 ~= $0 } == true)
    }
    #expect(try made(2).rows[0] != maker.rows[0])
    let whole = maker.completed(maker.sets[0], at: maker.rows[0])
    #expect(whole.shape == set.shape)
    let places = Set(maker.rows[0])
    for place in 0..<90 {
      let isSame = whole[place..<place + 1].floats == set[place..<place + 1].floats
      #expect(isSame == !places.contains(place))
    }
  }
}
