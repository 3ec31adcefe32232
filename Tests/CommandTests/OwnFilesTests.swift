import Formats
import Foundation
import Testing
import Torch

/// The program on a user's own model and data: what it refuses, what it writes, what it says of that.
@Suite struct OwnFilesTests {
  private let folder: TemporaryFolder
  private var path: String { folder.url.path }

  /// `data.npz` with 60 samples near a plane of 12 values, and `model.pt`, which rebuilds them.
  init() throws {
    folder = try TemporaryFolder()
    let (count, values) = (60, 12)
    let draws = RandomStream(seed: 3, purpose: .start).uniform(count * (values + 2))
    let rows = (0..<count).flatMap { row in
      (0..<values).map { value -> Float in
        let own = draws[row * (values + 2) + (value < 6 ? 0 : 1)] - 0.5
        return 0.5 + 0.6 * own + 0.05 * (draws[row * (values + 2) + 2 + value] - 0.5)
      }
    }
    try NPZFile.write([("x", HostArray(rows, shape: [count, values]))], to: path + "/data.npz")
    let bytes = rows.map { UInt8(($0 * 200).rounded()) }
    try NPZFile.write([("x", HostArray(bytes, shape: [count, values]))], to: path + "/bytes.npz")
    try script("def forward(self, x):\n\(Self.plane)\n  return y", "model")
  }

  /// Each half of the values becomes its mean, drawn a little to the centre so that it does not come back exactly.
  private static let plane = """
      a = x[:, :6].mean(1, True).expand(-1, 6)
      b = x[:, 6:].mean(1, True).expand(-1, 6)
      y = torch.cat([a, b], 1) * 0.95 + 0.025
    """

  private func script(_ source: String, _ name: String) throws {
    let script = try Script.create("Model")
    try script.define(source)
    try script.save("\(path)/\(name).pt")
  }

  private func uae(_ arguments: String...) throws -> Finished {
    try run([program] + arguments, in: folder.url)
  }

  private func attack(_ out: String, model: String = "model.pt", data: String = "data.npz", _ more: String...)
    throws
    -> Finished
  {
    try run(
      [program, "attack", "--model", model, "--dataset", data, "--out", out, "--threads", "1", "--quiet"]
        + more,
      in: folder.url)
  }

  private func bytes(_ name: String) -> Data? { FileManager.default.contents(atPath: "\(path)/\(name)") }

  @Test func whatIsReadIsNeverWritten() throws {
    try FileManager.default.createSymbolicLink(
      atPath: path + "/link.npz", withDestinationPath: path + "/data.npz")
    try FileManager.default.linkItem(atPath: path + "/data.npz", toPath: path + "/hard.npz")
    try FileManager.default.copyItem(atPath: path + "/model.pt", toPath: path + "/model.npz")
    let before = try #require(bytes("data.npz"))
    for out in ["data.npz", "./data.npz", "\(path)/data.npz", "link.npz", "hard.npz"] {
      for more in [[], ["--overwrite"]] {
        let result = try run(
          [program, "attack", "--model", "model.pt", "--dataset", "data.npz", "--out", out] + more,
          in: folder.url)
        #expect(result.status == 1)
        #expect(result.errors.contains("is the file of --dataset"), "\(result.errors)")
        #expect(bytes("data.npz") == before)
      }
    }
    let result = try attack("model.npz", model: "model.npz", "--overwrite")
    #expect(result.errors.contains("is the file of --model"), "\(result.errors)")
  }

  @Test func anExistingFileIsReplacedOnlyWhenAskedFor() throws {
    try folder.write("results of last week", to: "keep.npz")
    let refused = try attack("keep.npz")
    #expect(refused.status == 1)
    #expect(refused.errors.contains("--overwrite"), "\(refused.errors)")
    #expect(bytes("keep.npz") == Data("results of last week".utf8))
    #expect(try attack("keep.npz", "--overwrite").status == 0)
    #expect(bytes("keep.npz")?.starts(with: Data("PK".utf8)) == true)
    // Nothing is lost with a file in which nothing succeeded.
    #expect(try attack("none.npz", "--epsilon", "0").status == 1)
    #expect(try attack("none.npz").status == 0)
    #expect(try attack("none.npz").status == 1)
  }

  @Test func unknownEndingsNameTheKnownOnes() throws {
    for out in ["o.npy", "o.csv", "o.mat", "o.h5"] {
      let result = try attack(out)
      #expect(result.status == 1)
      #expect(result.errors.contains(".npz or .safetensors or .tar"), "\(result.errors)")
      #expect(!FileManager.default.fileExists(atPath: "\(path)/\(out)"))
    }
    for out in ["run", "run.v2/", "eps0.1"] {
      #expect(try attack(out).status == 0)
      #expect(FileManager.default.fileExists(atPath: "\(path)/\(out)/manifest.json"))
    }
  }

