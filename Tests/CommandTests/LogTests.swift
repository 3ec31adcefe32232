import Foundation
import Testing

/// What `--logdir` writes, read by TensorBoard's own reader.
@Suite struct LogTests {
  private let folder: TemporaryFolder
  private var path: String { folder.url.path }

  init() throws { folder = try TemporaryFolder() }

  private func uae(_ arguments: String...) throws {
    let result = try run([program] + arguments + ["--threads", "1", "--quiet"], in: folder.url)
    #expect(result.status == 0, "\(result.errors)")
  }

  private func everyCommand() throws {
    try uae(
      "train", "--dataset", "digits", "--limit", "200", "--epochs", "3", "--out", "m.safetensors", "--logdir",
      "log/train")
    try uae(
      "attack", "--dataset", "digits", "--checkpoint", "m.safetensors", "--limit", "100", "--out", "run",
      "--force",
      "--recipe", "far-noise", "--logdir", "log/attack")
    try uae(
      "augment", "--dataset", "digits", "--limit", "60", "--epochs", "1", "--seeds", "2", "--recipe",
      "far-noise", "--out", "augment",
      "--logdir", "log/augment")
  }

  @Test func everyNumberIsALineOfJSON() throws {
    try everyCommand()
    for name in ["log/train", "log/attack", "run", "log/augment", "augment"] {
      let text = try String(contentsOfFile: "\(path)/\(name)/metrics.jsonl", encoding: .utf8)
      let lines = try text.split(separator: "\n").map { line in
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
      }
      let command = try #require(lines.first?["command"] as? [String])
      #expect(command.contains("--quiet"))
      #expect(
        lines.dropFirst().allSatisfy { $0["tag"] is String && $0["value"] is Double && $0["step"] is Int })
      #expect(lines.count > 1)
    }
    // Of three epochs, three losses.
    let text = try String(contentsOfFile: path + "/log/train/metrics.jsonl", encoding: .utf8)
    #expect(text.components(separatedBy: "loss/training").count == 4, "\(text)")
  }

  @Test(.enabled(if: PythonEnvironment.problem == nil, "needs Python with TensorBoard"))
  func tensorBoardReadsScalarsImagesHistogramsAndTexts() throws {
    try everyCommand()
    let result = try PythonEnvironment.judge(
      """
      import sys, json, math
      from tensorboard.backend.event_processing import event_accumulator as ea
      folder = sys.argv[1]
      def read(name):
          found = ea.EventAccumulator(folder + "/log/" + name, size_guidance={ea.SCALARS: 0, ea.IMAGES: 0})
          found.Reload()
          lines = [json.loads(line) for line in open(f"{folder}/log/{name}/metrics.jsonl")]
          want = {}
          for line in lines[1:]:
              want.setdefault(line["tag"], []).append((line["step"], line["value"]))
          assert sorted(found.Tags()["scalars"]) == sorted(want), (found.Tags(), want)
          for tag, points in want.items():
              got = [(event.step, event.value) for event in found.Scalars(tag)]
              assert len(got) == len(points)
              for (s, v), (t, w) in zip(got, points):
                  assert s == t and math.isclose(v, w, rel_tol=1e-6, abs_tol=1e-30), (tag, s, v, t, w)
          return found
      train, attack, augment = read("train"), read("attack"), read("augment")
      assert len(train.Scalars([tag for tag in train.Tags()["scalars"] if tag.startswith("loss/")][0])) == 3
      for found in (train, attack, augment):
          for tag in found.Tags()["images"]:
              image = found.Images(tag)[0]
              assert image.encoded_image_string[:4] == b"\\x89PNG"
              width = int.from_bytes(image.encoded_image_string[16:20], "big")
              height = int.from_bytes(image.encoded_image_string[20:24], "big")
              assert (image.width, image.height) == (width, height)
          assert found.Tags()["images"]
          for tag in found.Tags()["histograms"]:
              value = found.Histograms(tag)[0].histogram_value
              assert sum(value.bucket) == value.num > 0
              assert value.min * value.num <= value.sum + 1e-9 and value.sum <= value.max * value.num + 1e-9
              assert math.isclose(value.bucket_limit[-1], value.max)
          assert found.Tags()["histograms"]
      assert any("recipe" in tag for tag in attack.Tags()["tensors"]), attack.Tags()
      text = attack.Tensors([tag for tag in attack.Tags()["tensors"] if "recipe" in tag][0])[0].tensor_proto.string_val[0]
      assert b"far-noise" in text, text
      print("read")
      """, [path])
    #expect(result.status == 0 && result.output.contains("read"), "\(result.errors.suffix(3000))")
  }
}
