import Torch

/// Principal feature analysis (Lu, Cohen, Zhou, Tian 2007): the loadings of each feature on the principal components that
/// explain half of the variance are clustered, and the feature nearest to each cluster's centre is chosen.
///
/// Of the correlations, as the papers on the concrete autoencoder compare with it. Pixels that hardly vary count as much as
/// others then, so that it does worse on images than it would by covariances.
enum PrincipalFeatures {
  /// The share of the variance that the components explain, as in the comparisons of the concrete autoencoder's papers.
  static let explained = 0.5

  /// The loadings of all features, a row each; those of constant ones are 0.
  static func loadings(_ moments: FeatureMoments) -> [[Double]] {
    let scales = moments.variances.map { $0 > 0 ? 1 / $0.squareRoot() : 0 }
    let scale = Tensor(scales, [moments.total])
    let (values, vectors) = (moments.covariance * scale * scale.unsqueezed(1)).symmetricEigen()
    let spectrum = values.doubles.map { max(0, $0) }
    let whole = spectrum.reduce(0, +)
    var components = 0
    var sum = 0.0
    for value in spectrum.reversed() where sum < explained * whole {
      sum += value
      components += 1
    }
    let d = moments.total
    let loadings = vectors.sliced(1, d - components..<d).doubles
    return (0..<d).map { Array(loadings[$0 * components..<($0 + 1) * components]) }
  }
}

extension FeatureSelector {
  /// Principal feature analysis: one feature for each cluster of loadings.
  public static let principalFeatures = FeatureSelector(
    name: "pfa", summary: "principal feature analysis: one feature for each cluster of loadings"
  ) { problem in
    let rows = PrincipalFeatures.loadings(problem.moments)
    let clusters = KMeans(rows, count: problem.count, seed: problem.seed)
    var chosen: Set<Int> = []
    for centre in clusters.centres {
      // Two clusters may have one nearest feature where rows are equal: the next nearest then. Constant ones have a cluster,
      // but are not chosen.
      let nearest = problem.moments.varying.filter { !chosen.contains($0) }.min {
        KMeans.distance(rows[$0], centre) < KMeans.distance(rows[$1], centre)
      }
      if let nearest { chosen.insert(nearest) }
    }
    return Choice(ColumnSubset.ranked(chosen.sorted(), problem.moments))
  }
}
