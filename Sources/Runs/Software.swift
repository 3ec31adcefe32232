/// This program's version, which decides the bytes of a result.
public enum Software {
  public static let version = "0.1.0"

  /// What computes a result, as identities of runs and cells state it.
  /// - Parameter libtorch: the version of the library that was opened.
  public static func versions(libtorch: String) -> [String: String] {
    ["swift-uae": version, "libtorch": libtorch]
  }
}
