import Formats
import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One HTTP request for the rest of a file, appended to what is there as it comes.
final class Transfer: NSObject, URLSessionDataDelegate, Sendable {
  typealias Report = @Sendable (_ done: Int, _ total: Int?) -> Void

  private struct State {
    var descriptor: Int32
    var done: Int
    var total: Int?
    var failure: FetchError?
    /// The server says that there is no rest: all is here, as the checksum will tell.
    var isWhole = false
    var continuation: CheckedContinuation<Void, any Error>?
  }

  private let address: String
  private let state: Mutex<State>
  private let report: Report

  /// Asks for what follows the bytes in the file at `path`, and appends it.
  ///
  /// - Throws: `FetchError`; what came before it stays in the file.
  static func run(from address: String, to path: String, report: @escaping Report) async throws {
    guard let url = URL(string: address), ["http", "https"].contains(url.scheme) else {
      throw FetchError.badAddress(address)
    }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw SystemError("write", path) }
    defer { close(descriptor) }
    let start = Int(lseek(descriptor, 0, SEEK_END))
    var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData, timeoutInterval: 60)
    // Compression on the way would count other bytes than the file has.
    request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
    if start > 0 { request.setValue("bytes=\(start)-", forHTTPHeaderField: "Range") }

    let transfer = Transfer(address: address, descriptor: descriptor, done: start, report: report)
    let session = URLSession(configuration: .ephemeral, delegate: transfer, delegateQueue: nil)
    defer { session.finishTasksAndInvalidate() }
    let task = session.dataTask(with: request)
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        transfer.state.withLock { $0.continuation = continuation }
        task.resume()
      }
    } onCancel: {
      task.cancel()
    }
    fsync(descriptor)
  }

  private init(address: String, descriptor: Int32, done: Int, report: @escaping Report) {
    self.address = address
    self.report = report
    state = Mutex(State(descriptor: descriptor, done: done))
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
  ) {
    let isAccepted = state.withLock { state in
      state.failure = accept(response, &state)
      return state.failure == nil && !state.isWhole
    }
    completionHandler(isAccepted ? .allow : .cancel)
  }

  /// Sets where the answer's bytes go: after those that are here, or in their place.
  private func accept(_ response: URLResponse, _ state: inout State) -> FetchError? {
    guard let answer = response as? HTTPURLResponse else {
      return .connection(address: address, reason: "the answer is not HTTP")
    }
    let length = Int(answer.value(forHTTPHeaderField: "Content-Length") ?? "")
    switch answer.statusCode {
    case 206:
      let range = answer.value(forHTTPHeaderField: "Content-Range") ?? ""
      guard range.hasPrefix("bytes \(state.done)-") else {
        return restart(&state, reason: "the server sent another part")
      }
      state.total = range.split(separator: "/").last.flatMap { Int($0) } ?? length.map { $0 + state.done }
      return nil
    case 200:
      // A server that knows no ranges sends all of it.
      guard ftruncate(state.descriptor, 0) == 0, lseek(state.descriptor, 0, SEEK_SET) == 0 else {
        return .disk("\(address): the partial file cannot be emptied")
      }
      state.done = 0
      state.total = length
      return nil
    case 416:
      let range = answer.value(forHTTPHeaderField: "Content-Range") ?? ""
      if range == "bytes */\(state.done)" {
        state.isWhole = true
        return nil
      }
      return restart(&state, reason: "the server has no such part")
    default:
      return .refused(address: address, status: answer.statusCode)
    }
  }

  private func restart(_ state: inout State, reason: String) -> FetchError {
    ftruncate(state.descriptor, 0)
    return .connection(address: address, reason: reason)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    let (done, total, isFine) = state.withLock { state in
      do throws(SystemError) {
        try AtomicFile.append(data, to: state.descriptor, path: address)
        state.done += data.count
      } catch {
        state.failure = .disk("\(error)")
      }
      return (state.done, state.total, state.failure == nil)
    }
    if isFine { report(done, total) } else { dataTask.cancel() }
  }

  func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    let (continuation, result) = state.withLock {
      state -> (CheckedContinuation<Void, any Error>?, Result<Void, any Error>) in
      defer { state.continuation = nil }
      return (state.continuation, outcome(state, error))
    }
    continuation?.resume(with: result)
  }

  private func outcome(_ state: State, _ error: (any Error)?) -> Result<Void, any Error> {
    if state.isWhole { return .success(()) }
    if let failure = state.failure { return .failure(failure) }
    if let error {
      return .failure(FetchError.connection(address: address, reason: error.localizedDescription))
    }
    if let total = state.total, state.done != total {
      return .failure(
        FetchError.connection(
          address: address, reason: "the connection broke off at \(state.done) of \(total) bytes"))
    }
    return .success(())
  }
}
