import Formats
import Foundation

/// How many samples of a shard ended in which state.
public struct ShardCounts: Sendable, Equatable, Codable {
  public var succeeded = 0
  public var infeasible = 0
  public var zeroGradient = 0
  public var notFinite = 0
  public var skipped = 0

  public init(
    succeeded: Int = 0, infeasible: Int = 0, zeroGradient: Int = 0, notFinite: Int = 0, skipped: Int = 0
  ) {
    self.succeeded = succeeded
    self.infeasible = infeasible
    self.zeroGradient = zeroGradient
    self.notFinite = notFinite
    self.skipped = skipped
  }

  public var total: Int { succeeded + infeasible + zeroGradient + notFinite + skipped }

  static func += (sum: inout ShardCounts, counts: ShardCounts) {
    sum.succeeded += counts.succeeded
    sum.infeasible += counts.infeasible
    sum.zeroGradient += counts.zeroGradient
    sum.notFinite += counts.notFinite
    sum.skipped += counts.skipped
  }
}

/// What a worker hands over for a range of samples; the run directory does all the rest.
public struct ShardResult: Sendable {
  /// The encoded file, a function of the run's identity and the range alone.
  public var bytes: Data
  public var counts: ShardCounts
  /// The mean similarity (the mutual information, in nats, for MINE) over the samples that succeeded; nil for none.
  public var meanSimilarity: Double?

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
  public let shard: Int
  public let range: Range<Int>
  /// The file's SHA-256, 64 hexadecimal digits.
  public let sha256: String
  /// The file's size.
  public let bytes: Int
  public let counts: ShardCounts
  public let meanSimilarity: Double?

  static let opening = "{\"shard\":"

  func line(identity: String) -> String {
    let similarity = meanSimilarity.flatMap { $0.isFinite ? "\($0)" : nil } ?? "null"
    let body =
      "\(Self.opening)\(shard),\"first\":\(range.lowerBound),\"count\":\(range.count),\"sha256\":\"\(sha256)\","
      + "\"bytes\":\(bytes),\"succeeded\":\(counts.succeeded),\"infeasible\":\(counts.infeasible),"
      + "\"zeroGradient\":\(counts.zeroGradient),\"notFinite\":\(counts.notFinite),"
      + "\"skipped\":\(counts.skipped),\"meanSimilarity\":\(similarity)"
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

    // The check holds, so these are our own fields in our own order; only their values are to be read.
    let values = body.dropFirst().split(separator: UInt8(ascii: ",")).map { field in
      field.drop { $0 != UInt8(ascii: ":") }.dropFirst()
    }
    let numbers = values.map(Self.integer)
    guard values.count == 11, (0..<plan.count).contains(numbers[0]) else { return nil }
    shard = numbers[0]
    range = plan.range(of: shard)
    guard range.lowerBound == numbers[1], range.count == numbers[2] else { return nil }
    sha256 = String(decoding: values[3].dropFirst().dropLast(), as: UTF8.self)
    bytes = numbers[4]
    counts = ShardCounts(
      succeeded: numbers[5], infeasible: numbers[6], zeroGradient: numbers[7], notFinite: numbers[8],
      skipped: numbers[9])
    meanSimilarity = Double(String(decoding: values[10], as: UTF8.self))
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
