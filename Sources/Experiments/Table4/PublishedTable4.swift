/// The figures of the paper's Table 4.
package enum PublishedTable4 {
  package struct Figure: Sendable, Equatable {
    /// Mean reconstruction error on the test set.
    package let error: Double
    /// Success rate on the training set, 0…1; nil for the original model.
    package let successRate: Double?
  }

  /// The published figure of an arm, where there is one.
  package static func figure(dataset: String, model: String, arm: String) -> Figure? {
    guard let row = rows["\(dataset)/\(model)"] else { return nil }
    let column: Int
    switch arm {
    case Table4Arms.original: return Figure(error: row.errors[0], successRate: nil)
    case Table4Arms.mineUAE: column = 0
    case Table4Arms.l2UAE: column = 1
    case "ga-0.01": column = 2
    case "ga-0.001": column = 3
    default: return nil
    }
    return Figure(error: row.errors[column + 1], successRate: row.rates[column] / 100)
  }

  /// Original, MINE-UAE, L2-UAE, GA 0.01, GA 0.001; success rates in percent without the original.
  private static let rows: [String: (errors: [Double], rates: [Double])] = [
    "mnist/sparse-autoencoder": ([0.00561, 0.00243, 0.00348, 0.00280, 0.00280], [100, 99.18, 54.10, 63.95]),
    "mnist/dense-autoencoder": (
      [0.00258, 0.00228, 0.00286, 0.00244, 0.00238], [92.99, 99.94, 48.53, 58.47]
    ),
    "mnist/conv-autoencoder": ([0.00294, 0.00256, 0.00364, 0.00301, 0.00304], [99.86, 99.61, 68.71, 99.61]),
    "mnist/adversarial-autoencoder": (
      [0.04785, 0.04581, 0.06098, 0.05793, 0.05544], [98.46, 43.54, 99.79, 99.83]
    ),
    "svhn/sparse-autoencoder": ([0.00887, 0.00235, 0.00315, 0.00301, 0.00293], [100, 72.16, 72.42, 79.92]),
    "svhn/dense-autoencoder": ([0.00659, 0.00421, 0.00550, 0.00858, 0.00860], [99.99, 82.65, 92.3, 93.92]),
    "svhn/conv-autoencoder": ([0.00128, 0.00095, 0.00121, 0.00098, 0.00104], [100, 56, 96.40, 99.24]),
    "svhn/adversarial-autoencoder": (
      [0.00173, 0.00129, 0.00181, 0.00161, 0.00130], [94.82, 58.98, 97.31, 99.85]
    ),
  ]
}
