import Formats
import Foundation
import Testing

/// A folder of a test's own, gone when the test is.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "uae-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }
}

@Suite struct SafetensorsTests {
  @Test func tensorsAndMetadataComeBackAsTheyWere() throws {
    let folder = try TemporaryFolder()
    let weights = HostArray([1.5, -2, 0.25, 8, 0, -0.5] as [Float], shape: [2, 3])
    let flags = HostArray([1, 0, 255] as [UInt8])
    let scalar = HostArray([42], shape: [])
    try Safetensors.write(
      [
        ("weights", weights), ("fl\"ags\n", flags), ("scalar", scalar),
        ("none", HostArray([Float](), shape: [0, 4])),
      ],
      metadata: ["b": "two\\", "a": "ünï"], to: folder.file("a.safetensors"))

    let file = try Safetensors.open(folder.file("a.safetensors"))
    #expect(file.names.sorted() == ["fl\"ags\n", "none", "scalar", "weights"])
    #expect(file.metadata == ["a": "ünï", "b": "two\\"])
    #expect(try file.array("weights") == weights)
    #expect(try file.array("fl\"ags\n") == flags)
    #expect(try file.array("scalar") == scalar)
    #expect(try file.rows(1..<2, of: "weights") == HostArray([8, 0, -0.5] as [Float], shape: [1, 3]))
    #expect(throws: FormatError.self) { try file.rows(1..<3, of: "weights") }
    #expect(throws: FormatError.self) { try file.array("weight") }
  }

  @Test func theSameTensorsGiveTheSameBytes() {
    let tensors = [("a", HostArray([1, 2] as [Float])), ("b", HostArray([3] as [Double]))]
    let metadata = Dictionary(uniqueKeysWithValues: (0..<50).map { ("key\($0)", "\($0)") })
    let first = Safetensors.encode(tensors, metadata: metadata)
    for _ in 0..<5 {
      #expect(
        Safetensors.encode(
          tensors, metadata: Dictionary(uniqueKeysWithValues: metadata.shuffled().map { ($0, $1) })) == first)
    }
    // Data begin at a multiple of 8, so that a mapped tensor is aligned.
    #expect(first.count - 16 > 0 && (first.count - 16) % 8 == 0)
  }

  @Test(arguments: [
    ("{}x", "the header is not"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, "not what its shape"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "was expected as its start"),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
      "was expected as its start"
    ),
    (#"{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}"#, "of 8 data bytes"),
    (#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#, "belong to no tensor"),
    (#"{"a":{"dtype":"Q8","shape":[8],"data_offsets":[0,9]}}"#, "of 8 data bytes"),
    (#"{"a":{"dtype":"U8","shape":[4294967296,4294967296,8],"data_offsets":[0,8]}}"#, "not what its shape"),
    (#"{"a":{"dtype":"U8","shape":[-1,-8],"data_offsets":[0,8]}}"#, "not what its shape"),
    (#"{"a":{"dtype":"U8","shape":[8],"data_offsets":[8,0]}}"#, "was expected as its start"),
  ])
  func aFalseHeaderIsRefused(header: String, reason: String) {
    var bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { [UInt8]($0) }
    bytes += Array(header.utf8) + [UInt8](repeating: 0, count: 8)
    let error = #expect(throws: FormatError.self) { try SafetensorsFile(FileBytes(bytes)) }
    #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    #expect(error?.description.contains("\n") == false)
  }

  @Test func aHeaderLengthBeyondTheFileIsRefused() {
    let error = #expect(throws: FormatError.self) {
      try SafetensorsFile(FileBytes([255, 255, 255, 255, 255, 255, 255, 255, 1]))
    }
    #expect(error?.position == .byte(0))
  }
}
