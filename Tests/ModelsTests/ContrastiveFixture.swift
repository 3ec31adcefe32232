import Formats
import Foundation
import Models
import Torch

/// Values of lightly, torchvision and SimCLR's optimizer (`Fixtures/make.py`).
enum ContrastiveFixture {
  private static let path = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Fixtures/contrastive.npz").path

  static func floats(_ name: String) throws -> Tensor {
    let array = try NPZFile(mapping: path).array(name)
    return Tensor(array.floats(), array.shape)
  }

  static func doubles(_ name: String) throws -> Tensor {
    let array = try NPZFile(mapping: path).array(name)
    return Tensor(array.doubles(), array.shape)
  }
}
