"""Writes contrastive.npz: lightly's NTXentLoss, torchvision's transforms and the LARS of google-research/simclr.

pip install torch torchvision lightly numpy; then run this file.
"""

import pathlib

import numpy as np
import torch
import torchvision
from lightly.loss import NTXentLoss
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as T

out = {}
generator = np.random.default_rng(18)

# NT-Xent: value and gradient for a few sizes and temperatures.
for n, d in [(1, 3), (2, 5), (7, 16), (64, 128)]:
    for t in [0.01, 0.1, 0.5, 10.0]:
        a = torch.tensor(generator.normal(size=(n, d)), requires_grad=True)
        b = torch.tensor(generator.normal(size=(n, d)), requires_grad=True)
        loss = NTXentLoss(temperature=t)(a, b)
        loss.backward()
        key = f"ntxent_{n}_{d}_{t:g}"
        out[key] = np.array([loss.item()])
        if d <= 16:
            out |= {f"{key}_a": a.detach().numpy(), f"{key}_b": b.detach().numpy(), f"{key}_grad": a.grad.numpy()}
        else:
            # Float32 keeps the file small; the loss is that of these numbers.
            a, b = a.detach().to(torch.float32), b.detach().to(torch.float32)
            out |= {f"{key}_a": a.numpy(), f"{key}_b": b.numpy()}
            out[key] = np.array([NTXentLoss(temperature=t)(a.double(), b.double()).item()])

# Views, at fixed parameters.
x = torch.tensor(generator.random((4, 3, 12, 10)), dtype=torch.float32)
x[0, 1] = x[0, 0]
x[0, 2] = x[0, 0]  # a grey image
x[1, :, :3] = 1.0
out["x"] = x.numpy()
factors = [0.6, 1.4, 0.93, 1.2]
turns = [0.1, -0.1, 0.03, -0.5]


def each(function, amounts):
    return torch.stack([function(i, a) for i, a in zip(x, amounts)]).numpy()


out["brightness"] = each(T.adjust_brightness, factors)
out["contrast"] = each(T.adjust_contrast, factors)
out["saturation"] = each(T.adjust_saturation, factors)
out["hue"] = each(T.adjust_hue, turns)
out["grey"] = T.rgb_to_grayscale(x, num_output_channels=3).numpy()
out["one_contrast"] = torch.stack([T.adjust_contrast(i[:1], a) for i, a in zip(x, factors)]).numpy()
boxes = [(0, 0, 12, 10), (3, 2, 5, 4), (7, 0, 5, 10), (11, 9, 1, 1)]
flips = [False, True, False, True]
for mode in ["bilinear", "bicubic"]:
    views = []
    for image, box, flip in zip(x, boxes, flips):
        view = T.resized_crop(image, *box, [12, 10], InterpolationMode[mode.upper()], antialias=True)
        views.append(T.horizontal_flip(view) if flip else view)
    out[f"crop_{mode}"] = torch.stack(views).numpy()
order = torch.stack(
    [
        T.adjust_hue(T.adjust_saturation(T.adjust_contrast(T.adjust_brightness(x[0], 1.3), 0.7), 1.2), 0.05),
        T.adjust_brightness(T.adjust_hue(T.adjust_contrast(T.adjust_saturation(x[1], 0.65), 1.35), -0.08), 0.8),
        x[2],
        T.rgb_to_grayscale(T.adjust_contrast(T.adjust_brightness(T.adjust_saturation(T.adjust_hue(x[3], 0.02), 1.1), 0.9), 1.3), 3),
    ]
)
out["order"] = order.numpy()

# LARS as in lars_optimizer.py (classic momentum), with a linear warm-up over 10 steps.
weights = [generator.normal(size=(4, 3)), np.zeros((2, 2)), generator.normal(size=3)]
out |= {f"lars_w{i}": w for i, w in enumerate(weights)}
gradients = [[generator.normal(size=w.shape) for w in weights] for _ in range(50)]
for i in range(3):
    out[f"lars_g{i}"] = np.stack([g[i] for g in gradients])
velocity = [np.zeros_like(w) for w in weights]
trace = [[], [], []]
weights = [w.copy() for w in weights]
for step, step_gradients in enumerate(gradients):
    rate = 0.8 * min(1.0, (step + 1) / 10)
    for i, (w, g) in enumerate(zip(weights, step_gradients)):
        trust = 1.0
        if w.ndim > 1:
            g = g + 1e-2 * w
            w_norm, g_norm = np.linalg.norm(w), np.linalg.norm(g)
            trust = 0.001 * w_norm / g_norm if w_norm > 0 and g_norm > 0 else 1.0
        velocity[i] = 0.9 * velocity[i] + rate * trust * g
        weights[i] = w - velocity[i]
        trace[i].append(weights[i])
for i in range(3):
    out[f"lars_t{i}"] = np.stack(trace[i])

# ResNet-18 with the stem for small images: torchvision's, with weights by a formula (`filled` in the tests).
def filled(shape, number, scale, middle=0.0):
    places = np.arange(np.prod(shape), dtype=np.float64)
    values = middle + scale * (2 * (np.sin(0.37 * places + 1.3 * number) * 437.58 % 1) - 1)
    return torch.tensor(values.reshape(shape), dtype=torch.float32)


net = torchvision.models.resnet18(num_classes=10)
net.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False)
net.maxpool = net.fc = torch.nn.Identity()
with torch.no_grad():
    for number, p in enumerate(net.parameters()):
        if p.ndim == 4:
            p.copy_(filled(p.shape, number, (6 / (p.shape[1] * p.shape[2] * p.shape[3])) ** 0.5))
        else:
            p.copy_(filled(p.shape, number, 0.1, 1.0 if number % 3 == 1 else 0.0))
x = filled((4, 3, 16, 16), 99, 0.5, 0.5)
net.train()
y = net(x)
(y * filled(y.shape, 100, 1.0)).sum().backward()
out |= {
    "resnet_count": np.array([sum(p.numel() for p in net.parameters())]),
    "resnet_train": y.detach().numpy(),
    "resnet_grad": net.conv1.weight.grad.numpy(),
    "resnet_mean": net.layer4[1].bn2.running_mean.numpy(),
    "resnet_var": net.layer4[1].bn2.running_var.numpy(),
}
net.eval()
out["resnet_eval"] = net(x).detach().numpy()

np.savez_compressed(pathlib.Path(__file__).parent / "contrastive.npz", **out)
