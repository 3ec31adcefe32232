import ArgumentParser

/// The group of studies that regenerate published tables; each is a file of its own.
struct ReproduceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reproduce", abstract: "Run a study again: its cells, its tables, its pictures.",
    subcommands: [ReproduceTable4Command.self, ReproduceRecipesCommand.self])
}
