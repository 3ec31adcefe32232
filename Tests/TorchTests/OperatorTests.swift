import Testing
import Torch

@Suite struct OperatorTests {
  @Test func defaultsOfTheSchemaAreFilledIn() throws {
    let x = Tensor([Float(1), 2, 3, 4, 5, 6], [2, 3])
    // aten::sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None)
    let sum = try Operator("aten::sum", "dim_IntList")(.tensor(x), .ints([1]))
    #expect(sum.shape == [2])
    #expect(sum.floats == [6, 15])
    let double = try Operator("aten::sum", "dim_IntList")(.tensor(x), .ints([1]), named: ["dtype": .int(7)])
    #expect(double.dtype == .float64)
    // A later positional argument alone: softplus(self, beta=1, threshold=20).
    let plain = try Operator("aten::softplus")(.tensor(x), .defaulted, .double(0.5))
    #expect(plain.floats[0] == 1, "beyond the threshold softplus is the identity")
  }

  @Test func keywordArgumentsReachTheirPlace() throws {
    let x = Tensor([Float(1), -1], [2])
    let exact = try Operator("aten::gelu")(.tensor(x))
    let approximate = try Operator("aten::gelu")(.tensor(x), named: ["approximate": .string("tanh")])
    #expect(abs(exact.floats[0] - 0.8413447) < 1e-6)
    #expect(abs(approximate.floats[0] - 0.8411920) < 1e-6)
  }

  @Test func errorsNameTheOperatorAndTheShapes() {
    let a = Tensor.zeros([2, 3], device: .cpu), b = Tensor.zeros([4, 5], device: .cpu)
    let error = #expect(throws: TorchError.self) { try Operator("aten::mm")(.tensor(a), .tensor(b)) }
    let text = error?.description ?? ""
    #expect(text.contains("aten::mm"))
    #expect(text.contains("[2, 3]") && text.contains("[4, 5]"))
    #expect(!text.contains("\n"))
  }

  @Test func mistakesInACallAreErrors() throws {
    #expect(throws: TorchError.self) { try Operator("aten::no_such_operator") }
    let relu = try Operator("aten::relu")
    #expect(throws: TorchError.self) { try relu.call([]) }
    #expect(throws: TorchError.self) { try relu.call([.string("3")]) }
    #expect(throws: TorchError.self) { try relu.call([.tensor(Tensor(1)), .tensor(Tensor(1))]) }
    #expect(throws: TorchError.self) { try relu.call([.tensor(Tensor(1))], named: ["inplace": .bool(true)]) }
    #expect(throws: TorchError.self) {
      try relu.call([.tensor(Tensor(1))], named: ["self": .tensor(Tensor(1))])
    }
  }

  @Test func aNumberForATensorDoesNotDecideTheType() throws {
    // As in PyTorch: torch.arange(3.) * 0.5 stays float32, and torch.arange(3) * 0.5 becomes it.
    let multiply = try Operator("aten::mul", "Tensor")
    for x in [Tensor([Float(0), 1, 2], [3]), Tensor([0, 1, 2], [3])] {
      let y = try multiply(.tensor(x), .double(0.5))
      #expect(y.dtype == .float32 && y.floats == [0, 0.5, 1])
    }
    let y = try multiply(.tensor(Tensor([0, 1, 2], [3])), .int(2))
    #expect(y.dtype == .int64 && y.ints == [0, 2, 4])
  }

  @Test func severalResultsAndListsComeBack() throws {
    let x = Tensor([Float(3), 1, 2], [3])
    let results = try Operator("aten::sort")
      .call([.tensor(x)])
    #expect(results.count == 2)
    guard case .tensor(let values) = results[0], case .tensor(let order) = results[1] else {
      Issue.record("sort returns two tensors")
      return
    }
    #expect(values.floats == [1, 2, 3])
    #expect(order.ints == [1, 2, 0])
    guard case .tensors(let parts)? = try Operator("aten::split", "Tensor").call([.tensor(x), .int(2)]).first
    else {
      Issue.record("split returns a list")
      return
    }
    #expect(parts.map(\.floats) == [[3, 1], [2]])
    let gaps = try Operator("aten::index", "Tensor")(
      .tensor(Tensor([Float(1), 2, 3, 4], [2, 2])), .optionalTensors([nil, Tensor([1], [1])]))
    #expect(gaps.floats == [2, 4])
  }
}
