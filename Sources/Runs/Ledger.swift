import Formats
import Foundation

/// The list of finished shards: `manifest.json`, and one journal a rank of what was finished since.
///
/// A finished shard is appended to `journal-<rank>.jsonl` and forced to the disk, at a cost that does not grow with
/// the run. The manifest is the merge of all, replaced as a whole when a process begins and ends. Journals go only
/// when the manifest is complete, so at no moment does the only copy of a line depend on two writes.
struct Ledger {
  static let manifestName = "manifest.json"

  let folder: String
  let header: RunHeader
  let plan: ShardPlan
  private let identity: String
  private(set) var records: [Int: ShardRecord] = [:]
  /// Lines that failed their check, by file name.
  private(set) var damagedLines: [String: Int] = [:]
  private var journals: [String: Position] = [:]

  /// How far a journal was read, and of which file.
  private struct Position: Equatable {
    var file: UInt64
    var offset: UInt64
  }

  init(folder: String, header: RunHeader, plan: ShardPlan) {
    self.folder = folder
    self.header = header
    self.plan = plan
    identity = header.digest
  }

  var isComplete: Bool { records.count == plan.count }
  var hasJournals: Bool { !journals.isEmpty }
  var missing: [Int] { (0..<plan.count).filter { records[$0] == nil } }

  /// Reads the manifest and all journals.
  mutating func load() throws(RunError) {
    records = [:]
    damagedLines = [:]
    journals = [:]
    if let bytes = FileManager.default.contents(atPath: "\(folder)/\(Self.manifestName)") {
      read(Array(bytes)[...], from: Self.manifestName)
    }
    try refresh()
  }

  /// Reads what other processes appended since the last look.
  mutating func refresh() throws(RunError) {
    let names = try journalNames()
    if !Set(journals.keys).isSubset(of: names) {
      // A journal went: its lines are in a complete manifest now.
      journals = [:]
      return try load()
    }
    for name in names {
      let path = "\(folder)/\(name)"
      guard let file = FileHandle(forReadingAtPath: path) else { continue }
      defer { try? file.close() }
      var status = stat()
      guard fstat(file.fileDescriptor, &status) == 0 else { continue }
      let inode = UInt64(status.st_ino)
      var position = journals[name] ?? Position(file: inode, offset: 0)
      if position.file != inode || position.offset > UInt64(status.st_size) {
        position = Position(file: inode, offset: 0)
      }
      if position.offset < UInt64(status.st_size) {
        do {
          try file.seek(toOffset: position.offset)
          let bytes = Array(try file.readToEnd() ?? Data())
          // A line without its end is still being written, or was cut short.
          let end = bytes.lastIndex(of: newline).map { $0 + 1 } ?? 0
          read(bytes[..<end], from: name)
          position.offset += UInt64(end)
        } catch {
          throw .storage(SystemError("read", path, code: EIO))
        }
      }
      journals[name] = position
    }
  }

  /// Enters a finished shard, whose file must be safe on the disk already. Call while holding the directory's lock.
  mutating func append(_ record: ShardRecord, rank: Rank) throws(RunError) {
    let path = "\(folder)/journal-\(rank.index).jsonl"
    let isNew = access(path, F_OK) != 0
    try storing { () throws(SystemError) in
      let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw SystemError("open", path) }
      defer { close(descriptor) }
      // A process that died while appending leaves half a line, which must not swallow this one.
      var last: UInt8 = newline
      let size = lseek(descriptor, 0, SEEK_END)
      if size > 0 { _ = pread(descriptor, &last, 1, size - 1) }
      let line = (last == newline ? "" : "\n") + record.line(identity: identity) + "\n"
      try AtomicFile.append(Array(line.utf8), to: descriptor, path: path)
      guard fsync(descriptor) == 0 else { throw SystemError("write", path) }
      if isNew { try AtomicFile.synchronizeFolder(folder) }
    }
    records[record.shard] = record
  }

  /// Strikes a shard off the list because its file is missing or damaged.
  mutating func strike(_ shard: Int) { records[shard] = nil }

  /// Replaces the manifest, if it is not already exactly this, and removes the journals if it is complete. Call
  /// while holding the directory's lock, after `refresh`.
  mutating func writeManifest() throws(RunError) {
    let path = "\(folder)/\(Self.manifestName)"
    let bytes = Data(manifest.utf8)
    if FileManager.default.contents(atPath: path) != bytes {
      try storing { () throws(SystemError) in try AtomicFile.write(bytes, to: path) }
    }
    if isComplete, hasJournals {
      for name in try journalNames() { unlink("\(folder)/\(name)") }
      journals = [:]
      try storing { () throws(SystemError) in try AtomicFile.synchronizeFolder(folder) }
    }
  }

  /// Rewrites a journal that holds damaged lines, without them. Call while holding the directory's lock.
  mutating func repairJournals() throws(RunError) {
    for name in damagedLines.keys where name != Self.manifestName {
      let path = "\(folder)/\(name)"
      let kept = Array(FileManager.default.contents(atPath: path) ?? Data()).split(separator: newline).filter
      {
        ShardRecord(line: $0, identity: identity, plan: plan) != nil
      }
      let bytes = kept.reduce(into: Data()) { $0 += $1 + [newline] }
      try storing { () throws(SystemError) in try AtomicFile.write(bytes, to: path) }
    }
  }

  /// The manifest as text: valid JSON with one shard a line, a function of the identity and the finished shards.
  var manifest: String {
    var text = "{\n\"run\": \(header.line),\n\"identity\": \"\(identity)\",\n"
    let total = RunTotals(records.values, of: plan)
    text += "\"complete\": \(isComplete),\n\"totals\": \(total.line),\n\"shards\": [\n"
    text += records.values.sorted { $0.shard < $1.shard }.map { $0.line(identity: identity) }
      .joined(separator: ",\n")
    return text + "\n]\n}\n"
  }

  private func journalNames() throws(RunError) -> Set<String> {
    do {
      return Set(try FileManager.default.contentsOfDirectory(atPath: folder).filter(Self.isJournal))
    } catch {
      throw .storage(SystemError("list", folder, code: ENOENT))
    }
  }

  static func isJournal(_ name: String) -> Bool { name.hasPrefix("journal-") && name.hasSuffix(".jsonl") }

  private mutating func read(_ bytes: ArraySlice<UInt8>, from name: String) {
    for var line in bytes.split(separator: newline) {
      if line.last == UInt8(ascii: ",") { line = line.dropLast() }
      if let record = ShardRecord(line: line, identity: identity, plan: plan) {
        records[record.shard] = record
      } else if name != Self.manifestName || line.starts(with: ShardRecord.opening.utf8) {
        damagedLines[name, default: 0] += 1
      }
    }
  }
}

private let newline = UInt8(ascii: "\n")
