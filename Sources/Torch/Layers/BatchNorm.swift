/// Each channel of `[batch, channels, …]` less its mean, divided by its standard deviation, times a weight, plus a bias
/// (Ioffe and Szegedy 2015): in training mode by the batch's statistics, in evaluation mode by running ones, so that then
/// no sample's output depends on another.
public struct BatchNorm: Layer {
  private let weight: Tensor
  private let bias: Tensor
  private let runningMean: Tensor
  private let runningVariance: Tensor

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

  public var parameters: [NamedTensor] { [NamedTensor("weight", weight), NamedTensor("bias", bias)] }
  public var buffers: [NamedTensor] {
    [NamedTensor("running_mean", runningMean), NamedTensor("running_var", runningVariance)]
  }

  public func callAsFunction(_ x: Tensor, _ pass: inout Pass) -> Tensor {
    // A single value per channel has no variance to learn from.
    let learns = pass.isTraining && x.count > weight.count
    return Op.batchNorm.tensor([
      .tensor(x), .tensor(weight), .tensor(bias), .tensor(runningMean), .tensor(runningVariance),
      .bool(learns), .double(Self.momentum), .double(Self.epsilon), .bool(false),
    ])
  }

  public func write(_ script: inout ScriptMethod, as name: String) {
    let fields = tensors.map { script.field(name, $0.name) }
    script.apply(
      "batch_norm", "", script.present, fields[0], fields[1], fields[2], fields[3], .bool(false),
      .double(Self.momentum), .double(Self.epsilon), .bool(false))
  }
}
