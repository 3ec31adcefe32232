import ArgumentParser
import Attacks

extension ExampleFormat: ExpressibleByArgument {
  public init?(argument: String) {
    guard let format = ExampleFormat.named(argument) else { return nil }
    self = format
  }

  public static var allValueStrings: [String] { all.map(\.name) }
}
