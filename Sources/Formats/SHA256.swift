import CCrypto
import Foundation

/// A SHA-256 hash (FIPS 180-4), computed by libcrypto over bytes as they come.
///
/// ```swift
/// let hash = SHA256()
/// hash.update(header)
/// hash.update(body)
/// print(hash.finish())        // 64 lowercase hexadecimal digits
/// ```
public struct SHA256: ~Copyable {
  private let context: OpaquePointer?

  /// The digest of no bytes yet.
  public init() {
    context = EVP_MD_CTX_new()
    // Neither call can fail but for want of memory; `finish` then gives an empty digest, which equals no digest.
    EVP_DigestInit_ex(context, EVP_sha256(), nil)
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Adds bytes to what is hashed.
  public func update(_ bytes: some ContiguousBytes) {
    bytes.withUnsafeBytes { _ = EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
  }

  /// The digest of all bytes given so far, as 64 lowercase hexadecimal digits.
  public consuming func finish() -> String {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    guard EVP_DigestFinal_ex(context, &digest, &count) == 1 else { return "" }
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: digest.prefix(Int(count)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
      as: UTF8.self)
  }

  /// The digest of bytes in memory, as 64 lowercase hexadecimal digits.
  public static func digest(of bytes: some ContiguousBytes) -> String {
    let hash = SHA256()
    hash.update(bytes)
    return hash.finish()
  }

  /// The digest of a file's content, read a mebibyte at a time.
  ///
  /// - Throws: `SystemError` if the file cannot be opened or read.
  public static func digest(ofFile path: String) throws(SystemError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open", path) }
    defer { close(descriptor) }
    let hash = SHA256()
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count > 0 {
        hash.update(buffer[..<count])
      } else if count == 0 {
        return hash.finish()
      } else if errno != EINTR {
        throw SystemError("read", path)
      }
    }
  }
}

extension FileBytes {
  /// The SHA-256 of all bytes, as 64 lowercase hexadecimal digits.
  public func sha256() -> String {
    withBytes(in: 0..<count) { SHA256.digest(of: $0) }
  }
}