  @Test func aFailedFirstTryBlocksNoSecond() throws {
    // Works on what is tried, and fails in the midst of the attack.
    try script(
      "def forward(self, x):\n  assert float(x.max()) < 0.999 or x.size(0) < 3, 'too bright'\n\(Self.plane)\n  return y",
      "fails")
    for out in ["o.npz", "run"] {
      let first = try attack(out, model: "fails.pt", "--force")
      #expect(first.status == 1, "\(first.output)")
      #expect(!FileManager.default.fileExists(atPath: "\(path)/\(out)"))
      #expect(!FileManager.default.fileExists(atPath: "\(path)/\(out).run"))
      let second = try attack(out)
      #expect(second.status == 0, "\(second.errors)")
    }
  }

  @Test func thePrintedFiguresAreThoseOfTheFile() throws {
    try script(
      "def forward(self, x):\n\(Self.plane)\n  return torch.floor(y * 20) / 20 + (y - y.detach())", "coarse")
    for format in ["npz", "safetensors"] {
      let shown = try attack(
        "a.\(format)", model: "coarse.pt", data: "bytes.npz", "--range", "0,200", "--force")
      let json = try attack(
        "b.\(format)", model: "coarse.pt", data: "bytes.npz", "--range", "0,200", "--force", "--json")
      let file = "\(path)/b.\(format)"
      let success =
        try format == "npz"
        ? NPZFile(mapping: file).array("success") : Safetensors.open(file).array("success")
      let won = success.bytes.count { $0 != 0 }
      let object = try #require(
        JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any], "\(json.output)")
      #expect(object["successRate"] as? Double == Double(won) / Double(success.count))
      #expect((object["counts"] as? [String: Int])?["succeeded"] == won)
      let rate = (Double(won) / Double(success.count) * 100).text(.general(4))
      #expect(shown.output.contains("success rate \(rate) %"), "\(shown.output)")
    }
  }

  @Test func doctorAndAttackAgree() throws {
    let scripts = [
      ("sound", "\(Self.plane)\n  return y", true),
      ("shifted", "\(Self.plane)\n  return y * 3 - 7", false),
      ("noise", "\(Self.plane)\n  return y + torch.rand_like(y)", false),
      ("blind", "\(Self.plane)\n  return y.detach()", false),
      ("mixing", "\(Self.plane)\n  return y - y.mean(0, True) + 0.5", false),
      ("rounded", "\(Self.plane)\n  return (y * 255).to(0)", false),
      ("short", "  return x[:, :5]", false),
      ("both", "\(Self.plane)\n  return x, y", false),
      ("signed", "  x = (x + 1) / 2\n\(Self.plane)\n  return y", true),
    ]
    for (name, body, isSound) in scripts {
      try script("def forward(self, x):\n\(body)", name)
      let doctor = try uae("doctor", "--model", "\(name).pt", "--dataset", "data.npz", "--threads", "1")
      let attack = try attack("\(name).npz", model: "\(name).pt")
      #expect((doctor.status == 0) == isSound, "\(name): \(doctor.output)")
      #expect(doctor.output.contains("samples: ") && doctor.errors.isEmpty, "\(name): \(doctor.errors)")
      #expect((attack.status == 0) == isSound, "\(name): \(attack.errors)")
      #expect(FileManager.default.fileExists(atPath: "\(path)/\(name).npz") == isSound, "\(name)")
      guard !isSound else { continue }
      // What was taken of the data, what was guessed of the model, and why it is refused.
      #expect(attack.errors.split(separator: "\n").count <= 3, "\(attack.errors)")
      // The reason is the same, but for how much a random output differs.
      let problem = try #require(doctor.output.split(separator: "\n").first { $0.hasPrefix("PROBLEM") })
      #expect(
        attack.errors.contains(problem.dropFirst(24).prefix(45)), "\(name): \(problem); \(attack.errors)")
    }
  }

  @Test func forceGoesOnAndSaysSo() throws {
    try script("def forward(self, x):\n\(Self.plane)\n  return y * 3 - 7", "shifted")
    let result = try attack("o.npz", model: "shifted.pt", "--force")
    #expect(result.errors.contains("going on because of --force"), "\(result.errors)")
    #expect(FileManager.default.fileExists(atPath: path + "/o.npz"))
  }

  @Test func guessesAreSaidAlsoQuietly() throws {
    try script("def forward(self, x):\n  x = (x + 1) / 2\n\(Self.plane)\n  return y", "signed")
    let guessed = try attack("a.npz", model: "signed.pt")
    #expect(guessed.errors.contains("--model-range -1,1 --output-range 0,1"), "\(guessed.errors)")
    let said = try attack("b.npz", model: "signed.pt", "--model-range", "-1,1", "--output-range", "0,1")
    // What was taken of the data is said always.
    #expect(said.errors == "data.npz: samples: x, 60 × 12, float32, 0.178…0.8206\n")
    #expect(try NPZFile(mapping: path + "/a.npz").array("x") == NPZFile(mapping: path + "/b.npz").array("x"))
  }
}
