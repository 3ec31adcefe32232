import ArgumentParser
import Experiments
import Foundation
import Runs
import Torch

@main
struct UAE: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uae",
    abstract: "Unsupervised adversarial examples: make them, retrain on them, see what they do.",
    version: Software.version,
    subcommands: [
      AugmentCommand.self, TrainCommand.self, AttackCommand.self, StatusCommand.self, SealCommand.self,
      EvaluateCommand.self, ReproduceCommand.self, DataCommand.self, ExportCommand.self, DoctorCommand.self,
      SelectCommand.self, ReportCommand.self,
    ])

  /// Exit codes: 0 done, 1 failed, 2 wrong usage, 130/143 interrupted with everything so far safe.
  static func main() {
    // Output may go to a pipe that closes early (`uae … | head`).
    signal(SIGPIPE, SIG_IGN)
    LibTorch.keepFreedMemory()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let stop as Interrupted {
      Foundation.exit(stop.code)
    } catch {
      let code = exitCode(for: error)
      if code == .success { exit(withError: error) }  // --help, --version
      if code == .validationFailure {
        StandardError.write(fullMessage(for: error) + "\n")
        Foundation.exit(2)
      }
      if let silent = error as? ExitCode { Foundation.exit(silent.rawValue) }
      StandardError.write("uae: \(error)\n")
      Foundation.exit(1)
    }
  }
}
