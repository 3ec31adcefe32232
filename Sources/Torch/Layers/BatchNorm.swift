/// Each channel of `[batch, channels, …]` less its mean, divided by its standard deviation, times a weight, plus a bias
/// (Ioffe and Szegedy 2015): in training mode by the batch's statistics, in evaluation mode by running ones, so that then
/// no sample's output depends on another.
public struct BatchNorm: Layer {
  let weight: Tensor
  let bias: Tensor
  let runningMean: Tensor
  let runningVariance: Tensor

  /// The share by which a batch moves the running statistics.
  public static let momentum = 0.1
  /// What is added to variances.
  public static let epsilon = 1e-5

  /// - Parameters:
  ///   - silent: whether the weights begin at 0 instead of 1: at the end of a residual block, which then begins as the identity.
  ///   - random: nothing is drawn; biases are 0.
  public init(_ channels: Int, silent: Bool = false, _ random: inout ParameterInitializer) {
    weight = silent ? random.zeros([channels]) : random.ones([channels])
    bias = random.zeros([channels])
    runningMean = Tensor.zeros([channels], device: random.device)
    runningVariance = Tensor.full([channels], 1, device: random.device)
  }

  private init(copying other: BatchNorm) {
    weight = other.weight.detached().cloned().requiringGrad()
    bias = other.bias.detached().cloned().requiringGrad()
    runningMean = other.runningMean.cloned()
    runningVariance = other.runningVariance.cloned()
  }

  /// One with the same values and a life of its own.
  public func copied() -> BatchNorm { BatchNorm(copying: self) }

  public var norms: [BatchNorm] { [self] }

  public var parameters: [NamedTensor] { [NamedTensor("weight", weight), NamedTensor("bias", bias)] }
  public var buffers: [NamedTensor] {
    [NamedTensor("running_mean", runningMean), NamedTensor("running_var", runningVariance)]
  }

  public func callAsFunction(_ x: Tensor, _ pass: inout Pass) -> Tensor {
    (pass.nextNorm() ?? self).applied(to: x, pass)
  }

  private func applied(to x: Tensor, _ pass: Pass) -> Tensor {
    if pass.isTraining, let group = pass.group, group.count > 1 {
      return orTrap { try synchronised(x, group) }
    }
    // A single value per channel has no variance to learn from.
    let learns = pass.isTraining && x.count > weight.count
    return Op.batchNorm.tensor([
      .tensor(x), .tensor(weight), .tensor(bias), .tensor(runningMean), .tensor(runningVariance),
      .bool(learns), .double(Self.momentum), .double(Self.epsilon), .bool(false),
    ])
  }

  /// The same by the statistics of all processes' shares of a batch.
  private func synchronised(_ x: Tensor, _ group: any ProcessGroup) throws -> Tensor {
    let channels = weight.count
    func sums(_ x: Tensor) -> Tensor { x.shape.count == 4 ? x.sum(0, 2, 3) : x.sum(0) }
    func perChannel(_ values: Tensor) -> Tensor {
      values.reshaped([1, channels] + [Int](repeating: 1, count: x.shape.count - 2))
    }
    let rows = Double(try group.sum([Float(x.shape[0])])[0])
    let count = rows * Double(x.shape.dropFirst(2).reduce(1, *))
    guard count > 1 else { return x }
    let mean = try group.sum(sums(x)) / count
    // In two passes: the difference of two large sums would lose what it is about.
    let centred = x - perChannel(mean)
    let variance = try group.sum(sums(centred.square())) / count
    withoutGrad {
      let share = Self.momentum
      runningMean.assign(runningMean * (1 - share) + mean * share)
      runningVariance.assign(runningVariance * (1 - share) + variance * (share * count / (count - 1)))
    }
    let scale = weight / (variance + Self.epsilon).sqrt()
    return centred * perChannel(scale) + perChannel(bias)
  }

  public func write(_ script: inout ScriptMethod, as name: String) {
    let fields = tensors.map { script.field(name, $0.name) }
    script.apply(
      "batch_norm", "", script.present, fields[0], fields[1], fields[2], fields[3], .bool(false),
      .double(Self.momentum), .double(Self.epsilon), .bool(false))
  }
}
