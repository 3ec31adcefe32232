// What LibTorch has of LAPACK.

/// The solutions of A x = b, `[batch, n, n]` and `[batch, n, columns]`.
public func solve(_ a: Tensor, _ b: Tensor) -> Tensor { Op.solve.tensor([.tensor(a), .tensor(b)]) }

/// The eigenvalues `[n]` of a symmetric matrix `[n, n]`, the smallest first, and its eigenvectors as columns `[n, n]`.
public func eigh(_ matrix: Tensor) -> (values: Tensor, vectors: Tensor) {
  let found = orTrap { try Op.eigh.call([.tensor(matrix)]) }
  guard case .tensor(let values) = found[0], case .tensor(let vectors) = found[1] else {
    fatalError("linalg_eigh gives two tensors")
  }
  return (values, vectors)
}
