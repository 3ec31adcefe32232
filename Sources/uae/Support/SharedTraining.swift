import Foundation
import Models
import Runs
import Torch

/// The processes that train one model together, where `mpirun` started several.
struct SharedTraining {
  /// Nil for a single process.
  let group: MPI?

  /// - Throws: ``ModelError`` for a family that cannot be shared; `ProcessGroupError` where OpenMPI is not here.
  init(_ family: ModelFamily) throws {
    let environment = ProcessInfo.processInfo.environment
    // Of all launchers' variables those of OpenMPI alone say that its library will find the other processes.
    guard let text = environment["OMPI_COMM_WORLD_SIZE"], let count = Int(text), count > 1 else {
      group = nil
      return
    }
    guard family.outputs.contains(.projection) else {
      let known = ModelFamilies.all.filter { $0.outputs.contains(.projection) }.map(\.name)
      throw ModelError.settings(
        "\(count) processes can train one contrastive model together (\(known.joined(separator: ", "))), and "
          + "\(family.name) is none: start one process")
    }
    let group: MPI
    do {
      group = try MPI(library: environment["UAE_MPI"])
    } catch {
      throw ProcessGroupError(
        "\(count) processes are to train one model, which takes OpenMPI: \(error); UAE_MPI names another place"
      )
    }
    guard group.count == count else {
      throw ProcessGroupError(
        "mpirun says that there are \(count) processes and the library sees \(group.count): they are of different MPIs"
      )
    }
    self.group = group
  }

  /// Whether this process speaks and writes for all.
  var isFirst: Bool { (group?.rank ?? 0) == 0 }
}
