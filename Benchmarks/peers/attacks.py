"""Attacks on classifiers side by side with other packages: the same model, images, labels and settings.

    attacks.py UAE MODELS MNIST OUT [--count N] [--speed]

UAE is the command, MODELS the folder of TorchScript classifiers, MNIST the folder of its files, OUT a folder for JSON.
Prints one line a comparison: the share of samples on which both packages agree about success, and the largest difference of
a value where both succeed. With --speed also the seconds of PGD-40, each package at its best batch size.
"""

import argparse
import gzip
import json
import pathlib
import subprocess
import time

import numpy as np
import torch


def images(folder, count):
    def read(name, offset):
        with gzip.open(f"{folder}/{name}.gz") as file:
            return np.frombuffer(file.read(), dtype=np.uint8, offset=offset)

    x = read("t10k-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28)[:count].astype(np.float32) / 255
    return x, read("t10k-labels-idx1-ubyte", 8)[:count].astype(np.int64)


def ours(arguments, data, options, folder):
    """x' as the command writes it, and its seconds."""
    out = folder / "ours.npz"
    command = [arguments.uae, "attack", "--dataset", str(data), "--criterion", "misclassification", "--similarity", "l2"]
    start = time.perf_counter()
    done = subprocess.run(command + ["--overwrite", "--quiet", "--out", str(out)] + options, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if not out.exists():
        raise SystemExit(done.stderr)
    return np.load(out)["x"], seconds


def foolbox_attack(attack, epsilon=None):
    def run(model, x, y):
        import foolbox

        wrapped = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
        return attack(foolbox)(wrapped, x, y, epsilons=epsilon)[1]

    return run


def torchattacks_attack(make):
    def run(model, x, y):
        import torchattacks

        return make(torchattacks, model)(x, y)

    return run


def art_attack(make):
    def run(model, x, y):
        from art.attacks import evasion
        from art.estimators.classification import PyTorchClassifier

        wrapped = PyTorchClassifier(model, torch.nn.CrossEntropyLoss(), (1, 28, 28), 10, clip_values=(0, 1))
        return torch.from_numpy(make(evasion, wrapped).generate(x.numpy(), y.numpy()))

    return run


def adv_lib_cw(model, x, y):
    from adv_lib.attacks import carlini_wagner_l2

    return carlini_wagner_l2(
        model, x, y, confidence=0, learning_rate=0.01, initial_const=1e-3, binary_search_steps=9, max_iterations=1000,
        abort_early=False)


EPSILON, STEP, L2, L2_STEP = 0.3, 0.01, 2.0, 0.1

COMPARISONS = {
    "FGSM": (
        ["--solver", "fgsm", "--epsilon", "0.3"],
        {
            "foolbox": foolbox_attack(lambda f: f.attacks.FGSM(random_start=False), EPSILON),
            "torchattacks": torchattacks_attack(lambda t, m: t.FGSM(m, eps=EPSILON)),
            "ART": art_attack(lambda e, c: e.FastGradientMethod(c, norm=np.inf, eps=EPSILON, eps_step=EPSILON, batch_size=500)),
        },
    ),
    "PGD-40, L∞": (
        ["--solver", "pgd", "--epsilon", "0.3", "--alpha", "0.01", "--iterations", "40"],
        {
            "foolbox": foolbox_attack(
                lambda f: f.attacks.LinfPGD(abs_stepsize=STEP, steps=40, random_start=False), EPSILON),
            "torchattacks": torchattacks_attack(
                lambda t, m: t.PGD(m, eps=EPSILON, alpha=STEP, steps=40, random_start=False)),
            "ART": art_attack(
                lambda e, c: e.ProjectedGradientDescentPyTorch(
                    c, norm=np.inf, eps=EPSILON, eps_step=STEP, max_iter=40, num_random_init=0, batch_size=500,
                    verbose=False)),
        },
    ),
    "PGD-40, L2": (
        ["--solver", "pgd", "--norm", "l2", "--epsilon", "2", "--alpha", "0.1", "--iterations", "40"],
        {
            "foolbox": foolbox_attack(
                lambda f: f.attacks.L2PGD(abs_stepsize=L2_STEP, steps=40, random_start=False), L2),
            "torchattacks": torchattacks_attack(
                lambda t, m: t.PGDL2(m, eps=L2, alpha=L2_STEP, steps=40, random_start=False)),
        },
    ),
    "PGD-40, L2, the box first": (
        ["--solver", "pgd", "--norm", "l2", "--order", "box-first", "--epsilon", "2", "--alpha", "0.1", "--iterations", "40"],
        {
            "ART": art_attack(
                lambda e, c: e.ProjectedGradientDescentPyTorch(
                    c, norm=2, eps=L2, eps_step=L2_STEP, max_iter=40, num_random_init=0, batch_size=500,
                    verbose=False)),
        },
    ),
    "MI-FGSM": (
        ["--solver", "mi-fgsm", "--epsilon", "0.3", "--alpha", "0.01", "--iterations", "40"],
        {
            "torchattacks": torchattacks_attack(
                lambda t, m: t.MIFGSM(m, eps=EPSILON, alpha=STEP, steps=40, decay=1.0)),
            "ART": art_attack(
                lambda e, c: e.MomentumIterativeMethod(
                    c, eps=EPSILON, eps_step=STEP, decay=1.0, max_iter=40, batch_size=500, verbose=False)),
        },
    ),
}


def agreement(model, x, y, mine, other):
    with torch.no_grad():
        a, b = model(mine).argmax(1) != y, model(other).argmax(1) != y
    both = a & b & ((mine - x).flatten(1).abs().amax(1) > 0)
    difference = (mine - other)[both].abs().max().item() if both.any() else 0.0
    return {
        "ours": a.float().mean().item(), "theirs": b.float().mean().item(), "agree": (a == b).float().mean().item(),
        "difference": difference,
    }


def main():
    parser = argparse.ArgumentParser()
    for name in ("uae", "models", "mnist", "out"):
        parser.add_argument(name)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--cw", type=int, default=100, help="images for Carlini and Wagner's attack")
    parser.add_argument("--speed", action="store_true")
    arguments = parser.parse_args()
    folder = pathlib.Path(arguments.out)
    folder.mkdir(parents=True, exist_ok=True)
    results = []

    def note(**entry):
        results.append(entry)
        print("  ".join(f"{key} {value:.6g}" if isinstance(value, float) else f"{value}" for key, value in entry.items()), flush=True)

    for name in ("madry-mnist-lenet", "standard-mnist-lenet"):
        path = f"{arguments.models}/{name}.pt"
        model = torch.jit.load(path).eval()
        x, y = images(arguments.mnist, arguments.count)
        data = folder / "images.npz"
        np.savez(data, x=x, y=y)
        x, y = torch.from_numpy(x), torch.from_numpy(y)
        for attack, (options, peers) in COMPARISONS.items():
            mine, _ = ours(
                arguments, data, ["--model", path, "--surrogate", "cross-entropy"] + options, folder)
            for peer, run in peers.items():
                other = run(model, x, y).detach()
                note(model=name, attack=attack, peer=peer, **agreement(model, x, y, torch.from_numpy(mine), other))
        if arguments.cw:
            np.savez(data, x=x[: arguments.cw].numpy(), y=y[: arguments.cw].numpy())
            mine, _ = ours(arguments, data, ["--model", path, "--solver", "cw"], folder)
            few, labels = x[: arguments.cw], y[: arguments.cw]
            other = adv_lib_cw(model, few, labels)

            def median(result):
                sizes = (result - few).flatten(1).norm(dim=1)
                return sizes[sizes > 0].median().item()

            with torch.no_grad():
                won = [(model(each).argmax(1) != labels).float().mean().item() for each in (torch.from_numpy(mine), other)]
            note(
                model=name, attack="Carlini-Wagner L2", peer="adv-lib", ours=won[0], theirs=won[1],
                median=median(torch.from_numpy(mine)), theirMedian=median(other))
    if arguments.speed:
        speed(arguments, folder, note)
    (folder / "attacks.json").write_text(json.dumps(results, indent=1))


def speed(arguments, folder, note):
    """Seconds of PGD-40 on many images, the command's own start and files included."""
    path = f"{arguments.models}/madry-mnist-lenet.pt"
    model = torch.jit.load(path).eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    x, y = images(arguments.mnist, arguments.count)
    data = folder / "images.npz"
    np.savez(data, x=x, y=y)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    options, peers = COMPARISONS["PGD-40, L∞"]
    best = {}
    for round_ in range(2):
        _, seconds = ours(arguments, data, ["--model", path, "--surrogate", "cross-entropy"] + options, folder)
        best["ours"] = min(seconds, best.get("ours", seconds))
        for peer in ("foolbox", "torchattacks"):
            for batch in (64, 250, 1000):
                start = time.perf_counter()
                for first in range(0, len(x), batch):
                    peers[peer](model, x[first : first + batch], y[first : first + batch])
                seconds = time.perf_counter() - start
                key = f"{peer}, batches of {batch}"
                best[key] = min(seconds, best.get(key, seconds))
    for key, seconds in best.items():
        note(attack="PGD-40", images=str(len(x)), who=key, seconds=seconds)


if __name__ == "__main__":
    main()
