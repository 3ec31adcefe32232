// uae-benchmark FOLDER [--quick] [PART…]: measures and writes FOLDER/PART.json.
import Foundation
import MutualInformation
import Torch

var arguments = Array(CommandLine.arguments.dropFirst())
let quick = arguments.contains("--quick")
arguments.removeAll { $0 == "--quick" }
guard let folder = arguments.first else {
  FileHandle.standardError.write(Data("usage: uae-benchmark FOLDER [--quick] [PART...]\n".utf8))
  exit(2)
}
let parts = arguments.dropFirst().map { name in
  guard let part = Part(rawValue: name) else {
    let known = Part.allCases.map(\.rawValue).joined(separator: ", ")
    FileHandle.standardError.write(Data("there is no part '\(name)'; there are \(known)\n".utf8))
    exit(2)
  }
  return part
}

/// Everything of a part beside what the machine reached in the same run.
struct Report: Encodable {
  var ceilings: Ceilings
  var quick: Bool
  var instructionSet, torch, date: String
  var rows: any Encodable

  enum Key: String, CodingKey { case ceilings, quick, instructionSet, torch, date, rows }
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(ceilings, forKey: .ceilings)
    try container.encode(quick, forKey: .quick)
    try container.encode(instructionSet, forKey: .instructionSet)
    try container.encode(torch, forKey: .torch)
    try container.encode(date, forKey: .date)
    try rows.encode(to: container.superEncoder(forKey: .rows))
  }
}

try LibTorch.load()
let threads = ProcessInfo.processInfo.activeProcessorCount
let encoder = JSONEncoder()
encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
for part in parts.isEmpty ? Part.alone : parts {
  let before = Ceilings(threads: threads, seconds: quick ? 0.2 : 0.6)
  let rows = try part.measure(quick: quick, threads: threads)
  let after = Ceilings(threads: threads, seconds: quick ? 0.2 : 0.6)
  var ceilings = before
  ceilings.gigaflops = max(before.gigaflops, after.gigaflops)
  ceilings.gigabytes = max(before.gigabytes, after.gigabytes)
  let report = Report(
    ceilings: ceilings, quick: quick, instructionSet: try FusedMINE.bestInstructionSet(),
    torch: LibTorch.version,
    date: Date.now.formatted(.iso8601), rows: rows)
  try encoder.encode(report).write(to: URL(fileURLWithPath: "\(folder)/\(part.rawValue).json"))
}
