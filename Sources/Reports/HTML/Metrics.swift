import Foundation

/// What `metrics.jsonl` of a run holds; lines that were cut short are left out.
struct Metrics {
  /// The commands that the run was given, each once.
  private(set) var commands: [String] = []
  private var series: [String: [Plot.Point]] = [:]

  init(path: String) {
    guard let bytes = FileManager.default.contents(atPath: path) else { return }
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      guard let object = (try? JSONSerialization.jsonObject(with: Data(line))) as? [String: Any] else {
        continue
      }
      if let words = object["command"] as? [String] {
        let command = words.map { $0.contains(" ") ? "'\($0)'" : $0 }.joined(separator: " ")
        if !commands.contains(command) { commands.append(command) }
      }
      if let tag = object["tag"] as? String, let step = object["step"] as? NSNumber,
        let value = object["value"] as? NSNumber
      {
        series[tag, default: []].append(.init(step.doubleValue, value.doubleValue))
      }
    }
  }

  /// A plot of each number that has two values or more.
  func plots(atMost limit: Int) -> String {
    let found = series.filter { $0.value.count > 1 }.sorted { $0.key < $1.key }.prefix(limit)
    let pictures = found.compactMap { tag, points -> String? in
      let plot = Plot(tag, x: .init("step"), y: .init(""), marks: [.line(name: nil, points)])
      return (try? plot.svg()).flatMap { HTML.picture(Data($0.utf8), shows: tag) }
    }
    return pictures.isEmpty ? "" : "<div class=\"plots\">\(pictures.joined(separator: "\n"))</div>"
  }
}
