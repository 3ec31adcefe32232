import Foundation
import Testing
import Torch

@Suite struct ScriptTests {
  @Test func aModuleSurvivesSavingAndLoading() throws {
    let module = try Script.create("Doubler")
    try module.register("weight", Tensor([Float(2), 3], [2]))
    try module.define("def forward(self, x):\n  return x * self.weight\n")
    let path = NSTemporaryDirectory() + "script-\(UUID().uuidString).pt"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try module.save(path)
    let loaded = try Script.load(path)
    try loaded.freeze()
    #expect(loaded.tensorNames == ["weight"])
    let x = Tensor([Float(1), 1], [2]).requiringGrad()
    #expect(try loaded(x).floats == [2, 3])
    #expect(try grad(try loaded(x).sum(), [x])[0]?.floats == [2, 3])
  }

  @Test func whatIsNoScriptIsRefused() throws {
    let path = NSTemporaryDirectory() + "script-\(UUID().uuidString).pt"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("not a model".utf8).write(to: URL(fileURLWithPath: path))
    #expect(throws: TorchError.self) { try Script.load(path) }
    #expect(throws: TorchError.self) { try Script.load(path + ".missing") }
  }

  @Test func failuresInsideAScriptAreOneLine() throws {
    let module = try Script.create("Bad")
    try module.define("def forward(self, x):\n  return x.reshape([7, 7])\n")
    let error = #expect(throws: TorchError.self) { try module(Tensor.zeros([3])) }
    #expect(error?.description.contains("\n") == false)
    #expect(throws: TorchError.self) { try module(Tensor.zeros([3]), method: "encode") }
  }
}
