import Foundation

/// The process's largest resident size since the last `reset`, in MB; where the system cannot reset it, since the start.
enum PeakMemory {
  static func reset() { try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8) }

  /// What it is now; 0 where the system does not say.
  static var resident: Double { field("VmRSS:") }

  static var megabytes: Double {
    #if os(macOS)
      var usage = rusage()
      getrusage(RUSAGE_SELF, &usage)
      return Double(usage.ru_maxrss) / Double(1 << 20)
    #else
      return field("VmHWM:")
    #endif
  }

  private static func field(_ name: String) -> Double {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
      let kilobytes = line.split(whereSeparator: { " \t".contains($0) }).compactMap({ Double($0) }).first
    else { return 0 }
    return kilobytes / 1024
  }
}
