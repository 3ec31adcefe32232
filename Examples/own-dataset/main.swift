// Attacks data of one's own and writes the examples in its own range and type.
//
//     swift run own-dataset

import Attacks
import Datasets
import Formats
import Foundation
import Models
import Torch

// 200 waves of 32 values from −1 to 1, in two classes: slow and fast.
let count = 200, length = 32
let draws = RandomStream(seed: 1, purpose: .start).uniform(count)
func wave(_ row: Int) -> [Double] {
  let speed = row % 2 == 0 ? 0.3 : 0.9
  return (0..<length).map { t in sin(Double(t) * speed + Double(draws[row]) * 6) }
}
let waves: [Double] = (0..<count).flatMap(wave)

// The encoding says what stands for 0 and 1, so that results come back as the data were.
let encoding = SampleEncoding(elementType: .float64, fileShape: [length], scale: .range(-1...1))
let values = try encoding.decode(HostArray(waves, shape: [count, length]), file: "waves")
let samples = Samples(shape: [length], values: values, labels: (0..<count).map { $0 % 2 })
let dataset = Dataset(
  name: "waves", train: samples, test: samples.prefix(0), classNames: ["slow", "fast"], encoding: encoding,
  digest: SHA256.digest(of: HostArray(waves).bytes))

// A model of them, an attack on it, a file of what was found.
let architecture = Architecture(.dense, sampleShape: dataset.sampleShape, code: 8)
let model = try architecture.makeModel(seed: 1)
let data = TrainingData(samples.tensor(on: .cpu))
var trainer = Trainer(model, seed: 1)
for epoch in 0..<30 { _ = try trainer.epoch(epoch, data, batchSize: 20) }

let attack = try Recipe.farNoise.makeAttack(on: model, samples: data.samples, seed: 1)
let found = try attack.run(data.samples, range: 0..<count, threads: 2)
let file = try ExampleFile(
  found.examples, of: dataset, attack: attack, negatesSimilarity: false, format: .npz)
let path = FileManager.default.temporaryDirectory.appendingPathComponent("waves-\(getpid()).npz").path
defer { try? FileManager.default.removeItem(atPath: path) }
try file.write(to: path)

let written = try NPZFile(mapping: path).array("x")
print("\(file.records.succeeded.count { $0 }) of \(count) waves have an adversarial example")
precondition(
  written.shape == [count, length] && written.elementType == .float64, "the file has another form")
precondition(written.doubles().allSatisfy { (-1...1).contains($0) }, "values lie outside the data's range")
precondition(file.records.successRate > 0.2, "the attack found next to nothing")
