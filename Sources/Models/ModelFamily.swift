import Formats
import Torch

/// A kind of model that can be built and trained here.
public struct ModelFamily: Sendable {
  /// What it is called in commands, plans and checkpoints.
  public let name: String
  /// One line for `--help`.
  public let summary: String
  /// What its models give.
  public let outputs: Set<Output>
  /// Whether training needs the samples' classes.
  public let needsLabels: Bool
  /// The authors' passes over their data.
  public let epochs: Int
  /// Samples in a step of their training.
  public let batchSize: Int
  /// Passes at the beginning over which the learning rate rises to its full size.
  public let warmUp: Int
  /// The length of the code where nothing is asked for, by the samples' shape.
  let usualCode: @Sendable ([Int]) -> Int
  let make: @Sendable (Architecture, inout ParameterInitializer) throws -> any TrainableModel

  /// A family of its parts.
  public init(
    _ name: String, _ summary: String, outputs: Set<Output>, needsLabels: Bool = false, epochs: Int,
    batchSize: Int = 100, warmUp: Int = 0, usualCode: @escaping @Sendable ([Int]) -> Int,
    make: @escaping @Sendable (Architecture, inout ParameterInitializer) throws -> any TrainableModel
  ) {
    self.name = name
    self.summary = summary
    self.outputs = outputs
    self.needsLabels = needsLabels
    self.epochs = epochs
    self.batchSize = batchSize
    self.warmUp = warmUp
    self.usualCode = usualCode
    self.make = make
  }
}

/// All families; a new one is a file with an entry, and a line here.
public enum ModelFamilies {
  /// Every family there is.
  public static let all: [ModelFamily] = [
    .sparse, .dense, .convolutional, .adversarial, .features, .classifier, .contrastiveConvolutions,
    .contrastiveResidual, .contrastiveDense,
  ]

  /// What commands train where nothing is asked for.
  public static let usual = ModelFamily.dense

  /// - Throws: ``ModelError/unknown(_:)``.
  public static func named(_ name: String) throws -> ModelFamily {
    guard let family = all.first(where: { $0.name == name }) else { throw ModelError.unknown(name) }
    return family
  }
}

/// All that is needed to build a model's layers; it is part of a checkpoint's metadata.
public struct Architecture: Codable, Equatable, Sendable {
  /// The name of the ``ModelFamily``.
  public var family: String
  /// The shape of one sample: `[channels, height, width]` or `[features]`.
  public var sampleShape: [Int]
  /// The length of the code; for the convolutional autoencoder the number of its channels, for the classifier the width
  /// of its dense layers, for the feature autoencoder the number of values that it reads, for contrastive encoders the length
  /// of the embedding.
  public var code: Int
  /// The number of classes, for families that need them.
  public var classes: Int?

  private enum CodingKeys: String, CodingKey { case family = "kind", sampleShape, code, classes }

  /// - Parameters:
  ///   - code: by default the authors' choice for the data.
  ///   - classes: of the data; families that take no notice of them have none.
  /// - Throws: ``ModelError/unknown(_:)``.
  public init(family name: String, sampleShape: [Int], code: Int? = nil, classes: Int = 0) throws {
    self.init(try ModelFamilies.named(name), sampleShape: sampleShape, code: code, classes: classes)
  }

  /// A model of a family for samples of a shape.
  public init(_ family: ModelFamily, sampleShape: [Int], code: Int? = nil, classes: Int = 0) {
    self.family = family.name
    self.sampleShape = sampleShape
    self.code = code ?? family.usualCode(sampleShape)
    self.classes = family.needsLabels ? classes : nil
  }

  /// The number of values in a sample.
  public var sampleSize: Int { sampleShape.reduce(1, *) }

  /// Builds the model with fresh parameters drawn from the seed: the same values on every device.
  /// - Throws: ``ModelError`` where the samples' shape does not suit the model.
  public func makeModel(seed: UInt64, device: Device = .cpu) throws -> any TrainableModel {
    let family = try ModelFamilies.named(self.family)
    guard !sampleShape.isEmpty, sampleShape.allSatisfy({ $0 > 0 }), code > 0 else {
      throw ModelError.unsuitable(self.family, sampleShape, "every length must be at least 1")
    }
    if family.needsLabels, classes ?? 0 < 2 { throw ModelError.unlabelled(self.family) }
    var random = ParameterInitializer(seed: seed, device: device)
    return try family.make(self, &random)
  }
}

/// Why a model cannot be built, loaded, trained or asked.
public enum ModelError: Error, Equatable, CustomStringConvertible {
  /// There is no family of this name.
  case unknown(String)
  /// A family does not take samples of this shape, and why.
  case unsuitable(String, [Int], String)
  /// A family learns classes, and the data have none.
  case unlabelled(String)
  /// A file is no checkpoint that can be read, and why.
  case checkpoint(path: String, String)
  /// A training's loss is not finite.
  case diverged(epoch: Int, loss: Double)
  /// A model lacks an output that something needs.
  case lacks(String, Output, for: String, has: [Output])
  /// A model has no part of this name.
  case noPart(String, String)
  /// A setting is out of range, in one line.
  case settings(String)

  public var description: String {
    switch self {
    case .unknown(let name):
      let names = ModelFamilies.all.map(\.name)
      let hint = nearestName(to: name, among: names).map { "did you mean '\($0)'? " } ?? ""
      return "unknown model '\(name)'; \(hint)known: \(names.joined(separator: ", "))"
    case .unsuitable(let family, let shape, let why):
      return "\(family) does not take samples of shape \(shape): \(why)"
    case .unlabelled(let family):
      return "\(family) learns classes: it needs data with labels, of at least two classes"
    case .checkpoint(let path, let why): return "\(path): \(why)"
    case .diverged(let epoch, let loss):
      return "training diverged in epoch \(epoch): the loss is \(loss); use a smaller learning rate"
    case .lacks(let name, let output, let purpose, let has):
      let rest = has.isEmpty ? "no outputs" : has.map(\.rawValue).joined(separator: ", ")
      return "\(name) has \(rest); \(purpose) needs \(output.rawValue)"
    case .noPart(let name, let part): return "\(name) has no part '\(part)'"
    case .settings(let problem): return problem
    }
  }
}
