import Torch

/// The reconstruction error of each sample: the mean squared difference of its values.
///
/// Its mean over a test set is what the paper's Table 4 calls "average L2 reconstruction loss".
public func reconstructionErrors(_ model: any Autoencoder, _ data: Tensor, chunk: Int = 512) -> [Double] {
  withoutGrad {
    let count = data.shape[0]
    return stride(from: 0, to: count, by: chunk).flatMap { start in
      let x = data[start..<min(count, start + chunk)]
      return (model(x) - x).flattened().square().mean(1).doubles
    }
  }
}
