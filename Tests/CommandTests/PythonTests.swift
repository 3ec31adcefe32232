import Formats
import Foundation
import Testing

/// What goes to Python and comes from there, judged by NumPy, SciPy, safetensors, Pillow and PyTorch themselves.
@Suite(
  .serialized,
  .enabled(
    if: PythonEnvironment.problem == nil, "no Python to judge by: \(PythonEnvironment.problem ?? "")"))
struct PythonTests {
  @Test(.tags(.slow)) func theExampleRunsAsItsPageSays() throws {
    let folder = try TemporaryFolder()
    let result = try run(
      [
        PythonEnvironment.interpreter,
        packageRoot.appending(path: "Examples/pytorch-roundtrip/roundtrip.py").path,
        folder.url.path,
      ], environment: PythonEnvironment.oneThread.merging(["UAE": program]) { $1 })
    #expect(result.status == 0, "\(result.errors.suffix(2000))")
    let last = try #require(result.output.split(separator: "\n").last)
    let numbers = last.split { !"0123456789.".contains($0) }.compactMap { Double($0) }
    try #require(numbers.count == 3, "\(last)")
    // The numbers are of a trained autoencoder: the mean image alone is off by 0.07.
    #expect(numbers[0] < 0.03 && numbers[1] < 0.03)
    #expect(numbers[2] > 250, "of 500 digits")
  }

  @Test func whatIsWrittenIsReadByEachFormatsOwnTool() throws {
    let folder = try TemporaryFolder()
    let path = folder.url.path
    let types: [HostArray] = [
      .init([0, 7, 255] as [UInt8]), .init([-128, 7, 127] as [Int8]), .init([0, 7, 65535] as [UInt16]),
      .init([-9, 7, 9] as [Int16]), .init([0, 7, 1 << 31] as [UInt32]), .init([-9, 7, 9] as [Int32]),
      .init([0, 7, 1 << 63] as [UInt64]), .init([Int.min, 7, 9]), .init([0.5, -7, 9] as [Float16]),
      .init([0.1, -7, 9] as [Float]), .init([0.1, -7, 9] as [Double]),
      .init(bytes: [1, 0, 1], shape: [3], elementType: .bool),
    ]
    var arrays = types.map { (name: $0.elementType.rawValue, array: $0) }
    arrays.append(("matrix", HostArray((0..<24).map(Float.init), shape: [2, 3, 4])))
    arrays.append(("scalar", HostArray([2.5], shape: [])))
    arrays.append(("none", HostArray([Float](), shape: [0, 3])))
    try NPZFile.write(arrays, to: path + "/a.npz")
    try Safetensors.write(arrays, metadata: ["key": "ünï \"x\""], to: path + "/a.safetensors")
    for (name, array) in arrays { try NPY.write(array, to: "\(path)/\(name).npy") }
    for channels in [1, 3] {
      let pixels = (0..<35 * channels).map { UInt8(truncatingIfNeeded: $0 &* 73) }
      let image = RasterImage(width: 7, height: 5, channels: channels, pixels: pixels)
      try AtomicFile.write(image.png(), to: "\(path)/\(channels).png")
    }
    let script = """
      import sys, numpy as np, safetensors, safetensors.numpy, safetensors.torch
      from PIL import Image
      folder = sys.argv[1]
      info = [np.iinfo(t) for t in ("i8",)][0]
      expected = dict(
          uint8=np.array([0, 7, 255], "u1"), int8=np.array([-128, 7, 127], "i1"), uint16=np.array([0, 7, 65535], "u2"),
          int16=np.array([-9, 7, 9], "i2"), uint32=np.array([0, 7, 1 << 31], "u4"), int32=np.array([-9, 7, 9], "i4"),
          uint64=np.array([0, 7, 1 << 63], "u8"), int64=np.array([info.min, 7, 9], "i8"),
          float16=np.array([0.5, -7, 9], "f2"), float32=np.array([0.1, -7, 9], "f4"),
          float64=np.array([0.1, -7, 9], "f8"), bool=np.array([True, False, True]),
          matrix=np.arange(24, dtype="f4").reshape(2, 3, 4), scalar=np.array(2.5), none=np.zeros((0, 3), "f4"))
      archive = np.load(folder + "/a.npz")
      assert sorted(archive.files) == sorted(expected)
      tensors = safetensors.numpy.load_file(folder + "/a.safetensors")
      torch = safetensors.torch.load_file(folder + "/a.safetensors")
      assert sorted(tensors) == sorted(torch) == sorted(expected)
      with safetensors.safe_open(folder + "/a.safetensors", "np") as file:
          assert file.metadata() == {"key": "\\u00fcn\\u00ef \\"x\\""}
      for name, array in expected.items():
          for other in (archive[name], tensors[name], torch[name].numpy(), np.load(f"{folder}/{name}.npy")):
              assert other.dtype == array.dtype and other.shape == array.shape, (name, other)
              assert (other == array).all(), (name, other)
      for channels in 1, 3:
          image = np.asarray(Image.open(f"{folder}/{channels}.png"))
          assert image.shape == ((5, 7, 3) if channels == 3 else (5, 7))
          assert (image.reshape(-1) == np.arange(35 * channels) * 73 % 256).all()
      """
    let judged = try PythonEnvironment.judge(script, [path])
    #expect(judged.status == 0, "\(judged.errors.suffix(2000))")
  }

