import Foundation
import Runs
import Testing

@Suite struct CheckpointTests {
  let scratch: Scratch
  let store: CheckpointStore

  init() throws {
    scratch = try Scratch()
    store = try CheckpointStore(folder: scratch.path + "/train", identity: "recipe a")
  }

  private func checkpoint(_ step: Int) -> Checkpoint {
    Checkpoint(
      step: step, tensors: Data(repeating: UInt8(step), count: 5000), state: Data("{\"epoch\":\(step)}".utf8))
  }

  @Test func theNewestIsLoadedAndTheLastTwoAreKept() throws {
    #expect(store.latest() == nil)
    for step in [1, 2, 9, 10] { try store.save(checkpoint(step)) }
    #expect(store.latest() == checkpoint(10))
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/train").sorted()
    #expect(names == ["step-10.json", "step-10.safetensors", "step-9.json", "step-9.safetensors"])
  }

  @Test(arguments: ["safetensors", "json"])
  func aDamagedOneIsPassedOverForTheOneBefore(type: String) throws {
    for step in [4, 5] { try store.save(checkpoint(step)) }
    let file = URL(fileURLWithPath: scratch.path + "/train/step-5.\(type)")
    let whole = try Data(contentsOf: file)
    for place in stride(from: 0, to: whole.count, by: max(1, whole.count / 25)) {
      var bytes = whole
      bytes[place] ^= 1
      try bytes.write(to: file)
      var notes: [String] = []
      let found = store.latest { notes.append($0) }
      #expect(found == checkpoint(4), "\(type), byte \(place)")
      #expect(notes.count == 1)
      try whole.prefix(place).write(to: file)
      #expect(store.latest() == checkpoint(4), "\(type), cut to \(place)")
    }
  }

  @Test func anotherTrainingsCheckpointIsNotUsed() throws {
    try store.save(checkpoint(3))
    #expect(try CheckpointStore(folder: scratch.path + "/train", identity: "recipe b").latest() == nil)
  }
}
