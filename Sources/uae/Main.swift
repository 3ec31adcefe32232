import ArgumentParser

@main
struct UAE: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uae", abstract: "Unsupervised adversarial examples: generate, retrain, evaluate.",
    subcommands: [ReproduceCommand.self])
}
