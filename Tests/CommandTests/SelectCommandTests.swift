import Formats
import Foundation
import Testing
import Torch

/// `uae select` on a user's own files: what it writes, and what it says of files that it cannot use.
@Suite struct SelectCommandTests {
  private let folder: TemporaryFolder
  private var path: String { folder.url.path }

  init() throws { folder = try TemporaryFolder() }

  private func uae(_ arguments: String...) throws -> Finished {
    try run([program] + arguments, in: folder.url)
  }

  /// 40 rows: `a` and `c` vary by themselves, `b` is twice `a`, `still` is constant, `kind` is the class.
  private func writeTable(missing: Bool = false, word: Bool = false) throws {
    let draws = RandomStream(seed: 7, purpose: .start).uniform(80)
    var text = "a,b,still,c,kind\n"
    for row in 0..<40 {
      let (a, c) = (Double(draws[2 * row]), Double(draws[2 * row + 1]) * 0.5)
      let last = missing && row == 3 ? "" : word && row == 3 ? "high" : "\(c)"
      text += "\(a),\(2 * a),1,\(last),\(a > 0.5 ? "up" : "down")\n"
    }
    try folder.write(text, to: "own.csv")
  }

  @Test func writesNamesMaskReducedDataAndDecoder() throws {
    try writeTable()
    let first = try uae(
      "select", "--dataset", "own.csv", "--label-key", "kind", "--features", "2", "--out", "chosen")
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.errors.contains("constant, and never chosen: 1 of 4 features"), "\(first.errors)")
    let json = try JSONSerialization.jsonObject(
      with: Data(contentsOf: folder.url.appending(path: "chosen/features.json")))
    let features = try #require((json as? [String: Any])?["features"] as? [[String: Any]])
    let names = features.compactMap { $0["name"] as? String }
    #expect(Set(names).intersection(["a", "b"]).count == 1 && names.contains("c"), "\(names)")
    #expect(features.map { $0["rank"] as? Int } == [1, 2])
    let mask = try NPY.read("\(path)/chosen/mask.npy")
    #expect(mask.shape == [4] && mask.elementType == .bool)
    #expect(mask.integers()?.reduce(0, +) == 2)
    let reduced = try String(contentsOfFile: "\(path)/chosen/reduced.csv", encoding: .utf8)
    let source = try String(contentsOfFile: "\(path)/own.csv", encoding: .utf8)
    let lines = reduced.split(separator: "\n"), before = source.split(separator: "\n")
    #expect(lines.count == 41)
    let columns = before[0].split(separator: ",")
    let kept = lines[0].split(separator: ",").compactMap(columns.firstIndex)
    #expect(kept.count == 3)
    // Number for number what the file has.
    for (line, old) in zip(lines, before) {
      let fields = old.split(separator: ",")
      #expect(line == kept.map { String(fields[$0]) }.joined(separator: ","))
    }
    // The reduced file is one that the program reads, and the decoder a model that can be judged and attacked.
    #expect(
      try uae(
        "select", "--dataset", "chosen/reduced.csv", "--label-key", "kind", "--features", "1", "--out",
        "again"
      ).status == 0)
    let judged = try uae(
      "evaluate", "--checkpoint", "chosen/decoder.safetensors", "--dataset", "own.csv",
      "--label-key", "kind")
    #expect(judged.status == 0, "\(judged.errors)")
    let refused = try uae(
      "select", "--dataset", "own.csv", "--label-key", "kind", "--features", "2", "--out", "chosen")
    #expect(refused.status == 1 && refused.errors.contains("--overwrite"), "\(refused.errors)")
  }

  @Test func judgesChoicesOfOthers() throws {
    try writeTable()
    try folder.write("[\"c\", \"a\"]", to: "names.json")
    try folder.write("[true, false, false, true]", to: "mask.json")
    try NPY.write(HostArray([3, 0]), to: "\(path)/places.npy")
    var reports: Set<String> = []
    for file in ["names.json", "mask.json", "places.npy"] {
      let result = try uae(
        "select", "--dataset", "own.csv", "--label-key", "kind", "--from", file, "--json", "--quiet")
      #expect(result.status == 0, "\(result.errors)")
      let json = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
      reports.insert("\((json?["report"] as? [String: Any])?["linearError"] ?? "")")
    }
    #expect(reports.count == 1, "\(reports)")
    for (content, words) in [
      ("[\"cc\", \"a\"]", "no feature 'cc'"), ("[4]", "feature 4 is chosen of 4"), ("[1, 1]", "chosen twice"),
      ("[true]", "for 1 features"), ("{}", "is no selection"), ("[]", "for 0 features"),
    ] {
      try folder.write(content, to: "bad.json")
      let result = try uae("select", "--dataset", "own.csv", "--label-key", "kind", "--from", "bad.json")
      let line = result.errors.split(separator: "\n").last ?? ""
      #expect(result.status == 1 && line.contains(words) && line.contains("bad.json"), "\(result.errors)")
    }
  }

  @Test func saysInALineWhatIsWrong() throws {
    func problem(_ features: String, _ more: String...) throws -> String {
      let result = try run(
        [
          program, "select", "--dataset", "own.csv", "--label-key", "kind", "--features", features, "--out",
          "o",
        ] + more,
        in: folder.url)
      #expect(result.status != 0)
      #expect(!FileManager.default.fileExists(atPath: "\(path)/o/features.json"))
      return result.errors
    }
    try writeTable()
    #expect(try problem("0").contains("--features is 0; it must be at least 1"))
    #expect(
      try problem("4").contains("cannot choose 4 of 4 features: only 3 vary, and constant ones tell nothing"))
    #expect(try problem("2", "--method", "cs").contains("did you mean 'css'?"))
    try writeTable(missing: true)
    #expect(try problem("2").contains("'c' is missing; --missing mean"))
    try writeTable(word: true)
    #expect(try problem("2").contains("'high' is not a number"))
    let none = try uae("select", "--dataset", "own.csv")
    #expect(none.status == 2 && none.errors.contains("give --features K, or --from FILE"))
  }

  @Test func fewerSamplesThanFeaturesAreWarnedOf() throws {
    let draws = RandomStream(seed: 8, purpose: .start).uniform(10 * 30)
    try NPZFile.write([("x", HostArray(draws, shape: [10, 30]))], to: path + "/wide.npz")
    let result = try uae("select", "--dataset", "wide.npz", "--features", "12", "--out", "o")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("8 samples for 30 features"), "\(result.errors)")
    #expect(try NPZFile(mapping: path + "/o/reduced.npz").array("x").shape == [10, 12])
  }

  /// A decoder is attacked where it reads, and a concrete autoencoder learns from the examples, too.
  @Test func examplesOfADecoderTeachASelector() throws {
    let data = ["--dataset", "digits", "--limit", "100", "--threads", "1"]
    func uae(_ arguments: [String]) throws -> Finished {
      try run([program] + arguments + data, in: folder.url)
    }
    let first = try uae(["select", "--features", "12", "--out", "chosen"])
    #expect(
      first.status == 0 && first.output.contains("12 of 64 features by css-exchange in "), "\(first.output)")
    #expect(first.output.contains("a close substitute among the others"))
    let attack = try uae(["attack", "--checkpoint", "chosen/decoder.safetensors", "--out", "examples"])
    #expect(attack.status == 0, "\(attack.errors)")
    #expect(
      attack.output.contains(/‖δ‖₂ [0-9.]+ in what the model reads, 0 outside of it/), "\(attack.output)")
    for target in ["example", "original"] {
      let second = try uae([
        "select", "--features", "12", "--method", "concrete", "--steps", "100", "--augment", "examples",
        "--target", target, "--out", target,
      ])
      #expect(second.status == 0, "\(second.errors)")
    }
    let choices = try ["example", "original"].map {
      try Data(contentsOf: folder.url.appending(path: "\($0)/decoder.safetensors"))
    }
    #expect(choices[0] != choices[1])
    let closed = try uae(["select", "--features", "12", "--augment", "examples"])
    #expect(
      closed.status == 2 && closed.errors.contains("--augment is for methods with a training: concrete"))
  }

  /// Of a file without parts an attack takes all samples and a training four fifths of them in another order.
  @Test func examplesOfOtherSamplesAreRefused() throws {
    try writeTable()
    let data = ["--dataset", "own.csv", "--label-key", "kind", "--threads", "1"]
    func uae(_ arguments: [String]) throws -> Finished {
      try run([program] + arguments + data, in: folder.url)
    }
    #expect(try uae(["select", "--features", "2", "--out", "chosen"]).status == 0)
    #expect(
      try uae(["attack", "--checkpoint", "chosen/decoder.safetensors", "--out", "examples"]).status == 0)
    for command in [
      ["train", "--family", "dense-autoencoder", "--out", "model.safetensors"],
      ["select", "--features", "2", "--method", "concrete", "--out", "other"],
    ] {
      let result = try uae(command + ["--augment", "examples"])
      #expect(result.status == 1, "\(command)")
      #expect(result.errors.contains("has no examples of the 32 samples to train on"), "\(result.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: "\(path)/model.safetensors"))
  }
}
