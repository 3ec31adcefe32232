import Formats

extension ExampleFormat {
  /// NumPy's archive of arrays.
  public static let npz = ExampleFormat(
    name: "npz", summary: "arrays of NumPy's", ending: "npz",
    successes: { path in
      let file = try? NPZFile(mapping: path)
      return flags(file?.names, try? file?.array("success"))
    }
  ) { examples, path in
    let type = examples.samples.elementType
    // NumPy has no bfloat16.
    let arrays = examples.arrays.map { name, array in
      (name: name, array: array.elementType == .bfloat16 ? array.converted(to: .float32) : array)
    }
    try NPZFile.write(arrays, words: examples.words, to: path)
    return try NPZFile(mapping: path).array("x").converted(to: type)
  }

  /// Arrays by name, read without copying.
  public static let safetensors = ExampleFormat(
    name: "safetensors", summary: "tensors of Hugging Face's", ending: "safetensors",
    successes: { path in
      let file = try? Safetensors.open(path)
      return flags(file?.names, try? file?.array("success"))
    }
  ) { examples, path in
    let metadata = try Dictionary(
      uniqueKeysWithValues: examples.words.map { ($0.name, try JSON.text($0.words)) })
    try Safetensors.write(examples.arrays, metadata: metadata, to: path)
    return try Safetensors.open(path).array("x")
  }

  /// Only examples have these columns.
  private static func flags(_ names: [String]?, _ success: HostArray?) -> [Bool]? {
    guard names?.contains("criterion") == true else { return nil }
    return success?.bytes.map { $0 != 0 }
  }
}
