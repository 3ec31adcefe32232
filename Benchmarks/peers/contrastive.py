"""A step of contrastive training, views included, by this program and by PyTorch eager: one thread, processor seconds.

    python Benchmarks/peers/contrastive.py path/to/uae [convnet|resnet18]

Both have the same network, batch, loss and optimiser; PyTorch's views are the usual ones of batched tensors (grid_sample, colours by
formulas), which cost it less than torchvision's image by image. This program's step is the difference between a longer and a shorter
training on images without labels; the three are measured in turn, several times, and medians are printed.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

BATCH, IMAGES, ROUNDS = 256, 2560, 3


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


def ours(program, kind, data, folder):
    """Seconds of a step."""
    seconds = []
    for epochs in (1, 3):
        out = os.path.join(folder, "model.safetensors")
        start = spent(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [program, "train", "--dataset", data, "--range", "0,1", "--family", f"simclr-{kind}", "--code", "128",
             "--epochs", str(epochs), "--batch-size", str(BATCH), "--threads", "1", "--quiet", "--out", out],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds.append(spent(resource.RUSAGE_CHILDREN) - start)
        os.remove(out)
    return (seconds[1] - seconds[0]) / (2 * (IMAGES // BATCH))


def main():
    program, kind = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "convnet"
    torch.set_num_threads(1)
    images = torch.rand(IMAGES, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    found = {"uae": [], "PyTorch, channels last": [], "PyTorch, its default layout": []}
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "images.npz")
        # A fifth is held out for testing, and nothing is done with it.
        np.savez(data, x=np.concatenate([images.numpy(), images[: IMAGES // 4].numpy()]))
        for _ in range(ROUNDS):
            found["uae"].append(ours(program, kind, data, folder))
            found["PyTorch, channels last"].append(eager(kind, images, True))
            found["PyTorch, its default layout"].append(eager(kind, images, False))
    own = statistics.median(found["uae"])
    for name, seconds in found.items():
        middle = statistics.median(seconds)
        print(f"{name:28} {BATCH / middle:6.0f} images/s  {middle / own:5.2f} times uae's step  "
              f"({', '.join(f'{s:.3f}' for s in seconds)} s a step)")


main()