  /// One script of PyTorch's makes models and images of bytes with the channels last; another judges what came of them.
  @Test func examplesAgainstAModelOfPyTorchsSatisfyItsCriterionInPyTorch() throws {
    let folder = try TemporaryFolder()
    let path = folder.url.path
    let make = """
      import sys, numpy as np, torch
      folder = sys.argv[1]
      random = np.random.default_rng(0)
      low = random.random((40, 3, 3, 3))
      images = (low.repeat(2, 1).repeat(2, 2) * 255).astype("u1")
      np.savez(folder + "/images.npz", x=images, y=np.arange(40) % 4)
      torch.manual_seed(0)
      class Model(torch.nn.Module):
          def __init__(self):
              super().__init__()
              self.inner = torch.nn.Linear(108, 40)
              self.outer = torch.nn.Linear(40, 108)
              self.head = torch.nn.Linear(40, 4)
          def embed(self, x):
              return torch.tanh(self.inner(x.flatten(1)))
          def forward(self, x):
              return torch.sigmoid(self.outer(self.embed(x))).reshape(x.shape)
          @torch.jit.export
          def logits(self, x):
              return self.head(self.embed(x))
          @torch.jit.export
          def embedding(self, x):
              return self.embed(x)
          @torch.jit.export
          def loss(self, x):
              return (self.forward(x) - x).square().flatten(1).sum(1)
      model = Model()
      x = torch.tensor(images.transpose(0, 3, 1, 2) / 255, dtype=torch.float32)
      optimizer = torch.optim.Adam(model.parameters(), 0.01)
      for _ in range(60):
          optimizer.zero_grad()
          model.loss(x).mean().backward()
          optimizer.step()
      torch.jit.script(model.eval()).save(folder + "/model.pt")
      class Mixing(torch.nn.Module):
          def forward(self, x):
              return torch.sigmoid(x - x.mean(0, keepdim=True))
      torch.jit.script(Mixing()).save(folder + "/mixing.pt")
      """
    let made = try PythonEnvironment.judge(make, [path])
    try #require(made.status == 0, "\(made.errors.suffix(2000))")

    func attack(_ model: String, _ criterion: String, _ method: String, out: String? = nil) throws -> Finished
    {
      try run([
        program, "attack", "--model", "\(path)/\(model).pt", "--dataset", path + "/images.npz", "--criterion",
        criterion, "--method", method, "--iterations", "20", "--out", "\(path)/\(out ?? criterion).npz",
        "--quiet",
      ])
    }
    for (criterion, method) in [
      ("reconstruction", "forward"), ("same-class", "logits"), ("misclassification", "logits"),
      ("embedding", "embedding"), ("loss", "loss"),
    ] {
      let result = try attack("model", criterion, method)
      #expect(result.status == 0, "\(criterion): \(result.errors)")
    }
    let mixing = try attack("mixing", "reconstruction", "forward", out: "mixing")
    #expect(mixing.status == 1)
    #expect(mixing.errors.contains("batch norm"), "\(mixing.errors)")
    #expect(mixing.errors.split(separator: "\n").count { $0.hasPrefix("uae: ") } == 1, "\(mixing.errors)")

    let judge = """
      import sys, numpy as np, torch
      folder = sys.argv[1]
      images = np.load(folder + "/images.npz")
      model = torch.jit.load(folder + "/model.pt").eval()
      def tensor(array):
          return torch.tensor(array.transpose(0, 3, 1, 2) / 255, dtype=torch.float32)
      for name in "reconstruction", "same-class", "misclassification", "embedding", "loss":
          uaes = np.load(f"{folder}/{name}.npz")
          assert uaes["x"].dtype == np.uint8 and uaes["x"].shape == images["x"].shape, name
          assert (uaes["y"] == images["y"][uaes["index"]]).all(), name
          won = uaes["success"]
          original = images["x"][uaes["index"]]
          assert (uaes["x"][won] != original[won]).any((1, 2, 3)).all(), name
          assert (uaes["x"][~won] == original[~won]).all(), name
          x, y = tensor(original), tensor(uaes["x"])
          with torch.no_grad():
              if name == "reconstruction":
                  norm = lambda z: (x - model(z)).flatten(1).norm(dim=1)
                  holds = norm(y) <= norm(x) + 1e-5
              elif name == "embedding":
                  a, b = model.embedding(x), model.embedding(y)
                  holds = (a - b).norm(dim=1) <= 0.1 * a.norm(dim=1) + 1e-5
              elif name == "loss":
                  holds = model.loss(y) <= model.loss(x) + 1e-4
              else:
                  after = model.logits(y).argmax(1)
                  same = model.logits(x).argmax(1) == after
                  holds = same if name == "same-class" else after != torch.tensor(uaes["y"])
          print(name, int(won.sum()), int(holds[won].sum()))
          assert won.sum() > 0 and holds[won].all(), name
      """
    let judged = try PythonEnvironment.judge(judge, [path])
    #expect(judged.status == 0, "\(judged.output)\(judged.errors.suffix(2000))")
  }

