/// This program's version, which decides the bytes of a result.
public enum Software {
  /// The version of this package.
  public static let version = "0.1.0"

  /// What computes a result, as identities of runs and cells state it.
  /// - Parameter libtorch: the version of the library that was opened.
  public static func versions(libtorch: String, device: String = "cpu") -> [String: String] {
    // An accelerator's arithmetic is another one; the host's goes without saying.
    ["swift-uae": version, "libtorch": libtorch].merging(device == "cpu" ? [:] : ["device": device]) { $1 }
  }
}
