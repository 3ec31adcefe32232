/// Adadelta (Zeiler 2012) as Keras defines it: ρ = 0.95, ε = 1e-7 inside the roots, learning rate 1.
public struct Adadelta: Optimizer {
  /// What the update is multiplied by.
  public var learningRate: Double
  /// The decay of both running means, in 0..<1.
  public var rho: Double
  /// What is added under both roots.
  public var epsilon: Double
  private var squares: [Tensor] = []
  private var updates: [Tensor] = []

  /// Without a state yet.
  public init(learningRate: Double = 1, rho: Double = 0.95, epsilon: Double = 1e-7) {
    self.learningRate = learningRate
    self.rho = rho
    self.epsilon = epsilon
  }

  public mutating func step(_ parameters: [Tensor], _ gradients: [Tensor]) {
    if squares.isEmpty {
      squares = zerosLike(parameters)
      updates = zerosLike(parameters)
    }
    withoutGrad {
      Foreach.multiply(squares, rho)
      Foreach.addProduct(squares, gradients, gradients, scale: 1 - rho)
      let delta = updates.map { $0 + epsilon }
      Foreach.divide(delta, squares.map { $0 + epsilon })
      let roots = Foreach.squareRoots(delta)
      Foreach.multiply(roots, gradients)
      Foreach.multiply(updates, rho)
      Foreach.addProduct(updates, roots, roots, scale: 1 - rho)
      Foreach.add(parameters, roots, scale: -learningRate)
    }
  }

  public var state: [NamedTensor] {
    get { named("squares", squares) + named("updates", updates) }
    set {
      squares = unnamed("squares", newValue)
      updates = unnamed("updates", newValue)
    }
  }
}
