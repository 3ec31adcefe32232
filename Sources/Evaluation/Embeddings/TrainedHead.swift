import Models
import Torch

/// A linear head on a frozen encoder's embeddings as SimCLR's reference fits it: by gradient descent with Nesterov's momentum, from
/// zeros, a cosine and no decay, over parts of the images that are turned at random; colours stay.
///
/// A regularised logistic regression on fixed embeddings (``LogisticProbe``) takes a hundredth of the time.
public struct TrainedHead: Sendable {
  /// The reference's.
  public struct Settings: Sendable {
    /// Passes over the images.
    public var epochs = 100
    /// Images in a step.
    public var batchSize = 512
    /// The rate that the cosine begins at.
    public var learningRate = 0.2
    /// Nesterov's.
    public var momentum = 0.9
    /// The reference's settings.
    public init() {}
  }

  private let weight: Tensor
  private let bias: Tensor

  /// - Parameters:
  ///   - train: with labels.
  ///   - isCancelled: asked after each epoch.
  /// - Throws: ``MeasureError`` where there is nothing to tell apart; `CancellationError`; what the model throws.
  public init(
    _ model: any Model, _ train: TrainingData, settings: Settings = Settings(), seed: UInt64 = 0,
    isCancelled: () -> Bool = { false }
  ) throws {
    guard let labels = train.labels else {
      throw MeasureError("a head on \(model.name) learns from labels, and the data have none")
    }
    let classes = (labels.max() ?? 0) + 1, count = train.count
    try checkClasses(labels, classes, count: count)
    let width = try embeddings(model, train.samples[0..<1]).shape[1]
    let device = train.samples.device
    let weight = Tensor.zeros([classes, width], device: device).requiringGrad()
    let bias = Tensor.zeros([classes], device: device).requiringGrad()
    let views = Self.views(model.sampleShape)
    let steps = settings.epochs * ((count + settings.batchSize - 1) / settings.batchSize)
    let schedule = LearningRateSchedule.cosine(steps: steps)
    var optimizer = SGD(learningRate: settings.learningRate, momentum: settings.momentum, nesterov: true)
    var step = 0
    for epoch in 0..<settings.epochs {
      if isCancelled() { throw CancellationError() }
      let order = RandomStream(seed: seed, purpose: .dataOrder, index: epoch).permutation(count)
      for start in stride(from: 0, to: count, by: settings.batchSize) {
        let chosen = Array(order[start..<min(count, start + settings.batchSize)])
        var x = train.samples.gathered(chosen)
        if let views {
          let stream = RandomStream(seed: seed, purpose: .judgedViews, index: -1 - epoch)
          x = withoutGrad {
            views(x, chosen.map { .init(stream, position: UInt64($0) * views.blocks(model.sampleShape)) })
          }
        }
        let inputs = try embeddings(model, x)
        let truth = Tensor(chosen.map { labels[$0] }, [chosen.count]).to(device)
        let loss = withGrad { crossEntropy(linear(inputs, weight, bias), truth) }
        let slopes = try grad(loss, [weight, bias]).compactMap(\.self)
        optimizer.learningRate = settings.learningRate * schedule.factor(step)
        optimizer.step([weight, bias], slopes)
        step += 1
      }
    }
    self.weight = weight.detached()
    self.bias = bias.detached()
  }

  /// Parts and turns of images; rows of tables stay as they are.
  private static func views(_ shape: [Int]) -> RandomViews? {
    guard case .images(var views) = RandomViews.usual(shape) else { return nil }
    views.jitters = 0
    views.greys = 0
    return .images(views)
  }

  /// Differentiable logits `[m, classes]` of embeddings `[m, d]`.
  public func logits(_ embeddings: Tensor) -> Tensor { linear(embeddings, weight, bias) }

  /// The class of each of the embeddings `[m, d]`.
  public func predict(_ embeddings: Tensor) -> [Int] { withoutGrad { logits(embeddings).argmax(1).ints } }
}
