import Foundation
import Models
import Torch

// One step's loss and gradients, by as many processes as `mpirun` started; the first writes them to the file that is named.
do {
  let group = try MPI()
  defer { group.end() }
  var model = try Architecture(.contrastiveConvolutions, sampleShape: [3, 8, 8], code: 16).makeModel(seed: 2)
  if var encoder = model as? ContrastiveEncoder {
    encoder.group = group
    model = encoder
  }
  let samples = Tensor(RandomStream(seed: 9, purpose: .augmentation).uniform(22 * 192), [22, 3, 8, 8])
  let objective = model.objectives[0]
  let loss = try LibTorch.withThreads(1) {
    try objective.loss(
      TrainingData(samples).batch(Array(0..<22)), RandomStream(seed: 1, purpose: .training))
  }
  let parts = try grad(loss, objective.parameters).compactMap(\.self)
  let gradients = try Trainer.summed(parts, over: group)
  if group.rank == 0 {
    let values = [loss.item, Double(group.count)] + gradients.flatMap(\.doubles)
    try JSONEncoder().encode(values).write(to: URL(filePath: CommandLine.arguments[1]))
  }
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
