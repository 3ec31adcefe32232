"""What Benchmarks/peers/contrastive prints.

`step`: a step of contrastive training, views included, by this program and by PyTorch eager: one thread, processor seconds. Both
have the same network, batch, loss and optimiser; PyTorch's views are the usual ones of batched tensors (grid_sample, colours by
formulas), which cost it less than torchvision's image by image. This program's step is the difference between a longer and a shorter
training on images without labels; the three are measured in turn, several times, and medians are compared.

`small`: the time that an encoder's training and an attack on all its training images take, and how well its embeddings tell the
classes of the test images, beside raw pixels and the network before training.
"""

import gzip
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn import functional as F

BATCH, IMAGES, ROUNDS = 256, 2560, 3
PROGRAM = os.environ["UAE"]


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        plain = stride == 1 and inputs == outputs
        self.shortcut = nn.Sequential() if plain else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x))


def networks(kind, width=16):
    code, channels = 8 * width, 3
    layers = []
    if kind == "convnet":
        for block in range(4):
            layers += [nn.Conv2d(channels, width << block, 3, padding=1, bias=False),
                       nn.BatchNorm2d(width << block), nn.ReLU(), nn.MaxPool2d(2)]
            channels = width << block
        projector = [nn.Linear(code, code), nn.ReLU(), nn.Linear(code, 64)]
    else:
        layers = [nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
        for block in range(8):
            outputs = width << (block // 2)
            layers.append(Block(channels, outputs, 2 if block > 0 and block % 2 == 0 else 1))
            channels = outputs
        projector = [nn.Linear(code, code), nn.BatchNorm1d(code), nn.ReLU(), nn.Linear(code, code),
                     nn.BatchNorm1d(code), nn.ReLU(), nn.Linear(code, 128), nn.BatchNorm1d(128)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), nn.Sequential(*projector)


LUMA = torch.tensor([0.2989, 0.587, 0.114]).view(1, 3, 1, 1)
YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.321], [0.211, -0.523, 0.311]])


def grey(x):
    return (x * LUMA).sum(1, keepdim=True)


def views(x):
    n = len(x)
    area, aspect = torch.empty(n).uniform_(0.08, 1), torch.exp(torch.empty(n).uniform_(-0.2877, 0.2877))
    w, h = (area * aspect).sqrt().clamp(max=1), (area / aspect).sqrt().clamp(max=1)
    place = torch.zeros(n, 2, 3)
    place[:, 0, 0] = w * torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    place[:, 1, 1] = h
    place[:, 0, 2], place[:, 1, 2] = (torch.rand(n) * 2 - 1) * (1 - w), (torch.rand(n) * 2 - 1) * (1 - h)
    x = F.grid_sample(x, F.affine_grid(place, list(x.shape), align_corners=False), align_corners=False,
                      padding_mode="reflection")

    def factor():
        return torch.empty(n, 1, 1, 1).uniform_(0.6, 1.4)

    y = (x * factor()).clamp(0, 1)
    f = factor()
    y = (f * y + (1 - f) * grey(y).mean((1, 2, 3), keepdim=True)).clamp(0, 1)
    f = factor()
    y = (f * y + (1 - f) * grey(y)).clamp(0, 1)
    turn = torch.empty(n).uniform_(-0.1, 0.1) * 2 * np.pi
    rotation = torch.zeros(n, 3, 3)
    rotation[:, 0, 0] = 1
    rotation[:, 1, 1] = rotation[:, 2, 2] = turn.cos()
    rotation[:, 2, 1], rotation[:, 1, 2] = turn.sin(), -turn.sin()
    y = torch.einsum("nij,njhw->nihw", torch.linalg.inv(YIQ) @ rotation @ YIQ, y).clamp(0, 1)
    x = torch.where(torch.rand(n, 1, 1, 1) < 0.8, y, x)
    return torch.where(torch.rand(n, 1, 1, 1) < 0.2, grey(x).expand_as(x), x)


