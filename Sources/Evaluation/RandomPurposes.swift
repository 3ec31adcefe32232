import Torch

/// What the evaluation draws random numbers for, apart from what a sample or a model draws.
extension RandomStream.Purpose {
  static let bootstrap = RandomStream.Purpose(rawValue: 101)
  static let signFlip = RandomStream.Purpose(rawValue: 102)
  static let correlatedGaussians = RandomStream.Purpose(rawValue: 103)
  static let views = RandomStream.Purpose(rawValue: 104)
  static let freshViews = RandomStream.Purpose(rawValue: 105)
  static let partnersOfViews = RandomStream.Purpose(rawValue: 106)
}