  @Test func whatIsExportedIsLoadedByPyTorch() throws {
    let folder = try TemporaryFolder()
    let path = folder.url.path
    let trained = try run([
      program, "train", "--limit", "100", "--epochs", "1", "--family", "conv-autoencoder", "--out",
      path + "/run.safetensors",
      "--quiet",
    ])
    try #require(trained.status == 0, "\(trained.errors)")
    for format in ["torchscript", "safetensors"] {
      let result = try run([
        program, "export", "--checkpoint", path + "/run.safetensors", "--format", format, "--out",
        "\(path)/model.\(format)",
      ])
      try #require(result.status == 0, "\(result.errors)")
    }
    let script = """
      import sys, torch, safetensors.torch
      folder = sys.argv[1]
      model = torch.jit.load(folder + "/model.torchscript")
      tensors = safetensors.torch.load_file(folder + "/model.safetensors")
      x = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
      y = model(x)
      assert y.shape == x.shape and torch.isfinite(y).all()
      assert torch.allclose(model.decode(model.encode(x)), y)
      y.sum().backward()
      assert x.grad.abs().sum() > 0
      state = list(model.parameters()) + list(model.buffers())
      for name, tensor in tensors.items():
          assert any(p.shape == tensor.shape and torch.equal(p, tensor) for p in state), name
      """
    let judged = try PythonEnvironment.judge(script, [path])
    #expect(judged.status == 0, "\(judged.errors.suffix(2000))")
  }

  /// PyTorch's own functions, given the weights of the checkpoint, compute what the exported classifier does: the running
  /// statistics of batch norm are there, dropout is not.
  @Test func anExportedClassifierIsPyTorchsNetwork() throws {
    let folder = try TemporaryFolder()
    let path = folder.url.path
    let trained = try run([
      program, "train", "--limit", "100", "--epochs", "2", "--family", "classifier", "--out",
      path + "/model.safetensors", "--quiet",
    ])
    try #require(trained.status == 0, "\(trained.errors)")
    let exported = try run([
      program, "export", "--checkpoint", path + "/model.safetensors", "--out", path + "/model.pt",
    ])
    try #require(exported.status == 0, "\(exported.errors)")
    let script = """
      import json, sys, torch, safetensors, safetensors.torch
      from torch.nn.functional import batch_norm, conv2d, linear, relu
      folder = sys.argv[1]
      with safetensors.safe_open(folder + "/model.safetensors", "pt") as file:
          assert json.loads(file.metadata()["architecture"])["classes"] == 10
      t = safetensors.torch.load_file(folder + "/model.safetensors")
      def w(name):
          return t[name + ".weight"], t[name + ".bias"]
      def norm(x, name):
          assert t[name + ".running_mean"].abs().sum() > 0
          return batch_norm(x, t[name + ".running_mean"], t[name + ".running_var"], *w(name))
      x = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
      h = relu(conv2d(x, *w("features.0"), padding=1))
      h = relu(norm(conv2d(h, *w("features.1"), stride=2, padding=1), "features.2"))
      g = relu(norm(conv2d(h, *w("features.3.body.0"), padding=1), "features.3.body.1"))
      g = norm(conv2d(g, *w("features.3.body.2"), padding=1), "features.3.body.3")
      h = relu(h + g).mean((2, 3))
      embedding = relu(linear(relu(linear(h, *w("features.4"))), *w("features.5")))
      logits = linear(embedding, *w("logits"))
      model = torch.jit.load(folder + "/model.pt")
      for ours, theirs in (model(x), logits), (model.embedding(x), embedding):
          assert torch.allclose(ours, theirs, atol=1e-5), (ours - theirs).abs().max()
      """
    let judged = try PythonEnvironment.judge(script, [path])
    #expect(judged.status == 0, "\(judged.errors.suffix(2000))")
  }
}