def spent(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def eager(kind, images, last):
    """Seconds of a step."""
    torch.manual_seed(1)
    encoder, projector = networks(kind)
    form = torch.channels_last if last else torch.contiguous_format
    encoder = encoder.to(memory_format=form)
    parameters = list(encoder.parameters()) + list(projector.parameters())
    optimizer = torch.optim.AdamW(parameters, 2e-3)

    def step(x):
        both = torch.cat([views(x), views(x)]).contiguous(memory_format=form)
        z = F.normalize(projector(encoder(both)), dim=1)
        n = len(x)
        likeness = (z @ z.T / 0.5).masked_fill(torch.eye(2 * n, dtype=torch.bool), float("-inf"))
        loss = F.cross_entropy(likeness, torch.arange(2 * n).roll(n))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    step(images[:BATCH])
    start = spent(resource.RUSAGE_SELF)
    for first in range(0, IMAGES, BATCH):
        step(images[first:first + BATCH])
    return (spent(resource.RUSAGE_SELF) - start) / (IMAGES // BATCH)


def ours(kind, data, folder):
    """Seconds of a step."""
    seconds = []
    for epochs in (1, 3):
        out = os.path.join(folder, "model.safetensors")
        start = spent(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [PROGRAM, "train", "--dataset", data, "--range", "0,1", "--family", f"simclr-{kind}", "--code", "128",
             "--epochs", str(epochs), "--batch-size", str(BATCH), "--threads", "1", "--quiet", "--out", out],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds.append(spent(resource.RUSAGE_CHILDREN) - start)
        os.remove(out)
    return (seconds[1] - seconds[0]) / (2 * (IMAGES // BATCH))


missed = []


def note(what, measured, word, met):
    """Prints a figure beside its target."""
    print(f"{what}: {measured} ({word})  {'met' if met else 'MISSED'}", flush=True)
    if not met:
        missed.append(what)


def step():
    torch.set_num_threads(1)
    images = torch.rand(IMAGES, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    for kind in ("convnet", "resnet18"):
        found = {None: [], True: [], False: []}
        with tempfile.TemporaryDirectory() as folder:
            data = os.path.join(folder, "images.npz")
            # A fifth is held out for testing, and nothing is done with it.
            np.savez(data, x=np.concatenate([images.numpy(), images[: IMAGES // 4].numpy()]))
            for _ in range(ROUNDS):
                found[None].append(ours(kind, data, folder))
                for last in (True, False):
                    found[last].append(eager(kind, images, last))
        own = statistics.median(found[None])
        for last, bar in ((True, 1), (False, 1.3)):
            ratio = statistics.median(found[last]) / own
            note(f"simclr-{kind}, a step of {BATCH} images beside PyTorch {'with channels last' if last else 'as it is by default'}",
                 f"{own:.3f} s, {ratio:.2f} times as fast", f"≥ {bar}", ratio >= bar)


def run(*words):
    """What a command says in JSON, and its seconds."""
    start = time.perf_counter()
    done = subprocess.run([PROGRAM, *map(str, words), "--quiet", "--json"], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"uae {words[0]}: no result")
    return json.loads(done.stdout), time.perf_counter() - start


def cifar10(name):
    """Images [n, 3, 32, 32] in [0, 1] and labels of one of the published binary files."""
    path = pathlib.Path(os.environ["UAE_DATA"]) / f"cifar10/{name}.bin.gz"
    rows = np.frombuffer(gzip.open(path).read(), np.uint8).reshape(-1, 3073)
    return torch.from_numpy(rows[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255), torch.from_numpy(rows[:, 0].astype(np.int64))


def judged(train, y, test, z):
    """The shares of test rows that 10 neighbours, weighted by exp(cosine / 0.1), and a logistic regression tell right."""
    a, b = F.normalize(train, dim=1), F.normalize(test, dim=1)
    likeness, nearest = (b @ a.T).topk(10, dim=1)
    votes = torch.zeros(len(b), 10).scatter_add_(1, y[nearest], (likeness / 0.1).exp())
    scale = StandardScaler().fit(train)
    with warnings.catch_warnings():
        # Raw pixels are not worth the iterations that they would take to the end.
        warnings.simplefilter("ignore")
        head = LogisticRegression(max_iter=100).fit(scale.transform(train), y)
    return (votes.argmax(1) == z).double().mean().item(), head.score(scale.transform(test), z)


def small():
    (x, y), (t, z) = cifar10("data_batch_1"), cifar10("test_batch")
    torch.manual_seed(1)
    encoder = networks("convnet")[0]
    with torch.no_grad():
        # In training mode, so that its batch norms know the images.
        for part in x.split(BATCH):
            encoder(part)
        encoder.eval()
        before = [torch.cat([encoder(part) for part in images.split(BATCH)]) for images in (x, t)]
    others = {
        "raw pixels": judged(x.flatten(1), y, t.flatten(1), z), "the network before training": judged(before[0], y, before[1], z)}
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = os.path.join(folder, "encoder.safetensors")
        _, seconds = run("train", "--dataset", "cifar10", "--limit", 10_000, "--family", "simclr-convnet", "--code", 128, "--epochs", 15,
                         "--batch-size", BATCH, "--out", checkpoint)
        note("15 passes over 10,000 images", f"{seconds / 60:.1f} min", "≤ 8", seconds <= 480)
        quality, _ = run("evaluate", "--checkpoint", checkpoint, "--dataset", "cifar10", "--limit", 10_000)
        for index, (figure, name, bar) in enumerate((("knn10", "10 neighbours", 0.44), ("linear", "a linear head", 0.51))):
            share = quality[figure]
            note(f"classes told by {name}", f"{100 * share:.1f} %", f"≥ {100 * bar:.0f}", share >= bar)
            for other, shares in others.items():
                gain = 100 * (share - shares[index])
                note(f"  above {other}, {100 * shares[index]:.1f} %", f"{gain:.1f} points", "≥ 6", gain >= 6)
        found, seconds = run(
            "attack", "--checkpoint", checkpoint, "--dataset", "cifar10", "--limit", 10_000, "--criterion", "contrastive", "--kappa", 0.05,
            "--sigma", 0.03, "--alpha", 0.5, "--iterations", 24, "--out", os.path.join(folder, "views"))
        note(f"10,000 images attacked, success {100 * found['successRate']:.1f} %", f"{seconds / 60:.1f} min", "≤ 6", seconds <= 360)


stages = {"step": step, "small": small}
for name in sys.argv[1:] or stages:
    if name not in stages:
        sys.exit(f"there is no stage '{name}'; there are {', '.join(stages)}")
    stages[name]()
sys.exit(1 if missed else 0)
