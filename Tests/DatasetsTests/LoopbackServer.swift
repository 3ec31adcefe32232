import Foundation
import Synchronization

/// An HTTP server on 127.0.0.1 that knows ranges, and misbehaves as a test wants.
final class LoopbackServer: Sendable {
  struct Behaviour: Sendable {
    /// After how many bytes each of the first connections breaks off.
    var cuts: [Int] = []
    var knowsRanges = true
    var status: Int?
  }

  let port: UInt16
  private let listener: Int32
  private let content: [UInt8]
  private let behaviour: Behaviour
  private let requestedRanges = Mutex<[String?]>([])

  /// The `Range` header of each request so far.
  var ranges: [String?] { requestedRanges.withLock(\.self) }

  var address: String { "http://127.0.0.1:\(port)/file" }

  init(_ content: [UInt8], _ behaviour: Behaviour = .init()) throws {
    self.content = content
    self.behaviour = behaviour
    #if os(Linux)
      let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let listener = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bound in
        bind(listener, bound, length) == 0 && listen(listener, 8) == 0
          && getsockname(listener, bound, &length) == 0
      }
    }
    guard status else { throw POSIXError(.EADDRNOTAVAIL) }
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    let thread = Thread { [weak self, listener] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0, let server = self else { break }
        server.answer(connection)
      }
    }
    thread.start()
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private func answer(_ connection: Int32) {
    defer { close(connection) }
    var request: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !String(decoding: request, as: UTF8.self).contains("\r\n\r\n") {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return }
      request += buffer[..<count]
    }
    let range = String(decoding: request, as: UTF8.self).split(separator: "\r\n")
      .first { $0.lowercased().hasPrefix("range: ") }.map { String($0.dropFirst(7)) }
    let number = requestedRanges.withLock { ranges in
      ranges.append(range)
      return ranges.count - 1
    }
    let start = behaviour.knowsRanges ? range.flatMap { Int($0.dropFirst(6).dropLast()) } ?? 0 : 0
    if let status = behaviour.status {
      send("HTTP/1.1 \(status) No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8, connection)
    } else if start >= content.count, start > 0 {
      send(
        "HTTP/1.1 416 No\r\nContent-Range: bytes */\(content.count)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
          .utf8, connection)
    } else {
      let part = start > 0 ? "Content-Range: bytes \(start)-\(content.count - 1)/\(content.count)\r\n" : ""
      send(
        "HTTP/1.1 \(start > 0 ? 206 : 200) OK\r\n\(part)Content-Length: \(content.count - start)\r\nConnection: close\r\n\r\n"
          .utf8,
        connection)
      let limit = number < behaviour.cuts.count ? behaviour.cuts[number] : .max
      send(content[start...].prefix(limit), connection)
    }
  }

  private func send(_ bytes: some Collection<UInt8>, _ connection: Int32) {
    let all = Array(bytes)
    var sent = 0
    while sent < all.count {
      #if os(Linux)
        let flags = Int32(MSG_NOSIGNAL)
      #else
        let flags: Int32 = 0
      #endif
      let count = all[sent...].withUnsafeBytes {
        Foundation.send(connection, $0.baseAddress, $0.count, flags)
      }
      guard count > 0 else { return }
      sent += count
    }
  }
}
