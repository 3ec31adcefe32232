import Formats
import Foundation

/// How many samples of a shard ended in which state, by the worker's own names, in its own order.
public struct ShardCounts: Sendable, Equatable {
  /// What a worker calls a sample that succeeded; the success rate counts these.
  public static let succeeded = "succeeded"

  /// What a worker calls a sample that needed no work; the success rate leaves these out.
  public static let skipped = "skipped"

  /// The states, each once, in the order in which the lists have them.
  public private(set) var names: [String] = []
  private var values: [Int] = []

  /// No sample yet.
  public init() {}

  /// - Parameter counts: the same states in the same order for every shard of a run; plain words in camel case.
  public init(_ counts: KeyValuePairs<String, Int>) { for (name, count) in counts { self[name] += count } }

  /// How many samples ended in a state; 0 for one that is not there.
  public subscript(name: String) -> Int {
    get { names.firstIndex(of: name).map { values[$0] } ?? 0 }
    set {
      if let index = names.firstIndex(of: name) {
        values[index] = newValue
      } else {
        names.append(name)
        values.append(newValue)
      }
    }
  }

  /// Samples that ended with success.
  public var succeeded: Int { self[Self.succeeded] }
  /// Samples that needed no work.
  public var skipped: Int { self[Self.skipped] }
  /// All samples.
  public var total: Int { values.reduce(0, +) }

  static func += (sum: inout ShardCounts, counts: ShardCounts) {
    for (name, count) in zip(counts.names, counts.values) { sum[name] += count }
  }

  /// `"succeeded":3,"skipped":1,`
  var fields: String { zip(names, values).map { "\"\($0)\":\($1)," }.joined() }

  /// `succeeded 3, zero gradient 1`
  var summary: String {
    zip(names, values).map { name, count in
      name.map { $0.isUppercase ? " " + $0.lowercased() : String($0) }.joined() + " \(count)"
    }.joined(separator: ", ")
  }
}

extension ShardCounts: Encodable {
  public func encode(to encoder: any Encoder) throws {
    try Dictionary(zip(names, values)) { $0 + $1 }.encode(to: encoder)
  }
}

/// What a worker hands over for a range of samples; the run directory does all the rest.
public struct ShardResult: Sendable {
  /// The encoded file, a function of the run's identity and the range alone.
  public var bytes: Data
  /// How its samples ended.
  public var counts: ShardCounts
  /// The mean similarity (the mutual information, in nats, for MINE) over the samples that succeeded; nil for none.
  public var meanSimilarity: Double?

  /// The result of one shard.
  public init(bytes: Data, counts: ShardCounts, meanSimilarity: Double?) {
    self.bytes = bytes
    self.counts = counts
    self.meanSimilarity = meanSimilarity
  }
}

/// A finished shard, as one line of JSON in the manifest and the journals.
///
/// A line ends with a check over itself and the run's identity, so that a flipped bit costs one shard, not the list,
/// and a line of another run is never taken for one of this.
public struct ShardRecord: Sendable, Equatable {
  /// Its number, from 0.
  public let shard: Int
  /// The samples that it has.
  public let range: Range<Int>
  /// The file's SHA-256, 64 hexadecimal digits.
  public let sha256: String
  /// The file's size.
  public let bytes: Int
  /// How they ended.
  public let counts: ShardCounts
  /// The mean similarity of those with success; nil where there is none.
  public let meanSimilarity: Double?

  static let opening = "{\"shard\":"

  func line(identity: String) -> String {
    let similarity = meanSimilarity.flatMap { $0.isFinite ? "\($0)" : nil } ?? "null"
    let body =
      "\(Self.opening)\(shard),\"first\":\(range.lowerBound),\"count\":\(range.count),\"sha256\":\"\(sha256)\","
      + "\"bytes\":\(bytes),\(counts.fields)\"meanSimilarity\":\(similarity)"
    return "\(body),\"check\":\"\(Self.check(Array(body.utf8)[...], identity))\"}"
  }

  /// Reads a line back; nil unless it is exactly what `line(identity:)` writes for a shard of `plan`.
  init?(line: ArraySlice<UInt8>, identity: String, plan: ShardPlan) {
    let tail = ",\"check\":\"".utf8.count + 16 + 2
    guard line.count > tail else { return nil }
    let body = line.dropLast(tail)
    guard line.suffix(tail).elementsEqual(",\"check\":\"\(Self.check(body, identity))\"}".utf8) else {
      return nil
    }

    // The check holds, so these are our own fields in our own order; only their values, and the names of the counts,
    // are to be read.
    let fields = body.dropFirst().split(separator: UInt8(ascii: ","))
    let values = fields.map { $0.drop { $0 != UInt8(ascii: ":") }.dropFirst() }
    guard fields.count >= 6, let last = values.last else { return nil }
    let numbers = values.map(Self.integer)
    guard (0..<plan.count).contains(numbers[0]) else { return nil }
    shard = numbers[0]
    range = plan.range(of: shard)
    guard range.lowerBound == numbers[1], range.count == numbers[2] else { return nil }
    sha256 = String(decoding: values[3].dropFirst().dropLast(), as: UTF8.self)
    bytes = numbers[4]
    var counts = ShardCounts()
    for index in 5..<fields.count - 1 {
      let name = fields[index].dropFirst().prefix { $0 != UInt8(ascii: "\"") }
      counts[String(decoding: name, as: UTF8.self)] = numbers[index]
    }
    self.counts = counts
    meanSimilarity = Double(String(decoding: last, as: UTF8.self))
  }

  /// The decimal digits as a number; -1 for anything else. Lists are long, and this costs a tenth of `Int(String)`.
  private static func integer(_ digits: ArraySlice<UInt8>) -> Int {
    guard 1...18 ~= digits.count else { return -1 }
    var value = 0
    for digit in digits {
      guard 48...57 ~= digit else { return -1 }
      value = value * 10 + Int(digit - 48)
    }
    return value
  }

  init(shard: Int, range: Range<Int>, result: ShardResult) {
    self.shard = shard
    self.range = range
    sha256 = SHA256.digest(of: result.bytes)
    bytes = result.bytes.count
    counts = result.counts
    meanSimilarity = result.meanSimilarity.flatMap { $0.isFinite ? $0 : nil }
  }

  private static func check(_ body: ArraySlice<UInt8>, _ identity: String) -> String {
    let hash = SHA256()
    hash.update(Array(identity.utf8))
    hash.update(body)
    return String(hash.finish().prefix(16))
  }
}
