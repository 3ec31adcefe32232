import Formats
import Foundation

/// A run on disk that nothing can spoil: shards that appear whole or not at all, a list of those that are finished,
/// and the identity they belong to.
///
/// ```
/// runs/<name>/
///   recipe.yaml                    the recipe, complete with defaults
///   manifest.json                  identity, totals, and each finished shard with its SHA-256 and counts
///   uae/shard-00000.safetensors …  the results
///   journal-<rank>.jsonl           shards finished since the manifest was written; gone when the run is complete
///   metrics.csv                    one row per shard as it is finished, with its duration
///   metrics.jsonl                  what is measured as it goes, for other programs
///   .lock                          claims of living processes; always empty
/// ```
/// Any number of processes may work in one directory. `recipe.yaml`, `manifest.json` and `uae/` of a complete run
/// are the same bytes however many processes made it and however often they were killed.
public final class RunDirectory {
  /// The path of the folder.
  public let folder: String
  /// What the run is of; a folder of another identity is refused.
  public let identity: RunIdentity
  /// How the work is cut.
  public let plan: ShardPlan
  /// What opening found and mended, one line each, for the user to see.
  public internal(set) var notes: [String] = []

  let locks: FileLocks
  var ledger: Ledger
  /// Shards whose file this process wrote, or read and found to match its digest.
  var confirmed: Set<Int> = []
  /// Listed shards whose file turned out missing or damaged, until they are made again.
  var struck: Set<Int> = []

  /// Opens the run in `folder`, or begins it there.
  ///
  /// - Throws: `RunError.otherRun` if the folder belongs to another identity or plan, naming the first difference;
  ///   `.notARun` if it holds something else; `.unrecognisable` if damage leaves no way to tell; `.storage`.
  public init(folder: String, identity: RunIdentity, plan: ShardPlan) throws {
    let header = RunHeader(identity, plan)
    self.folder = folder
    self.identity = identity
    self.plan = plan
    try Self.prepare(folder)
    locks = try storing { () throws(SystemError) in try FileLocks(path: "\(folder)/.lock") }
    ledger = Ledger(folder: folder, header: header, plan: plan)
    try locks.exclusively {
      try recognise(header)
      try mend()
    }
    if !locks.supported {
      notes.append("\(folder): this file system has no locks; do not start the same rank twice at once")
    }
  }

  /// The file of a shard.
  public func shardPath(_ shard: Int) -> String { Self.shardPath(shard, in: folder) }

  /// The numbers of the finished shards, summed.
  public var totals: RunTotals { RunTotals(ledger.records.values, of: plan) }

  /// The finished shards, in order.
  public var records: [ShardRecord] { ledger.records.values.sorted { $0.shard < $1.shard } }

  static func shardPath(_ shard: Int, in folder: String) -> String {
    let digits = String(shard)
    let padded = String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    return "\(folder)/uae/shard-\(padded).safetensors"
  }

  private static func prepare(_ folder: String) throws(RunError) {
    let files = FileManager.default
    var isFolder: ObjCBool = false
    if files.fileExists(atPath: folder, isDirectory: &isFolder) {
      guard isFolder.boolValue else { throw .notARun(folder: folder, found: "a file, not a folder") }
      let names: [String]
      do { names = try files.contentsOfDirectory(atPath: folder) } catch {
        throw .storage(SystemError("list", folder, code: EACCES))
      }
      let isRun = names.contains {
        [Ledger.manifestName, "recipe.yaml"].contains($0) || Ledger.isJournal($0)
      }
      if !isRun, let foreign = names.sorted().first(where: { !belongs($0) }) {
        throw .notARun(folder: folder, found: "'\(foreign)'")
      }
    }
    for path in [folder, "\(folder)/uae"] {
      do {
        try files.createDirectory(atPath: path, withIntermediateDirectories: true)
      } catch {
        throw .storage(SystemError("create", path, code: posixCode(error)))
      }
    }
  }

  /// Names that a run begun and lost may have left behind.
  private static func belongs(_ name: String) -> Bool {
    [".lock", "uae", "metrics.csv", "metrics.jsonl"].contains(name)
      || name.hasSuffix(AtomicFile.temporarySuffix)
  }

  private static func posixCode(_ error: any Error) -> Int32 {
    let cocoa = error as NSError
    if let inner = cocoa.userInfo[NSUnderlyingErrorKey] as? NSError { return Int32(inner.code) }
    return cocoa.domain == NSPOSIXErrorDomain ? Int32(cocoa.code) : EACCES
  }

  /// Makes sure that the folder holds this run and no other.
  private func recognise(_ asked: RunHeader) throws(RunError) {
    let path = "\(folder)/recipe.yaml"
    let bytes = FileManager.default.contents(atPath: path)
    let recipe = bytes.map { String(decoding: $0, as: UTF8.self) }
    let isIntact = bytes == Data(identity.recipe.utf8)
    try ledger.load()

    switch RunHeader.read(folder: folder) {
    case .header(let found):
      let recipeIsTheirs = bytes.map { SHA256.digest(of: $0) == found.recipe } ?? false
      if let difference = found.firstDifference(
        from: asked, recipe: recipeIsTheirs ? recipe : nil, askedRecipe: identity.recipe)
      {
        throw .otherRun(folder: folder, difference: difference)
      }
    case .damaged, .absent:
      // Lines that carry the check of this very identity prove it as well as the header would.
      let isProven = isIntact || !ledger.records.isEmpty
      let isNew = bytes == nil && access("\(folder)/\(Ledger.manifestName)", F_OK) != 0
      if !isProven && !isNew {
        let difference = recipe.flatMap { RunHeader.firstDifference(found: $0, asked: identity.recipe) }
        if access("\(folder)/\(Ledger.manifestName)", F_OK) != 0, let difference {
          throw .otherRun(folder: folder, difference: difference)
        }
        throw .unrecognisable(folder: folder)
      }
      if access("\(folder)/\(Ledger.manifestName)", F_OK) == 0 {
        notes.append("manifest.json was damaged; it is written anew from what can be confirmed")
      }
    }

    if !isIntact {
      if bytes != nil { notes.append("recipe.yaml was damaged; it is written anew") }
      try storing { () throws(SystemError) in try AtomicFile.write(Data(identity.recipe.utf8), to: path) }
    }
  }

  /// Rewrites lists with damaged lines, and sweeps away temporary files of processes that died.
  private func mend() throws(RunError) {
    for (name, count) in ledger.damagedLines.sorted(by: { $0.key < $1.key }) {
      notes.append("\(name): \(count) damaged or cut \(count == 1 ? "line" : "lines") left out")
    }
    try ledger.repairJournals()
    try ledger.writeManifest()

    let files = FileManager.default
    let ours = [".\(Ledger.manifestName).", ".recipe.yaml.", ".journal-"]
    for name in (try? files.contentsOfDirectory(atPath: folder)) ?? [] {
      guard name.hasSuffix(AtomicFile.temporarySuffix), ours.contains(where: name.hasPrefix) else { continue }
      unlink("\(folder)/\(name)")
    }
    for name in (try? files.contentsOfDirectory(atPath: "\(folder)/uae")) ?? [] {
      guard name.hasSuffix(AtomicFile.temporarySuffix),
        let shard = Int(name.drop { !$0.isNumber }.prefix { $0.isNumber }), locks.claim(shard)
      else { continue }
      unlink("\(folder)/uae/\(name)")
      locks.release(shard: shard)
    }
  }
}
