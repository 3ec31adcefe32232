import Torch

extension ContrastiveEncoder {
  /// Four blocks of a 3×3 convolution, batch norm, the largest of 2×2 and ReLU, with w, 2w, 4w and 8w channels, and the mean of
  /// each channel; the code is 8w. Projector 8w → 8w → 64. For two cores.
  ///
  /// A block's maximum is left out where fewer than 4 pixels would be left to take it of. τ is below the reference's ½: after
  /// few passes the neighbours are better by it, judged on held-out images.
  static func convolutions(
    _ architecture: Architecture, _ random: inout ParameterInitializer
  ) throws -> ContrastiveEncoder {
    let width = try width(architecture)
    var side = min(architecture.sampleShape[1], architecture.sampleShape[2])
    var channels = architecture.sampleShape[0]
    var layers: [any Layer] = []
    for block in 0..<4 {
      let outputs = width << block
      layers += [
        Conv2d(channels, outputs, kernel: 3, hasBias: false, &random), BatchNorm(outputs, &random),
      ]
      // The ReLU of the largest is the largest of the ReLUs, at a quarter of the work.
      if side >= 4 {
        layers.append(Pooling.max(2))
        side /= 2
      }
      layers.append(Activation.relu)
      channels = outputs
    }
    let code = architecture.code
    return ContrastiveEncoder(
      architecture, encoder: layers + [Pooling.wholeAverage],
      projector: [Linear(code, code, &random), Activation.relu, Linear(code, 64, &random)],
      optimizer: .adamW(learningRate: 2e-3), temperature: 0.3)
  }

  /// ResNet-18 with the stem for small images (3×3, stride 1, no maximum) as SimCLR's reference has it for CIFAR-10: w, 2w, 4w
  /// and 8w channels in two blocks each, the last batch norm of a block begins at 0; the code is 8w, 512 in the reference
  /// (11,168,832 weights). Projector 512 → 512 → 512 → 128, batch norm after each.
  static func residual(
    _ architecture: Architecture, _ random: inout ParameterInitializer
  ) throws -> ContrastiveEncoder {
    let width = try width(architecture)
    var channels = width
    var layers: [any Layer] = [
      Conv2d(architecture.sampleShape[0], width, kernel: 3, hasBias: false, &random),
      BatchNorm(width, &random),
      Activation.relu,
    ]
    for block in 0..<8 {
      let outputs = width << (block / 2)
      let stride = block > 0 && block % 2 == 0 ? 2 : 1
      layers += [
        Residual(
          [
            Conv2d(channels, outputs, kernel: 3, stride: stride, hasBias: false, &random),
            BatchNorm(outputs, &random), Activation.relu,
            Conv2d(outputs, outputs, kernel: 3, hasBias: false, &random),
            BatchNorm(outputs, silent: true, &random),
          ],
          shortcut: stride == 1 && channels == outputs
            ? []
            : [
              Conv2d(channels, outputs, kernel: 1, stride: stride, hasBias: false, &random),
              BatchNorm(outputs, &random),
            ]), Activation.relu,
      ]
      channels = outputs
    }
    let code = architecture.code
    return ContrastiveEncoder(
      architecture, encoder: layers + [Pooling.wholeAverage],
      projector: [
        Linear(code, code, &random), BatchNorm(code, &random), Activation.relu,
        Linear(code, code, &random), BatchNorm(code, &random), Activation.relu,
        Linear(code, 128, &random), BatchNorm(128, &random),
      ], optimizer: .lars(learningRate: 2))
  }

  /// Two dense layers with batch norm and ReLU, code wide; projector code → code → 64. For rows of tables.
  static func dense(
    _ architecture: Architecture, _ random: inout ParameterInitializer
  ) -> ContrastiveEncoder {
    let code = architecture.code
    return ContrastiveEncoder(
      architecture,
      encoder: [
        Flatten(), Linear(architecture.sampleSize, code, &random), BatchNorm(code, &random), Activation.relu,
        Linear(code, code, &random), BatchNorm(code, &random), Activation.relu,
      ],
      projector: [Linear(code, code, &random), Activation.relu, Linear(code, 64, &random)],
      optimizer: .adamW(learningRate: 2e-3))
  }

  /// The smallest side of an image that leaves parts to crop.
  static let smallestSide = 8

  /// w of a code of 8w.
  /// - Throws: ``ModelError/unsuitable(_:_:_:)``; ``ModelError/settings(_:)``.
  private static func width(_ architecture: Architecture) throws -> Int {
    let shape = architecture.sampleShape
    guard shape.count == 3 else {
      throw ModelError.unsuitable(architecture.family, shape, "it needs images, [channels, height, width]")
    }
    guard min(shape[1], shape[2]) >= smallestSide else {
      throw ModelError.unsuitable(
        architecture.family, shape, "images of fewer than \(smallestSide) pixels a side are too small to crop"
      )
    }
    guard architecture.code % 8 == 0 else {
      throw ModelError.settings(
        "the code of \(architecture.family) is \(architecture.code); it must be a multiple of 8")
    }
    return architecture.code / 8
  }
}

extension ModelFamily {
  /// Four convolutions, for images.
  public static let contrastiveConvolutions = ModelFamily(
    "simclr-convnet", "an embedding by contrastive learning: four convolutions, for images",
    outputs: [.embedding, .projection], epochs: 20, batchSize: 256, usualCode: { _ in 128 }
  ) { try ContrastiveEncoder.convolutions($0, &$1) }

  /// ResNet-18, for images.
  public static let contrastiveResidual = ModelFamily(
    "simclr-resnet18", "the same by ResNet-18, as published", outputs: [.embedding, .projection],
    epochs: 1000,
    batchSize: 512, warmUp: 10, usualCode: { _ in 512 }
  ) { try ContrastiveEncoder.residual($0, &$1) }

  /// Dense layers, for tables.
  public static let contrastiveDense = ModelFamily(
    "simclr-dense", "the same by dense layers, for tables", outputs: [.embedding, .projection], epochs: 50,
    batchSize: 256, usualCode: { _ in 128 }
  ) { ContrastiveEncoder.dense($0, &$1) }
}
