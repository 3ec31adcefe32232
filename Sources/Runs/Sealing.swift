import Foundation

extension RunDirectory {
  /// Confirms every shard by its digest, whoever made it, and completes the manifest. A run whose last shard is
  /// finished seals itself; this is for looking at one from outside, or after ranks on a file system without locks.
  ///
  /// - Throws: `RunError.unfinished` naming the shards that are missing or damaged.
  public func seal() throws {
    try locks.exclusively {
      try ledger.refresh()
      let damaged = try strikeDamaged(nil)
      guard ledger.isComplete else {
        try ledger.writeManifest()
        throw RunError.unfinished(
          folder: folder, shards: Set(ledger.missing).union(damaged).sorted(), of: plan.count)
      }
      try ledger.writeManifest()
    }
  }

  /// The run directories in a folder: itself, or those up to two levels below it.
  ///
  /// - Throws: `RunError.notARun` if there is none.
  public static func runs(under folder: String) throws(RunError) -> [String] {
    var level = [folder]
    for _ in 0...2 {
      let found = level.filter { access("\($0)/\(Ledger.manifestName)", F_OK) == 0 }
      if !found.isEmpty { return found }
      level = level.flatMap { folder in
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted().map {
          "\(folder)/\($0)"
        }
      }
    }
    throw .notARun(
      folder: folder, found: access(folder, F_OK) == 0 ? "no manifest.json" : "nothing: it does not exist")
  }

  /// Opens the run that a folder holds, as it describes itself.
  ///
  /// - Throws: `RunError.notARun` without a manifest, `.unrecognisable` if it or the recipe is damaged.
  public convenience init(existing folder: String) throws {
    switch RunHeader.read(folder: folder) {
    case .absent: throw RunError.notARun(folder: folder, found: "no manifest.json")
    case .damaged: throw RunError.unrecognisable(folder: folder)
    case .header(let header):
      guard let plan = header.plan, let recipe = FileManager.default.contents(atPath: "\(folder)/recipe.yaml")
      else { throw RunError.unrecognisable(folder: folder) }
      let identity = RunIdentity(
        recipe: String(decoding: recipe, as: UTF8.self), model: header.model, data: header.data,
        software: header.software)
      try self.init(folder: folder, identity: identity, plan: plan)
    }
  }

  /// Brings the manifest up to date; seals the run if all shards are there. True if it is complete.
  func conclude(_ progress: RunProgress?) throws -> Bool {
    try locks.exclusively {
      try ledger.refresh()
      for shard in struck { ledger.strike(shard) }
      if ledger.isComplete { _ = try strikeDamaged(progress) }
      try ledger.writeManifest()
      return ledger.isComplete
    }
  }

  private func strikeDamaged(_ progress: RunProgress?) throws -> [Int] {
    var damaged: [Int] = []
    for shard in ledger.records.keys.sorted() {
      guard let damage = try check(shard) else { continue }
      ledger.strike(shard)
      struck.insert(shard)
      damaged.append(shard)
      progress?.warn("shard \(shard) \(damage): give the command again to make it again")
    }
    return damaged
  }
}
