"""See `attacks`. usage: attacks.py STAGE MODELS FOLDER [--quick] [--count N]"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np
import torch

import mnist
import packages
import ports

root = pathlib.Path(__file__).resolve().parents[2]


def sequential(path):
    """One of the published classifiers as a module of PyTorch's, as its users have it."""
    from torch.nn import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential

    def lenet():
        return [
            Conv2d(1, 32, 3, padding=1), ReLU(), MaxPool2d(2), Conv2d(32, 64, 3, padding=1), ReLU(), MaxPool2d(2), Flatten(),
            Linear(3136, 200), ReLU(), Linear(200, 10)]

    def carlini_wagner():
        return [
            Conv2d(1, 32, 3), ReLU(), Conv2d(32, 32, 3), ReLU(), MaxPool2d(2), Conv2d(32, 64, 3), ReLU(), Conv2d(64, 64, 3),
            ReLU(), MaxPool2d(2), Flatten(), Linear(1024, 200), ReLU(), Linear(200, 200), ReLU(), Linear(200, 10)]

    def provable():
        return [
            Conv2d(1, 16, 4, stride=2, padding=1), ReLU(), Conv2d(16, 32, 4, stride=2, padding=1), ReLU(), Flatten(),
            Linear(1568, 100), ReLU(), Linear(100, 10)]

    kinds = {"lenet": lenet, "trades": carlini_wagner, "provable": provable}
    model = Sequential(*next(kinds[kind] for kind in kinds if kind in path.name)())
    model.load_state_dict(torch.jit.load(str(path)).state_dict())
    return model.eval().requires_grad_(False)


