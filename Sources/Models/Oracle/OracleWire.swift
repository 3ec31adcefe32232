import Foundation

/// Lines to an oracle and back, each within a deadline.
struct OracleWire {
  private let process: OracleProcess
  private let name: String
  private let patience: Double

  init(_ process: OracleProcess, name: String, patience: Double) {
    self.process = process
    self.name = name
    self.patience = patience
  }

  /// - Throws: ``OracleError`` where nobody listens.
  func send(_ line: String) throws(OracleError) {
    var bytes = Array((line + "\n").utf8)[...]
    while !bytes.isEmpty {
      // A socket, not a pipe, so that writing to a dead process is an error and no signal.
      let count = bytes.withUnsafeBytes {
        Foundation.send(process.socket, $0.baseAddress, $0.count, Self.noSignal)
      }
      if count > 0 {
        bytes = bytes.dropFirst(count)
      } else if errno != EINTR {
        throw ended()
      }
    }
  }

  /// The next line, without its end.
  /// - Throws: ``OracleError`` where the oracle is silent for too long or gone.
  func line(_ received: inout [UInt8]) throws(OracleError) -> String {
    let deadline = ContinuousClock.now.advanced(by: .seconds(patience))
    while true {
      if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: received[..<end], as: UTF8.self)
        received.removeFirst(end + 1)
        return line
      }
      guard received.count < 4096 else {
        throw OracleError(
          name, "answers in a line without end: is something else printed to its standard output?")
      }
      try receive(&received, until: deadline)
    }
  }

  /// The text that follows `error N`.
  func text(
    _ words: [Substring], _ received: inout [UInt8], atMost limit: Int
  ) throws(OracleError) -> String {
    guard words.count == 2, let size = Int(words[1]), (0...limit).contains(size) else {
      throw OracleError(name, "reports an error without the size of its text")
    }
    let deadline = ContinuousClock.now.advanced(by: .seconds(patience))
    while received.count < size { try receive(&received, until: deadline) }
    let text = String(decoding: received[..<size], as: UTF8.self)
    received.removeFirst(size)
    return text
  }

  private func receive(_ received: inout [UInt8], until deadline: ContinuousClock.Instant) throws(OracleError)
  {
    var request = pollfd(fd: process.socket, events: Int16(POLLIN), revents: 0)
    let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
    let ready = poll(&request, 1, Int32(max(0, min(left.rounded(.up), 1e9))))
    if ready < 0, errno == EINTR { return }
    guard ready > 0 else {
      throw OracleError(
        name, "gave no answer within \(patience.formatted()) s; --oracle-timeout gives it longer")
    }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(process.socket, &buffer, buffer.count)
    if count < 0, errno == EINTR { return }
    guard count > 0 else { throw ended() }
    received += buffer[..<count]
  }

  private func ended() -> OracleError {
    OracleError(name, process.fate.map { "ended \($0)" } ?? "closed the connection")
  }

  private static var noSignal: Int32 {
    #if canImport(Glibc)
      Int32(MSG_NOSIGNAL)
    #else
      0
    #endif
  }
}
