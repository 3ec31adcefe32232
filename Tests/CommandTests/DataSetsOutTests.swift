import Formats
import Foundation
import Testing
import Torch

/// What `attack --format` writes is read by the libraries that it is written for.
@Suite struct DataSetsOutTests {
  private let folder: TemporaryFolder
  private var path: String { folder.url.path }
  private static let count = 12

  /// `images.npz`, 12 images of 8 × 6 bytes in two classes, `floats.npz`, the same as numbers, and `model.pt`, which returns
  /// what it is given drawn a little to the centre.
  init() throws {
    folder = try TemporaryFolder()
    let draws = RandomStream(seed: 5, purpose: .start).uniform(Self.count * 48)
    let bytes = draws.map { UInt8(($0 * 255).rounded()) }
    let labels = HostArray((0..<Self.count).map { $0 % 2 })
    try NPZFile.write(
      [("x", HostArray(bytes, shape: [Self.count, 8, 6])), ("y", labels)], to: path + "/images.npz")
    try NPZFile.write(
      [("x", HostArray(draws, shape: [Self.count, 48])), ("y", labels)], to: path + "/floats.npz")
    let script = try Script.create("Model")
    try script.define("def forward(self, x):\n  return x * 0.9 + 0.05")
    try script.save(path + "/model.pt")
  }

  private func attack(_ out: String, _ data: String = "images.npz", _ more: String...) throws -> Finished {
    try run(
      [
        program, "attack", "--model", "model.pt", "--dataset", data, "--out", out, "--threads", "1",
        "--quiet",
      ]
        + more, in: folder.url)
  }

  private func writeEveryForm() throws {
    for out in ["examples.npz", "examples.safetensors", "examples.tar"] {
      let result = try attack(out)
      #expect(result.status == 0, "\(result.errors)")
    }
    let result = try attack("folder", "images.npz", "--format", "imagefolder")
    #expect(result.status == 0, "\(result.errors)")
  }

  /// Reads the examples as NumPy has them, which every other form must agree with.
  private static let expected = """
    import sys, json, math, numpy as np
    folder = sys.argv[1]
    want = np.load(folder + "/examples.npz")
    def check(row, image, columns):
        where = int(np.flatnonzero(want["index"] == columns["index"])[0])
        assert where == row, (where, row)
        assert np.array_equal(np.asarray(image), want["x"][where]), row
        assert columns["success"] == bool(want["success"][where])
        assert columns["label"] == int(want["y"][where])
        for name in ("criterion", "l2", "linf", "similarity"):
            value = float(want[name][where])
            assert math.isclose(columns[name], value, rel_tol=1e-6) if math.isfinite(value) else columns[name] is None
    """

  @Test(.enabled(if: PythonEnvironment.problem == nil, "needs Python with NumPy, PyTorch and datasets"))
  func everyFormHoldsTheSameExamples() throws {
    try writeEveryForm()
    let result = try PythonEnvironment.judge(
      Self.expected + """

        from PIL import Image
        import tarfile, io, pathlib
        assert want["success"].any()
        lines = [json.loads(line) for line in open(folder + "/folder/metadata.jsonl")]
        assert len(lines) == \(Self.count)
        for row, columns in enumerate(lines):
            assert columns["file_name"].split("/")[0] == str(columns["label"])
            check(row, Image.open(folder + "/folder/" + columns["file_name"]), columns)
        samples = {}
        with tarfile.open(folder + "/examples.tar") as tar:
            for member in tar:
                key, _, kind = member.name.partition(".")
                samples.setdefault(key, {})[kind] = tar.extractfile(member).read()
        assert len(samples) == \(Self.count)
        for row, sample in enumerate(samples.values()):
            columns = json.loads(sample["json"])
            assert int(sample["cls"]) == columns["label"]
            check(row, Image.open(io.BytesIO(sample["png"])), columns)
        """, [path])
    #expect(result.status == 0, "\(result.errors)")
  }

  @Test(.enabled(if: PythonEnvironment.problem == nil, "needs Python with NumPy, PyTorch and datasets"))
  func huggingFaceAndTorchLoadThem() throws {
    try writeEveryForm()
    let result = try PythonEnvironment.judge(
      Self.expected + """

        import datasets, torch, safetensors.torch
        images = datasets.load_dataset("imagefolder", data_dir=folder + "/folder", split="train", drop_labels=True)
        rows = sorted(images, key=lambda row: row["index"])
        assert len(rows) == \(Self.count)
        for row, columns in enumerate(rows):
            check(row, columns["image"], columns)
        web = datasets.load_dataset("webdataset", data_files={"train": folder + "/examples.tar"}, split="train")
        for row, sample in enumerate(web):
            assert sample["cls"] == sample["json"]["label"]
            check(row, sample["png"], sample["json"])
        tensors = safetensors.torch.load_file(folder + "/examples.safetensors")
        data = torch.utils.data.TensorDataset(tensors["x"], tensors["success"], tensors["index"], tensors["y"])
        seen = 0
        for x, success, index, y in torch.utils.data.DataLoader(data, batch_size=5):
            assert np.array_equal(x.numpy(), want["x"][seen:seen + len(x)])
            assert np.array_equal(y.numpy(), want["y"][seen:seen + len(x)])
            seen += len(x)
        assert seen == \(Self.count)
        """, [path])
    #expect(result.status == 0, "\(result.errors)")
  }

  @Test func rowsThatAreNoImagesStayArraysInATar() throws {
    #expect(try attack("rows.tar", "floats.npz").status == 0)
    var reader = try TarReader(FileBytes(mapping: path + "/rows.tar"))
    let samples = try NPZFile(mapping: path + "/floats.npz").array("x")
    var rows = 0
    while let entry = try reader.next() {
      let bytes = try reader.read(entry)
      guard entry.name.hasSuffix(".npy") else { continue }
      var array = try NPYReader(FileBytes(bytes, name: entry.name))
      let values = try array.array()
      #expect(values.shape == [48])
      #expect(values.elementType == samples.elementType)
      rows += 1
    }
    #expect(rows == Self.count)
    let refused = try attack("rows", "floats.npz", "--format", "imagefolder")
    #expect(refused.status == 1)
    #expect(refused.errors.contains("are no images"), "\(refused.errors)")
    #expect(!FileManager.default.fileExists(atPath: path + "/rows"))
  }

  @Test func aFolderIsReplacedOnlyWhereItIsOneOfExamples() throws {
    try folder.write("thesis", to: "mine/thesis.tex")
    for more in [[], ["--overwrite"]] {
      let result = try run(
        [
          program, "attack", "--model", "model.pt", "--dataset", "images.npz", "--out", "mine", "--format",
          "imagefolder",
        ]
          + more, in: folder.url)
      #expect(result.status == 1)
      #expect(result.errors.contains("no folder of examples"), "\(result.errors)")
    }
    #expect(FileManager.default.fileExists(atPath: path + "/mine/thesis.tex"))
    #expect(try attack("out", "images.npz", "--format", "imagefolder").status == 0)
    #expect(try attack("out", "images.npz", "--format", "imagefolder").errors.contains("--overwrite"))
    #expect(try attack("out", "images.npz", "--format", "imagefolder", "--overwrite").status == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: path).allSatisfy { !$0.contains("partial") })
  }
}
