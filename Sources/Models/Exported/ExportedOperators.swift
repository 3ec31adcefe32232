import Formats
import Torch

/// The operators that a program of torch.export may call: ATen's, but for those with which a file could reach beyond its
/// tensors.
struct ExportedOperator: Sendable {
  let operation: Operator
  let name: String
  let arguments: [Argument]

  /// An argument as the operator's schema declares it.
  struct Argument: Sendable {
    let name: String
    /// `Tensor(a!)`, `SymInt[2]`, `ScalarType?`.
    let type: String
    /// Whether the operator writes to it.
    var isWritten: Bool { type.contains("!") }
    /// Whether the result may share its elements.
    var isShared: Bool { type.contains("(") }
  }

  /// These read or make files, put tensors over other storages, or change what autograd knows.
  private static let denied: Set<String> = [
    "from_file", "set_", "set_data", "resize", "resize_", "resize_as", "resize_as_", "resize_as_sparse_",
    "requires_grad_",
    "retain_grad", "record_stream", "pin_memory", "is_pinned", "data", "to_mkldnn", "mkldnn_convolution",
  ]
  /// Operators that begin with `_` check their arguments less than others; these occur in programs of PyTorch's.
  private static let allowedPrivate: Set<String> = [
    "_assert_scalar", "_assert_tensor_metadata", "_assert_async", "_convolution", "_fft_c2c", "_fft_r2c",
    "_fft_c2r",
    "_log_softmax", "_native_batch_norm_legit", "_safe_softmax", "_shape_as_tensor", "_softmax", "_to_copy",
    "_unsafe_index", "_unsafe_view", "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa",
    "_upsample_nearest_exact1d",
    "_upsample_nearest_exact2d", "_upsample_nearest_exact3d", "_weight_norm", "_weight_norm_interface",
    "_reshape_alias",
    "_adaptive_avg_pool2d", "_adaptive_avg_pool3d", "_trilinear", "_stack", "_cat", "_euclidean_dist",
    "_cdist_forward",
    "_conj", "_neg_view", "_prelu_kernel", "_thnn_fused_lstm_cell", "_thnn_fused_gru_cell", "_linalg_det",
    "_linalg_svd",
    "_linalg_eigh", "_linalg_solve_ex", "_batch_norm_impl_index", "_pad_circular", "_pad_enum",
    "_is_all_true", "_is_any_true",
  ]
  /// Of those that give a view or their input as it is, those whose schema does not say so.
  private static let passesOn: Set<String> = [
    "dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout", "pad", "einsum", "meshgrid",
    "broadcast_tensors",
    "cartesian_prod", "atleast_1d", "atleast_2d", "atleast_3d",
  ]

  /// Whether results may share elements with arguments.
  func shares(_ argument: Argument) -> Bool { argument.isShared || Self.passesOn.contains(name) }

  /// - Parameter target: `torch.ops.aten.conv2d.default`.
  /// - Throws: ``TorchError/native(_:)`` that names what cannot be called.
  init(_ target: String) throws {
    let parts = target.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 5, parts[0] == "torch", parts[1] == "ops", parts[2] == "aten" else {
      throw TorchError.native(
        "it calls \(FormatError.quoted(target)), which is no operator of ATen: export the model without it")
    }
    name = parts[3]
    let isPrivate = name.hasPrefix("_") && !name.hasPrefix("__")
    guard !Self.denied.contains(name), !isPrivate || Self.allowedPrivate.contains(name) else {
      throw TorchError.native("it calls aten::\(name), which a model has no need of: refused")
    }
    operation = try Operator("aten::\(name)", parts[4] == "default" ? "" : parts[4])
    arguments = Self.arguments(of: operation.schema)
  }

  /// The arguments of `aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor`.
  static func arguments(of schema: String) -> [Argument] {
    var all: [Argument] = []
    var current = ""
    var depth = 0
    var quote: Character?
    for character in schema.drop(while: { $0 != "(" }).dropFirst() {
      if let open = quote {
        if character == open { quote = nil }
      } else if character == "'" || character == "\"" {
        quote = character
      } else if "([".contains(character) {
        depth += 1
      } else if ")]".contains(character) {
        depth -= 1
      }
      if quote == nil, depth < 0 || (depth == 0 && character == ",") {
        if let argument = argument(current) { all.append(argument) }
        current = ""
        if depth < 0 { break }
      } else {
        current.append(character)
      }
    }
    return all
  }

  /// `Scalar alpha=1`; nil for the `*` before arguments that are given by name.
  private static func argument(_ text: String) -> Argument? {
    let declaration = text.prefix { $0 != "=" }.drop { $0 == " " }
    guard let space = declaration.lastIndex(of: " ") else { return nil }
    return Argument(
      name: String(declaration[declaration.index(after: space)...]), type: String(declaration[..<space]))
  }
}
