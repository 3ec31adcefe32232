/// The ATen operators that this package calls by name, each found once.
enum Op {
  private static func find(_ name: String, _ overload: String = "") -> Operator {
    orTrap { try Operator("aten::" + name, overload) }
  }

  static let full = find("full")
  static let add = find("add", "Tensor"), addScalar = find("add", "Scalar")
  static let sub = find("sub", "Tensor"), rsubScalar = find("rsub", "Scalar")
  static let mul = find("mul", "Tensor"), mulScalar = find("mul", "Scalar")
  static let div = find("div", "Tensor"), divScalar = find("div", "Scalar")
  static let neg = find("neg"), reciprocal = find("reciprocal")
  static let powScalar = find("pow", "Tensor_Scalar")
  static let exp = find("exp"), log = find("log"), sqrt = find("sqrt"), abs = find("abs"), sign = find("sign")
  static let square = find("square"), tanh = find("tanh"), sigmoid = find("sigmoid"), relu = find("relu")
  static let log1p = find("log1p"), floor = find("floor")
  static let softplus = find("softplus")
  static let matmul = find("matmul"), linear = find("linear")
  static let clamp = find("clamp"), maximum = find("maximum"), minimum = find("minimum")
  static let sum = find("sum"), sumDim = find("sum", "dim_IntList")
  static let mean = find("mean"), meanDim = find("mean", "dim")
  static let amax = find("amax"), amin = find("amin"), argmax = find("argmax"), sort = find("sort"),
    std = find("std", "correction")
  static let logsumexp = find("logsumexp"), softmax = find("softmax", "int"),
    logSoftmax = find("log_softmax", "int")
  static let norm = find("linalg_vector_norm")
  static let reshape = find("reshape"), permute = find("permute"), transpose = find("transpose", "int")
  static let unsqueeze = find("unsqueeze"), expand = find("expand"), flatten = find("flatten", "using_ints")
  static let cat = find("cat"), stack = find("stack"), slice = find("slice", "Tensor"),
    select = find("select", "int")
  static let indexSelect = find("index_select"), gather = find("gather"), whereSelf = find("where", "self")
  static let eq = find("eq", "Tensor"), eqScalar = find("eq", "Scalar")
  static let gt = find("gt", "Tensor"), gtScalar = find("gt", "Scalar")
  static let lt = find("lt", "Tensor"), ltScalar = find("lt", "Scalar")
  static let le = find("le", "Tensor"), leScalar = find("le", "Scalar")
  static let ge = find("ge", "Tensor"), geScalar = find("ge", "Scalar")
  static let logicalAnd = find("logical_and"), logicalOr = find("logical_or")
  static let logicalNot = find("logical_not"), isfinite = find("isfinite")
  static let detach = find("detach"), clone = find("clone"), contiguous = find("contiguous")
  static let to = find("to", "dtype"), toDevice = find("to", "device")
  static let addInPlace = find("add_", "Tensor"), mulInPlace = find("mul_", "Scalar"),
    copyInPlace = find("copy_")
  static let conv2d = find("conv2d"), convTranspose2d = find("conv_transpose2d", "input")
  static let maxPool2d = find("max_pool2d"), averagePool2d = find("avg_pool2d"),
    batchNorm = find("batch_norm")
  static let pad = find("constant_pad_nd"), mirror = find("reflection_pad2d"), flip = find("flip")
  static let pixelShuffle = find("pixel_shuffle"), pixelUnshuffle = find("pixel_unshuffle")
  static let mseLoss = find("mse_loss"), bce = find("binary_cross_entropy")
  static let bceLogits = find("binary_cross_entropy_with_logits"), crossEntropy = find("cross_entropy_loss")
}