class Bench:
    def __init__(self, stage, models, folder, quick, count=None):
        self.models, self.folder, self.quick, self.stage, self.count = models, folder, quick, stage, count
        self.entries, self.missed = [], 0
        # Others' work is seen by all that is timed here; what is compared is timed by turns.
        self.threads = torch.get_num_threads()

    def images(self, count, dtype=np.float32):
        """Test images [count, 1, 28, 28] in [0, 1] and their labels, also as a file that the program reads."""
        x, y = mnist.read("t10k")
        x = x[:count, None].astype(dtype) / dtype(255)
        y = y[:count].astype(np.int64)
        self.data = self.folder / f"{self.stage}-images.npz"
        np.savez(self.data, x=x, y=y)
        return torch.from_numpy(x), torch.from_numpy(y)

    def ours(self, path, *options):
        """x' as the command writes it, and the seconds of the whole command."""
        out = self.folder / f"{self.stage}-ours.npz"
        command = [
            os.environ["UAE"], "attack", "--dataset", self.data, "--model", path, "--criterion", "misclassification",
            "--overwrite", "--quiet", "--out", out, *options]
        start = time.perf_counter()
        done = subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        seconds = time.perf_counter() - start
        if not out.exists():
            sys.exit(done.stderr)
        with np.load(out) as file:
            x = torch.from_numpy(file["x"])
        out.unlink()
        return x, seconds

    def note(self, text, met, **entry):
        """Prints a figure beside its target; `met` is None for what has no target."""
        word = "" if met is None else "met" if met else "MISSED"
        self.missed += met is False
        self.entries.append({**entry, "met": met})
        print(f"{text}  {word}".rstrip(), flush=True)

    def write(self):
        path = self.folder / "attacks.json"
        content = json.loads(path.read_text()) if path.exists() else {}
        content[self.stage] = {
            "quick": self.quick, "date": time.strftime("%Y-%m-%d"), "torch": torch.__version__, "threads": self.threads,
            "entries": self.entries}
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False))

    def float32(self):
        """Equal success on at least 99.5 % of the images."""
        self.parity(np.float32)

    def float64(self):
        """Equal pixels, to 1e-6, where both succeed: a model whose numbers are float64 is attacked in float64."""
        packages.in_double_precision()
        self.parity(np.float64)

    def parity(self, dtype):
        count = self.count or (64 if self.quick else 1000)
        for name in ("madry-mnist-lenet", "standard-mnist-lenet"):
            path = self.models / f"{name}.pt"
            model = sequential(path)
            if dtype == np.float64:
                path = self.folder / f"{name}-float64.pt"
                model = model.double()
                torch.jit.script(model).save(path)
            x, y = self.images(count, dtype)
            for attack, options, comparable, peers in packages.COMPARISONS:
                mine, _ = self.ours(path, "--similarity", "l2", "--surrogate", "cross-entropy", *options)
                for peer, run in peers.items():
                    other = run(model, x, y).detach()
                    found = agreement(model, x, y, mine, other)
                    line = (f"{name}  {attack}  {peer}: {100 * found['ours']:.2f} % and {100 * found['theirs']:.2f} %, agree on "
                            f"{100 * found['agree']:.2f} %")
                    met = found["agree"] >= 0.995
                    if dtype == np.float64 and comparable:
                        line += f" (≥ 99.5), largest difference {found['difference']:.1e} (≤ 1e-6)"
                        met = met and found["difference"] <= 1e-6
                    else:
                        line += " (≥ 99.5)"
                    self.note(line, met, model=name, attack=attack, peer=peer, images=count, comparable=comparable, **found)

    def cw(self):
        """Carlini and Wagner's attack: the median of ‖δ‖₂ within 1 %, equal success."""
        for name, count in (("provable-mnist-0.1", 256), ("standard-mnist-lenet", 128)):
            self.carlini_wagner(name, *(16, 50) if self.quick else (min(count, self.count or count), 1000))

    def carlini_wagner(self, name, count, iterations):
        path = self.models / f"{name}.pt"
        model = sequential(path)
        x, y = self.images(count)
        with torch.no_grad():
            right = model(x).argmax(1) == y
        mine, _ = self.ours(path, "--similarity", "l2", "--solver", "cw", "--iterations", iterations)
        for peer, run in (("adv-lib", packages.adv_lib_cw(iterations)), ("foolbox", packages.foolbox_cw(iterations))):
            other = torch.cat([run(model, x[i : i + 64], y[i : i + 64]).detach() for i in range(0, count, 64)])
            with torch.no_grad():
                won = [model(each).argmax(1) != y for each in (mine, other)]
            both = right & won[0] & won[1]
            medians = [(each - x)[both].flatten(1).norm(dim=1).median().item() for each in (mine, other)]
            rates = [each.float().mean().item() for each in won]
            ratio = medians[0] / medians[1]
            self.note(
                f"{name}  C&W L2, {iterations} iterations  {peer}: success {100 * rates[0]:.2f} % and {100 * rates[1]:.2f} %, "
                f"median ‖δ‖₂ {medians[0]:.4f} and {medians[1]:.4f}, ratio {ratio:.4f} (1 ± 0.01)",
                abs(ratio - 1) <= 0.01 and rates[0] == rates[1], model=name, peer=peer, images=count, iterations=iterations,
                ours=rates[0], theirs=rates[1], median=medians[0], theirMedian=medians[1])

    def square(self):
        """A random search: the same share of images, but for what the draws make of it."""
        count, queries = (32, 100) if self.quick else (self.count or 256, 1000)
        x, y = self.images(count)
        for name in ("trades-mnist", "madry-mnist-lenet"):
            path = self.models / f"{name}.pt"
            model = sequential(path)
            for norm, epsilon in (("Linf", 0.3), ("L2", 2.0)):
                mine, _ = self.ours(
                    path, "--similarity", "l2", "--solver", "square", "--norm", norm.lower(), "--epsilon", epsilon, "--queries",
                    queries)
                other = packages.square(norm, epsilon, queries)(model, x, y).detach()
                found = agreement(model, x, y, mine, other)
                self.note(
                    f"{name}  Square, {norm}, ε {epsilon}, {queries} queries  torchattacks: {100 * found['ours']:.2f} % and "
                    f"{100 * found['theirs']:.2f} % (within 5 points), agree on {100 * found['agree']:.2f} %",
                    abs(found["ours"] - found["theirs"]) <= 0.05, model=name, norm=norm, epsilon=epsilon, queries=queries,
                    images=count, **found)

    def speed(self):
        """PGD-40: the whole command, its start and files included, and the packages on tensors that they have."""
        count, trial, rounds = (256, 128, 1) if self.quick else (self.count or 10_000, 1000, 3)
        path = self.models / "madry-mnist-lenet.pt"
        model = sequential(path)
        x, y = self.images(count)

        def peer(name, batch, count):
            start = time.perf_counter()
            for first in range(0, count, batch):
                rows = slice(first, min(first + batch, count))
                packages.LINF_PGD[name](model, x[rows], y[rows])
            return time.perf_counter() - start

        def ours():
            return self.ours(path, "--similarity", "l2", "--surrogate", "cross-entropy", *packages.OUR_PGD)[1]

        tried = {(name, batch): peer(name, batch, trial) for batch in (64, 125, 500, 1000)
                 for name in ("foolbox", "torchattacks", "ART")}
        # One of a time alone may have met others' work: the three fastest run a second time.
        for key in sorted(tried, key=tried.get)[:3]:
            tried[key] = min(tried[key], peer(*key, trial))
        name, batch = min(tried, key=tried.get)
        pairs = []
        for _ in range(rounds):
            pairs.append((ours(), peer(name, batch, count)))
        ratio = statistics.median(b / a for a, b in pairs)
        self.note(
            f"PGD-40, {count} images: ours {', '.join(f'{a:.1f}' for a, _ in pairs)} s, {name} in batches of {batch} "
            f"{', '.join(f'{b:.1f}' for _, b in pairs)} s; ours is {ratio:.2f} times as fast (≥ 1)",
            ratio >= 1, images=count, peer=name, batch=batch, pairs=pairs, ratio=ratio,
            tried=[{"peer": n, "batch": b, "seconds": s} for (n, b), s in tried.items()])

    def minmax(self):
        """Supervised MinMax with one step of the critic an iteration, and a batched port of it, on a small classifier and on a
        larger one, whose own share of the port's time bounds how much faster anything can be."""
        for name, iterations in (("provable-mnist-0.1", 1000), ("trades-mnist", 300)):
            self.supervised(name, *(8, 20) if self.quick else (self.count or 128, iterations))

    def supervised(self, name, count, iterations):
        path = self.models / f"{name}.pt"
        model = sequential(path)
        x, y = self.images(count)
        mine, ours = self.ours(
            path, "--solver", "minmax", "--start", "zero", "--similarity", "mine", "--views", "0", "--mine-steps", "1",
            "--iterations", iterations)
        port, (other, _) = timed(ports.supervised_attack, model, x, y, iterations)
        start = time.perf_counter()
        for _ in range(20):
            z = x.clone().requires_grad_()
            torch.autograd.grad(model(z).sum(), z)
        alone = (time.perf_counter() - start) / 20 * (iterations + 1)
        with torch.no_grad():
            rates = [(model(each).argmax(1) != y).float().mean().item() for each in (mine, other)]
        self.note(
            f"{name}: supervised MinMax, {count} images, T = {iterations}: ours {ours:.1f} s, success {100 * rates[0]:.1f} %; PyTorch in "
            f"one batch {port:.1f} s, {100 * rates[1]:.1f} %, {alone:.1f} s of them in the classifier; {port / ours:.1f} times as fast (≥ 10)",
            port / ours >= 10, model=name, images=count, iterations=iterations, pairs=[(ours, port)], classifier=alone,
            ratio=port / ours, ours=rates[0], theirs=rates[1])

    def door(self):
        """The Python package: arrays and a module in, arrays out, against the same PGD of packages in the process."""
        sys.path.insert(0, str(root / "Python"))
        import uae

        model = sequential(self.models / "madry-mnist-lenet.pt")
        options = {"solver": "pgd", "similarity": "l2", "surrogate": "cross-entropy", "epsilon": packages.EPSILON,
                   "alpha": packages.STEP, "iterations": packages.STEPS}

        def ours(x, y):
            return uae.attack(model, x, labels=y, criterion="misclassification", options=options).x

        few = self.images(2)
        ours(*few)
        fixed = min(timed(ours, *few)[0] for _ in range(3))
        for count in (64,) if self.quick else (1000, 10_000) if self.count is None else (self.count,):
            x, y = self.images(count)
            for name in ("foolbox", "torchattacks"):
                def peer(x, y):
                    return torch.cat([packages.LINF_PGD[name](model, x[i : i + 125], y[i : i + 125]).detach()
                                      for i in range(0, len(x), 125)])

                pairs = []
                for _ in range(1 if self.quick else 2):
                    a, mine = timed(ours, x, y)
                    b, other = timed(peer, x, y)
                    pairs.append((a, b))
                found = agreement(model, x, y, mine, other)
                ratio = statistics.median(b / a for a, b in pairs)
                net = statistics.median(b / max(a - fixed, 1e-9) for a, b in pairs)
                self.note(
                    f"uae.attack, PGD-40, {count} images  {name}: agree on {100 * found['agree']:.2f} % (≥ 99.5); ours "
                    f"{', '.join(f'{a:.1f}' for a, _ in pairs)} s, {fixed:.1f} s of them for two images alone; theirs "
                    f"{', '.join(f'{b:.1f}' for _, b in pairs)} s; {ratio:.2f} times as fast (≥ 1), {net:.2f} without the start",
                    found["agree"] >= 0.995 and ratio >= 1, peer=name, images=count, pairs=pairs, fixed=fixed, ratio=ratio,
                    net=net, **found)


