"""What Benchmarks/peers/selection prints."""

import json
import os
import pathlib
import re
import subprocess
import sys
import time

import numpy
import torch
import torch.nn.functional as F
from sklearn.ensemble import ExtraTreesClassifier

import mnist

STEPS, BATCH, COUNT, THREADS = 6300, 128, 50, 2

# Method, data, figure, target, and whether it is the least (1) or the most (-1) that will do, or a range (0).
TARGETS = [
    ("css", "mnist", "linear error", 0.0184, -1), ("css", "mnist", "trees", 0.925, 1), ("css", "mnist", "seconds", 0.5, -1),
    ("css", "mnist", "trees less scikit-learn's", (-0.003, 0.003), 0),
    ("css-exchange", "mnist", "linear error", 0.0179, -1), ("css-exchange", "mnist", "trees", 0.927, 1),
    ("css-exchange", "mnist", "seconds", 2, -1),
    ("css-exchange", "isolet", "linear error", 0.0126, -1), ("css-exchange", "isolet", "trees", 0.895, 1),
    ("concrete", "mnist", "distinct before", 49, 1), ("concrete", "mnist", "probability", 0.99, 1),
    ("concrete", "mnist", "joint error", 0.0155, -1), ("concrete", "mnist", "trees", 0.925, 1),
    ("concrete", "mnist", "seconds", 25, -1), ("concrete", "mnist", "times as fast", 1.5, 1),
    ("concrete-st", "mnist", "joint error", 0.0150, -1), ("concrete-ip", "mnist", "joint error", 0.0156, -1),
    ("pfa", "mnist", "linear error", (0.0277, 0.0297), 0), ("pfa", "isolet", "linear error", (0.0151, 0.0159), 0),
]


def draw(seed, path):
    """10,000 of MNIST's 70,000 images, 8,000 of them for training: the protocol of the figures."""
    x, y = (numpy.concatenate(parts) for parts in zip(mnist.read("train"), mnist.read("t10k")))
    x = x.reshape(-1, 784)
    chosen = numpy.random.RandomState(seed).permutation(70_000)[:10_000]
    first, last = chosen[:8000], chosen[8000:]
    numpy.savez(path, x_train=x[first], y_train=y[first], x_test=x[last], y_test=y[last])


def select(out, dataset, method):
    command = [
        os.environ["UAE"], "select", "--dataset", str(dataset), "--features", str(COUNT), "--method", method, "--threads", str(THREADS),
        "--out", str(out / "choice"), "--overwrite", "--json", "--quiet",
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{method} on {dataset}: no result")
    found = json.loads(done.stdout)
    indices = [feature["index"] for feature in found["features"]]
    if len(set(indices)) != COUNT:
        sys.exit(f"{method} on {dataset}: {len(set(indices))} distinct features instead of {COUNT}")
    report, notes = found["report"], " ".join(found["notes"])
    figures = {
        "linear error": report["linearError"], "trees": numpy.mean(report["forestAccuracies"]), "seconds": found["seconds"],
        "joint error": report["decoderError"],
    }
    if method.startswith("concrete"):
        figures["probability"] = float(re.search(r"largest probabilities ([\d.]+)", notes).group(1))
        doubles = re.search(r"(\d+) rows moved", notes)
        figures["distinct before"] = COUNT - (int(doubles.group(1)) if doubles else 0)
    return figures, indices


def trees(path, indices):
    """The accuracy of scikit-learn's forests on the same features, mean of five."""
    file = numpy.load(path)
    found = []
    for seed in range(5):
        forest = ExtraTreesClassifier(50, random_state=seed, n_jobs=THREADS).fit(file["x_train"][:, indices], file["y_train"])
        found.append(forest.score(file["x_test"][:, indices], file["y_test"]))
    return numpy.mean(found)


def port(path):
    """The concrete autoencoder as one writes it in PyTorch: selector, decoder of one hidden layer of 200, Adam; seconds."""
    file = numpy.load(path)
    x = torch.tensor(file["x_train"].astype(numpy.float32) / 255)
    torch.manual_seed(1)
    torch.set_num_threads(THREADS)
    size = x.shape[1]
    logits = torch.nn.Parameter(torch.nn.init.xavier_normal_(torch.empty(COUNT, size)))
    decoder = torch.nn.Sequential(
        torch.nn.Linear(COUNT, 200), torch.nn.ReLU(), torch.nn.Linear(200, size), torch.nn.Sigmoid())
    optimizer = torch.optim.Adam([{"params": [logits], "lr": 0.1}, {"params": decoder.parameters(), "lr": 1e-3}])
    start = time.perf_counter()
    for step in range(STEPS):
        place = step * BATCH % len(x)
        if place < BATCH:
            order = torch.randperm(len(x))
        batch = x[order[place:place + BATCH]]
        temperature = 10 * (0.01 / 10) ** (step / (STEPS - 1))
        noise = -torch.log((-torch.log(torch.rand(COUNT, size).clamp_min(1e-7))).clamp_min(1e-7))
        weights = torch.softmax((logits + noise) / temperature, 1)
        loss = F.mse_loss(decoder(batch @ weights.T), batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - start


def main():
    out, quick = pathlib.Path(sys.argv[1]), "--quick" in sys.argv[2:]
    if not os.environ.get("UAE_DATA"):
        sys.exit("UAE_DATA must name the folder of the data sets")
    sets = {"mnist": [out / f"mnist-{seed}.npz" for seed in range(1 if quick else 3)], "isolet": ["isolet"]}
    for seed, path in enumerate(sets["mnist"]):
        draw(seed, path)
    found = {}
    for method, dataset in sorted({(row[0], row[1]) for row in TARGETS}):
        runs = []
        for path in sets[dataset]:
            figures, indices = select(out, path, method)
            if (method, dataset) == ("css", "mnist"):
                figures["trees less scikit-learn's"] = figures["trees"] - trees(path, indices)
            if method == "concrete":
                figures["port"] = port(path)
                figures["times as fast"] = figures["port"] / figures["seconds"]
            runs.append(figures)
            print(f"{method} {path}:", *(f"{name} {value:.4g}," for name, value in figures.items()), file=sys.stderr)
        for name in runs[0]:
            found[method, dataset, name] = numpy.mean([run[name] for run in runs]).item()
    print("| method | data | figure | measured | target | |", "|---|---|---|---:|---:|---|", sep="\n")
    missed = 0
    for method, dataset, name, target, sign in TARGETS:
        value = found[method, dataset, name]
        if sign:
            met, word = sign * value >= sign * target, f"{'≥' if sign > 0 else '≤'} {target:g}"
        else:
            met, word = target[0] <= value <= target[1], f"{target[0]:g}–{target[1]:g}"
        missed += not met
        print(f"| {method} | {dataset} | {name} | {value:.4g} | {word} | {'met' if met else 'missed'} |")
    (out / "selection.json").write_text(json.dumps({" ".join(key): value for key, value in found.items()}, indent=1))
    sys.exit(1 if missed else 0)


main()
