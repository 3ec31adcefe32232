"""See `compare`. usage: compare.py FOLDER [--quick] [STAGE...]"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
import safetensors.numpy
import safetensors.torch
import torch

import mnist
import ports

root = pathlib.Path(__file__).resolve().parents[2]
uae = root / ".build/release/uae"
stages = ["vanilla", "compiled", "authors", "whole", "retraining", "settings", "far"]


class Bench:
    def __init__(self, folder, quick):
        self.folder, self.quick, self.temporary = folder, quick, tempfile.TemporaryDirectory()
        self.train, self.test = (
            torch.tensor(mnist.read(part)[0][:count, None].astype(np.float32) / 255)
            for part, count in [("train", 8192), ("t10k", 2000)])
        self.checkpoint, self.model = self.trained("conv", ports.ConvolutionalAutoencoder)

    def trained(self, name, port):
        """Our checkpoint of an autoencoder, trained a little, and the port's model with its weights."""
        checkpoint = self.folder / f"mnist-{name}.safetensors"
        if not checkpoint.exists():
            self.run("train", "--dataset", "mnist", "--limit", "2000", "--family", f"{name}-autoencoder", "--epochs", "5",
                     "--out", checkpoint)
        exported = pathlib.Path(self.temporary.name) / "model.safetensors"
        self.run("export", "--checkpoint", checkpoint, "--format", "safetensors", "--out", exported, quiet=False)
        return checkpoint, port(safetensors.torch.load_file(exported)).eval().requires_grad_(False)

    def run(self, *arguments, quiet=True):
        command = [str(uae), *map(str, arguments)] + (["--quiet"] if quiet else [])
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def ours(self, count, recipe="paper", checkpoint=None):
        """Seconds a sample by the command's own clock, and the examples."""
        with tempfile.TemporaryDirectory(dir=self.temporary.name) as folder:
            text = self.run("attack", "--dataset", "mnist", "--limit", count, "--checkpoint",
                            checkpoint or self.checkpoint, "--recipe", recipe, "--out", folder + "/run")
            rate = float(re.search(r"([\d.]+) samples/s", text)[1])
            shards = [safetensors.numpy.load_file(f) for f in sorted(pathlib.Path(folder).glob("run/**/*shard*.safetensors"))]
        x = np.concatenate([s["x"] for s in shards])
        return 1 / rate, torch.tensor(x), torch.tensor(np.concatenate([s["status"] for s in shards]) == 0)

    def port(self, count, batch, attack=ports.attack, model=None, **options):
        start, parts = time.perf_counter(), []
        for i in range(0, count, batch):
            parts.append(attack(model or self.model, self.train[i:i + batch], **options))
        seconds = (time.perf_counter() - start) / count
        return seconds, torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])

    def quality(self, found, success):
        if found is None:
            return {"samples": 1, "success": None, "information": None, "delta": None}
        x, y = self.train[:len(found)].double().flatten(1), found.double().flatten(1)
        along = (x * y).sum(1, keepdim=True) / (x * x).sum(1, keepdim=True)
        sine = ((y - along * x).norm(dim=1) / y.norm(dim=1)).clamp(min=1e-6)
        won = success & True
        return {"samples": len(found), "success": won.double().mean().item(),
                "information": (-sine.log())[won].mean().item() if won.any() else None,
                "delta": (y - x).norm(dim=1)[won].mean().item() if won.any() else None}

    def row(self, name, runs, judged):
        """One method's repetitions, [(seconds a sample, examples, success)], judged by the first samples alone."""
        print(f"{name}: {[round(r[0], 4) for r in runs]} s a sample", file=sys.stderr)
        return {"method": name, "seconds": [r[0] for r in runs], **self.quality(*[r if r is None else r[:judged] for r in runs[-1][1:]])}

    def write(self, stage, content):
        content = {"quick": self.quick, "torch": torch.__version__, "threads": torch.get_num_threads(),
                   "date": time.strftime("%Y-%m-%d"), **content}
        (self.folder / f"peer-{stage}.json").write_text(json.dumps(content, indent=1))

    def compared(self, stage, repetitions, judged, methods):
        """Ours and others by turns: [(name, function)]. Quality is that of the first `judged` samples."""
        runs = {name: [] for name, _ in methods}
        for _ in range(repetitions):
            for name, function in methods:
                runs[name].append(function())
        self.write(stage, {"rows": [self.row(name, r, judged) for name, r in runs.items()]})
        return runs

    def vanilla(self):
        options = {"iterations": 2} if self.quick else {}
        ours, batch, single = (64, 64, 2) if self.quick else (256, 128, 6)
        runs = self.compared("vanilla", 1 if self.quick else 3, batch, [
            ("ours", lambda: self.ours(ours)),
            ("PyTorch, batched", lambda: self.port(batch, batch, **options)),
            ("PyTorch, one at a time", lambda: self.port(single, 1, **options))])
        for name, file in [("ours", "ours"), ("PyTorch, batched", "batched")]:
            _, x, success = runs[name][-1]
            torch.save((x[:batch], success[:batch]), self.folder / f"examples-{file}.pt")

    def compiled(self):
        batch, options = (64, {"iterations": 2}) if self.quick else (128, {})
        self.port(batch, batch, compiled=True, iterations=1)  # compiles
        self.compared("compiled", 1 if self.quick else 2, batch, [
            ("ours", lambda: self.ours(batch)),
            ("PyTorch, batched, torch.compile", lambda: self.port(batch, batch, compiled=True, **options))])

    def authors(self):
        """A few of the 40 iterations, counted as all of them: every one costs the same."""
        iterations, options = (1, {"steps": 2}) if self.quick else (3, {})

        def one():
            seconds, _, _ = self.port(1, 1, network=ports.Authors, iterations=iterations, **options)
            return seconds * 41 / (iterations + 1), None, None  # the start is evaluated too

        self.compared("authors", 1 if self.quick else 3, 128, [
            ("ours", lambda: self.ours(128)),  # two tiles
            (f"PyTorch, the authors' network, one at a time (from {iterations} of 40 iterations)", one)])

    def whole(self):
        """Long runs by the command line: wall-clock rate and peak memory, start and files included."""
        dense, _ = self.trained("dense", ports.DenseAutoencoder)
        counts = [64] * 3 if self.quick else [60000, 6000, 6000]
        if "UAE_WHOLE" in os.environ:
            counts = [int(os.environ["UAE_WHOLE"])] * 3
        rows = []
        for (model, recipe, checkpoint), count in zip(
                [("dense", "far-noise", dense), ("conv", "far-noise", self.checkpoint), ("conv", "paper", self.checkpoint)], counts):
            with tempfile.TemporaryDirectory() as folder:
                start, peak, done = time.perf_counter(), 0, 0
                child = subprocess.Popen([str(uae), "attack", "--dataset", "mnist", "--limit", str(count), "--checkpoint",
                                          str(checkpoint), "--recipe", recipe, "--out", folder + "/run", "--quiet"],
                                         stdout=subprocess.DEVNULL)
                # What the kernel reports at the end counts this process's own memory, from before the child's exec.
                proc = pathlib.Path(f"/proc/{child.pid}/status")
                while not done:
                    if proc.exists() and (line := re.search(r"VmHWM:\s+(\d+)", proc.read_text())):
                        peak = int(line[1])
                    time.sleep(0.02)
                    done, status, usage = os.wait4(child.pid, os.WNOHANG)
                if status:
                    sys.exit(f"uae attack with {recipe} failed")
                rows.append({"model": model, "recipe": recipe, "samples": count, "seconds": time.perf_counter() - start,
                             "processorSeconds": usage.ru_utime + usage.ru_stime, "megabytes": (peak or usage.ru_maxrss) / 1024})
        self.write("whole", {"rows": rows})

    def far(self):
        """Far examples, on both models; the port in the batches that suit it best of a few."""
        for name, port, count, batches in [("dense", ports.DenseAutoencoder, 8192, [64, 256, 1024]),
                                           ("conv", ports.ConvolutionalAutoencoder, 512, [64, 128, 512])]:
            checkpoint, model = self.trained(name, port)
            options = {"attack": ports.far_attack, "model": model}
            if self.quick:
                count, batches, options = 128, [64], {**options, "iterations": 2}
            batch = min(batches, key=lambda b: self.port(count, b, **options)[0])
            self.compared(f"far-{name}", 1 if self.quick else 3, count, [
                ("ours", lambda: self.ours(count, "far-noise", checkpoint)),
                (f"PyTorch, batches of {batch}", lambda: self.port(count, batch, **options))])

    def retraining(self):
        """The same number of updates from the same weights, on the data with each method's examples added."""
        rows = []
        for name in ["repeated data", "ours", "batched"]:
            errors = []
            for seed in range(1 if self.quick else 3):
                torch.manual_seed(seed)
                model = ports.ConvolutionalAutoencoder({
                    k: torch.nn.init.xavier_uniform_(torch.empty_like(v)) if v.dim() == 4 else torch.zeros_like(v)
                    for k, v in safetensors.torch.load_file(self.checkpoint).items()
                    if k.startswith(("encoder", "decoder"))})
                x = self.train[:128]
                if name != "repeated data":
                    found, success = torch.load(self.folder / f"examples-{name}.pt")
                    x = torch.cat([x[:len(found)], torch.where(success.view(-1, 1, 1, 1), found, x[:len(found)])])
                optimizer = torch.optim.Adam(model.parameters(), 2e-3)
                for _ in range(20 if self.quick else 400):
                    batch = x[torch.randint(len(x), (64,))]
                    optimizer.zero_grad()
                    F = torch.nn.functional
                    F.binary_cross_entropy(model(batch), batch).backward()
                    optimizer.step()
                with torch.no_grad():
                    errors.append(torch.nn.functional.mse_loss(model(self.test), self.test).item())
            rows.append({"data": name, "errors": errors})
        self.write("retraining", {"rows": rows})

    def settings(self):
        """Hidden units and learning rate of MINE, which nothing in the paper fixes."""
        rows = []
        for hidden in [8, 16, 32]:
            for rate in [1e-4, 1e-3, 1e-2]:
                recipe = pathlib.Path(self.temporary.name) / "recipe.yaml"
                recipe.write_text(f"attack: {{method: minmax, similarity: mine, alpha: 0.3, iterations: 40, start: noise, "
                                  f"mine: {{hidden: {hidden}, learningRate: {rate}}}}}\n")
                _, found, success = self.ours(64 if self.quick else 128, recipe)
                rows.append({"hidden": hidden, "learningRate": rate, **self.quality(found, success)})
        self.write("settings", {"rows": rows})


if __name__ == "__main__":
    arguments = [a for a in sys.argv[2:] if a != "--quick"]
    if set(arguments) - set(stages) or len(sys.argv) < 2:
        sys.exit(f"usage: compare.py FOLDER [--quick] [{'|'.join(stages)}]...")
    if not os.environ.get("UAE_DATA"):
        sys.exit("UAE_DATA must name the folder that has mnist/ (uae data fetch mnist)")
    torch.manual_seed(1)
    bench = Bench(pathlib.Path(sys.argv[1]), "--quick" in sys.argv)
    for stage in arguments or [s for s in stages]:
        getattr(bench, stage)()
