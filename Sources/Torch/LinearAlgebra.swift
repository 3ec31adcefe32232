// Systems of equations, factorisations of symmetric matrices and updates of rank one, by LibTorch's operators.

private enum Algebra {
  private static func find(_ name: String, _ overload: String = "") -> Operator {
    orTrap { try Operator("aten::" + name, overload) }
  }
  static let solve = find("linalg_solve")
  static let eigh = find("linalg_eigh")
  static let pinv = find("linalg_pinv", "rcond_tensor")
  static let outerInPlace = find("addr_")
  static let norm = find("linalg_vector_norm")
}

/// The solutions of A x = b, `[batch, n, n]` and `[batch, n, columns]`.
public func solve(_ a: Tensor, _ b: Tensor) -> Tensor { Algebra.solve.tensor([.tensor(a), .tensor(b)]) }

extension Tensor {
  /// Eigenvalues in ascending order `[n]` and eigenvectors in columns `[n, n]` of a symmetric matrix `[n, n]`.
  package func symmetricEigen() -> (values: Tensor, vectors: Tensor) {
    let found = orTrap { try Algebra.eigh.call([.tensor(self)]) }
    guard found.count == 2, case .tensor(let values) = found[0], case .tensor(let vectors) = found[1] else {
      preconditionFailure("linalg_eigh gives values and vectors")
    }
    return (values, vectors)
  }

  /// The Moore–Penrose inverse of a symmetric matrix `[n, n]`; eigenvalues below `tolerance` times the largest count as 0.
  package func symmetricPseudoInverse(tolerance: Double = 1e-12) -> Tensor {
    Algebra.pinv.tensor(
      [.tensor(self), .tensor(Tensor([tolerance], []).to(dtype)), .bool(true)])
  }

  /// Adds `scale · a bᵀ` to this matrix in place, for every copy of this value.
  package func addOuterInPlace(_ a: Tensor, _ b: Tensor, scale: Double = 1) {
    _ = Algebra.outerInPlace.tensor(
      [.tensor(self), .tensor(a), .tensor(b)], named: ["alpha": .double(scale)])
  }

  /// The Euclidean norm of each row `[n, m]` → `[n]`.
  package func rowNorms() -> Tensor { Algebra.norm.tensor([.tensor(self), .int(2), .ints([1])]) }
}
