import Foundation
import Torch

/// The rows of a concrete autoencoder's selector: each a distribution over the features.
struct ConcreteSelector {
  let form: ConcreteTraining.Form
  /// What is trained: the logits `[rows, features]`; of the indirect form ψ, W and b.
  let parameters: [Tensor]
  /// Of the logits.
  private let shape: [Int]

  init(
    _ form: ConcreteTraining.Form, rows: Int, features: Int, _ random: inout ParameterInitializer
  ) {
    self.form = form
    shape = [rows, features]
    switch form {
    case .direct, .straightThrough:
      parameters = [random.glorotUniform([rows, features], inputs: features, outputs: rows)]
    case .indirect:
      // ψ of unit variance, as its authors draw it.
      let stream = RandomStream(seed: random.seed, purpose: .selector, index: -1)
      let psi = Tensor(stream.normal(rows * features), [rows, features]).to(random.device).requiringGrad()
      parameters = [
        psi, random.glorotUniform([features, features], inputs: features, outputs: features),
        random.zeros([features]),
      ]
    }
  }

  /// `[rows, features]`.
  var logits: Tensor {
    form == .indirect ? linear(parameters[0], parameters[1], parameters[2]) : parameters[0]
  }

  /// Gumbel noise for the logits.
  func gumbel(_ stream: RandomStream) -> Tensor {
    withoutGrad {
      let uniform = Tensor(stream.uniform(shape.reduce(1, *)), shape).to(parameters[0].device)
      return -(-(uniform.clamped(1e-7...1).log())).clamped(atLeast: 1e-7).log()
    }
  }

  /// The rows' weights of the features under Gumbel noise at a temperature: `[rows, features]`, each row's sum 1.
  func mixture(temperature: Double, _ gumbel: Tensor) -> Tensor {
    let soft = ((logits + gumbel) / temperature).softmax(1)
    guard form == .straightThrough else { return soft }
    let hard = withoutGrad { (soft .>= soft.max(1, keepDimensions: true)).to(.float32) - soft }
    return hard.detached() + soft
  }

  /// Whether every row has made up its mind.
  var isDecided: Bool {
    let largest = withoutGrad { logits.softmax(1).max(1).doubles }
    return largest.reduce(0, +) / Double(largest.count) >= ConcreteTraining.decided.mean
      && largest.allSatisfy { $0 >= ConcreteTraining.decided.least }
  }

  /// A feature for each row, all distinct, with the largest product of probabilities.
  func end(after steps: Int) -> (columns: [Int], course: ConcreteTraining.Course) {
    let (logs, shape) = withoutGrad {
      let logs = logits.to(.cpu).to(.float64).logSoftmax(1)
      return (logs.doubles, logs.shape)
    }
    let rows = (0..<shape[0]).map { Array(logs[$0 * shape[1]..<($0 + 1) * shape[1]]) }
    let columns = Assignment.columns(rows.map { $0.map { -$0 } })
    let likeliest = rows.map { row in row.indices.max { row[$0] < row[$1] } ?? 0 }
    let largest = zip(rows, likeliest).map { exp($0[$1]) }
    let course = ConcreteTraining.Course(
      steps: steps, distinct: Set(likeliest).count, resolved: zip(columns, likeliest).count { $0 != $1 },
      meanLargest: largest.reduce(0, +) / Double(largest.count))
    return (columns, course)
  }
}
