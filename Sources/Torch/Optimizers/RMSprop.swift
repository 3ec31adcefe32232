/// RMSprop (Tieleman and Hinton 2012) as Keras defines it: decay 0.9, ε = 1e-7 added to the root.
public struct RMSprop: Optimizer {
  /// What the update is multiplied by.
  public var learningRate: Double
  /// The decay of the mean square of the gradient, in 0..<1.
  public var decay: Double
  /// What is added to its root.
  public var epsilon: Double
  private var squares: [Tensor] = []

  /// Without a state yet.
  public init(learningRate: Double = 1e-3, decay: Double = 0.9, epsilon: Double = 1e-7) {
    self.learningRate = learningRate
    self.decay = decay
    self.epsilon = epsilon
  }

  public mutating func step(_ parameters: [Tensor], _ gradients: [Tensor]) {
    if squares.isEmpty { squares = zerosLike(parameters) }
    withoutGrad {
      Foreach.multiply(squares, decay)
      Foreach.addProduct(squares, gradients, gradients, scale: 1 - decay)
      let roots = Foreach.squareRoots(squares)
      Foreach.add(roots, epsilon)
      Foreach.addQuotient(parameters, gradients, roots, scale: -learningRate)
    }
  }

  public var state: [NamedTensor] {
    get { named("squares", squares) }
    set { squares = unnamed("squares", newValue) }
  }
}
