import Foundation
import Runs
import Testing

extension Faults {
  /// Bits flipped in, and ends cut off, every file of a run directory.
  @Suite(.serialized) struct InFiles {
    @Test(arguments: [true, false])
    func everyFileOfARunMayBeDamaged(complete: Bool) throws {
      let scratch = try Scratch()
      let options = ["samples=640"]
      let whole = scratch.path + "/whole"
      #expect(try ChildProcess.run(Built.worker, [whole] + options).code == 0)
      let expected = results(whole)
      let original = complete ? whole : scratch.path + "/half"
      if !complete {
        // Rank 1 of 2 is finished, rank 0 never began.
        let half = try ChildProcess.run(
          Built.worker, [original] + options, environment: ["RANK": "1", "WORLD_SIZE": "2"])
        #expect(half.code == 0)
      }

      var tried = 0
      var survived = 0
      let files = try FileManager.default.subpathsOfDirectory(atPath: original).filter { file in
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: "\(original)/\(file)", isDirectory: &isFolder)
        return exists && !isFolder.boolValue
      }
      for file in files {
        let content = try Data(contentsOf: URL(fileURLWithPath: "\(original)/\(file)"))
        for trial in 0..<12 where !content.isEmpty {
          var damaged = content
          if trial % 2 == 0 {
            damaged[Int.random(in: 0..<content.count)] ^= 1 << UInt8.random(in: 0..<8)
          } else {
            damaged = content.prefix(trial == 1 ? 0 : Int.random(in: 0..<content.count))
          }
          let folder = "\(scratch.path)/damaged"
          try FileManager.default.copyItem(atPath: original, toPath: folder)
          defer { try? FileManager.default.removeItem(atPath: folder) }
          try damaged.write(to: URL(fileURLWithPath: "\(folder)/\(file)"))
          let end = try ChildProcess.run(Built.worker, [folder] + options)
          tried += 1
          let isMended = end.code == 0 && results(folder) == expected
          #expect(isMended, "\(file), trial \(trial): \(end.output)")
          survived += isMended ? 1 : 0
        }
      }
      #expect(survived == tried)
      Tally.shared.record(
        "bits flipped and files cut, run \(complete ? "complete" : "half done")", faults: tried,
        survived: survived,
        how: "\(files.count) files, each 6 times flipped and 6 times cut; found, made again, said so")
    }
  }
}