def timed(run, *arguments):
    """The seconds of a call, and what it returns."""
    start = time.perf_counter()
    found = run(*arguments)
    return time.perf_counter() - start, found


def agreement(model, x, y, mine, other):
    """Who succeeds, and the largest difference of a value where both do and the attack was needed."""
    with torch.no_grad():
        a, b = model(mine).argmax(1) != y, model(other).argmax(1) != y
    # An image that is misclassified as it is may be returned as it is.
    both = a & b & (mine != x).flatten(1).any(1)
    difference = (mine - other)[both].abs().max().item() if both.any() else 0.0
    return {
        "ours": a.double().mean().item(), "theirs": b.double().mean().item(), "agree": (a == b).double().mean().item(),
        "difference": difference, "compared": int(both.sum())}


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("stage", choices=["float32", "float64", "cw", "square", "speed", "minmax", "door"])
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--count", type=int, help="images, where that is not the stage's own number")
    arguments = parser.parse_args()
    if not os.environ.get("UAE_DATA"):
        sys.exit("UAE_DATA must name the folder that has mnist/ (uae data fetch mnist)")
    torch.manual_seed(1)
    bench = Bench(arguments.stage, arguments.models.resolve(), arguments.folder, arguments.quick, arguments.count)
    getattr(bench, arguments.stage)()
    bench.write()
    sys.exit(1 if bench.missed else 0)


if __name__ == "__main__":
    main()
