"""Exports models by PyTorch, and writes what eager PyTorch makes of a few batches: values, and gradients of the input.

    python models.py FOLDER [all] [large]

Of each model NAME: NAME.pt2, NAME.pt (TorchScript, where it can be traced) and NAME.safetensors with, for each batch size B,
xB, the outputs yB.0 and so on, the weights wB of the first output's elements and the gradient gB. With `all` also models
of timm, torchvision, transformers and diffusers with random weights, as far as these packages are installed; with `large`
also one of 100 MB.
`Tests/CommandTests/ExportedModelTests.swift` compares.
"""
import sys
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
models = {}


def model(shape, *, train=False, dynamic=True, batches=(1, 3, 64), name=None):
    def add(make):
        models[name or make.__name__] = (make, shape, train, dynamic, batches)
        return make
    return add


@model((28 * 28,))
def mlp():
    return nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 784), nn.Sigmoid())


def autoencoder():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.2),
        nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.LeakyReLU(0.1),
        nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1), nn.BatchNorm2d(8), nn.ELU(), nn.Dropout2d(0.2),
        nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1), nn.Sigmoid())


model((1, 28, 28), name="conv_autoencoder")(autoencoder)
model((1, 28, 28), name="conv_autoencoder_in_training", train=True)(autoencoder)
model((1, 28, 28), name="conv_autoencoder_of_eight", dynamic=False, batches=(8,))(autoencoder)


class Block(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True),
                               nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o))
        self.b = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o)) if stride > 1 or i != o else None

    def forward(self, x):
        return F.relu(self.a(x) + (x if self.b is None else self.b(x)), inplace=True)


@model((3, 32, 32))
def resnet18():
    widths = [16, 16, 32, 32, 64, 64, 128, 128]
    blocks = [Block(([16] + widths)[i], w, 2 if i in (2, 4, 6) else 1) for i, w in enumerate(widths)]
    return nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True), *blocks,
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))


@model((3, 32, 32))
class unet(nn.Module):
    def __init__(self):
        super().__init__()
        def pair(i, o):
            return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.GroupNorm(4, o), nn.SiLU(inplace=True))
        self.a, self.b, self.c = pair(3, 8), pair(8, 16), pair(16, 16)
        self.d, self.e = pair(32, 8), nn.Conv2d(16, 3, 1)

    def forward(self, x):
        a = self.a(x)
        b = self.b(F.max_pool2d(a, 2))
        c = F.interpolate(self.c(F.avg_pool2d(b, 2)), scale_factor=2, mode="bilinear", align_corners=False)
        d = F.interpolate(self.d(torch.cat([c, b], 1)), size=x.shape[-2:], mode="nearest")
        return self.e(torch.cat([d, a], 1))


@model((784,))
class vae_mean(nn.Module):
    def __init__(self):
        super().__init__()
        self.e, self.m, self.v, self.d = nn.Linear(784, 64), nn.Linear(64, 8), nn.Linear(64, 8), nn.Linear(8, 784)

    def forward(self, x):
        h = F.gelu(self.e(x))
        mean, log_variance = self.m(h), self.v(h).clamp(-5, 5)
        return {"recon": torch.sigmoid(self.d(mean)), "code": (mean, log_variance.exp() * 0.5)}


@model((3, 32, 32))
class vit(nn.Module):
    def __init__(self):
        super().__init__()
        self.p = nn.Conv2d(3, 32, 8, 8)
        self.t = nn.Parameter(torch.randn(1, 1, 32))
        self.s = nn.Parameter(torch.randn(1, 17, 32))
        self.l = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True, norm_first=True, activation="gelu")
        self.n, self.h = nn.LayerNorm(32), nn.Linear(32, 10)

    def forward(self, x):
        x = self.p(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.t.expand(x.shape[0], -1, -1), x], 1) + self.s
        return self.h(self.n(self.l(x))[:, 0])


@model((12, 16))
class attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(16, 48)

    def forward(self, x):
        q, k, v = self.q(x).view(x.shape[0], 12, 3, 2, 8).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return y.transpose(1, 2).reshape(x.shape[0], 12 * 16)


@model((12, 16))
class multihead(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.MultiheadAttention(16, 4, batch_first=True, dropout=0.1)

    def forward(self, x):
        return self.a(x, x, x, need_weights=True)


@model((20, 4))
class gru(nn.Module):
    def __init__(self):
        super().__init__()
        self.r, self.o = nn.GRU(4, 16, 2, batch_first=True, bidirectional=True, dropout=0.1), nn.Linear(32, 4)

    def forward(self, x):
        return self.o(self.r(x)[0])


@model((20, 4))
class lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.r, self.o = nn.LSTM(4, 16, batch_first=True), nn.Linear(16, 5)

    def forward(self, x):
        return self.o(self.r(x)[1][0][-1])


@model((3, 16, 16))
class norms(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 8, 3, padding="same", padding_mode="reflect"))
        self.s = nn.utils.parametrizations.spectral_norm(nn.Conv2d(8, 8, 3))
        self.i, self.g, self.p = nn.InstanceNorm2d(8, affine=True), nn.GroupNorm(2, 8), nn.PReLU()

    def forward(self, x):
        return self.g(self.p(self.s(self.i(self.c(x)))))


@model((1, 16, 16))
class indexing(nn.Module):
    def forward(self, x):
        n = x.shape[0]
        y = x.view(n, 16, 16)[:, ::2, [0, 3, 5]] * 0.5 + torch.arange(3) * 0.25
        z = torch.where(y > 0.4, y, y * y)
        with torch.no_grad():
            scale = x.mean((1, 2, 3)).reshape(n, 1, 1)
        parts = torch.split(z, 3, 1)
        return (z - scale.detach()).clone(), torch.stack([p.sum((1, 2)) for p in parts], 1), -parts[0].amax(2)


@model((8,))
class branches(nn.Module):
    def forward(self, x):
        y = torch.cond(x.sum() > 4 * x.shape[0], lambda a: a.sin(), lambda a: (a * 2).cos(), (x,))
        with torch.autocast("cpu", enabled=False):
            return y @ y.new_ones(8, 3).float() * (x.shape[0] // 2 + 1)


@model((2, 64))
class signal(nn.Module):
    def __init__(self):
        super().__init__()
        self.c, self.t = nn.Conv1d(2, 4, 5, dilation=2, groups=2), nn.ConvTranspose1d(4, 2, 4, 2, output_padding=1)

    def forward(self, x):
        y = torch.fft.rfft(x).abs()
        z = F.pad(self.t(F.max_pool1d(self.c(x), 2)), (1, 2), mode="replicate")
        return F.softplus(z), F.log_softmax(y, -1), torch.einsum("bci,bcj->bij", x[..., :4], x[..., 4:9])


@model((6, 6))
class mixed(nn.Module):
    """In-place work on views, types and a buffer that is not saved."""

    def __init__(self):
        super().__init__()
        self.register_buffer("table", torch.randn(6), persistent=False)
        self.register_buffer("count", torch.zeros((), dtype=torch.long))

    def forward(self, x):
        y = x * self.table.clone().add_(1)
        y[:, 0] = 0
        y[:, 1].mul_(2)
        z = y.double().cumsum(1).to(torch.float32)
        return torch.topk(z, 2, -1).values.flatten(1), z.triu().half().float(), y.std(1, unbiased=False)


@model((3, 16, 16))
class vector_quantized(nn.Module):
    def __init__(self):
        super().__init__()
        self.e, self.d = nn.Conv2d(3, 4, 4, 4), nn.ConvTranspose2d(4, 3, 4, 4)
        self.codes = nn.Embedding(16, 4)

    def forward(self, x):
        z = self.e(x).permute(0, 2, 3, 1)
        nearest = torch.cdist(z.reshape(-1, 4), self.codes.weight).argmin(1)
        q = self.codes(nearest).view(z.shape)
        q = z + (q - z).detach()
        return self.d(q.permute(0, 3, 1, 2)), F.one_hot(nearest, 16).float().mean(0)


def large():
    """A program whose weights have 100 MB."""
    model((4, 512), batches=(3,), name="large")(lambda: nn.TransformerEncoder(
        nn.TransformerEncoderLayer(512, 8, 2048, batch_first=True, norm_first=True), 8, enable_nested_tensor=False))


def with_torchvision():
    """Makes torchvision importable where its wheel is one for CUDA and PyTorch is not: no model here calls its own operators."""
    try:
        import torchvision
    except RuntimeError:
        for name in [name for name in sys.modules if name.startswith("torchvision")]:
            del sys.modules[name]
        for name in ["nms", "qnms"]:
            torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    except ImportError:
        pass


def families():
    """Networks of others' packages, with random weights."""
    with_torchvision()
    # Small pictures, so that a batch of 64 with its gradient is a matter of seconds.
    timm_sizes = {
        "resnet10t": None, "mobilevit_xxs": None, "mixer_s32_224": 64, "convnext_atto": None, "vit_tiny_patch16_224": 64,
        "xcit_nano_12_p16_224": None, "levit_128s": 64, "deit_tiny_patch16_224": 64, "swin_tiny_patch4_window7_224": 112,
        "efficientnet_b0": None, "regnetx_002": None, "mobilenetv3_small_050": None, "poolformer_s12": None,
        "ghostnet_050": None, "edgenext_xx_small": None, "nf_resnet26": None, "cait_xxs24_224": 64}
    wanted = {
        "torchvision": ["resnet18", "densenet121", "squeezenet1_1", "shufflenet_v2_x0_5", "mobilenet_v2", "mnasnet0_5",
                        "googlenet", "efficientnet_v2_s"],
    }
    try:
        import timm
        for name, size in timm_sizes.items():
            keywords = {} if size is None else {"img_size": size}
            model((3, size or 64, size or 64), name="timm_" + name)(
                lambda name=name, keywords=keywords: timm.create_model(name, pretrained=False, **keywords))
    except (ImportError, RuntimeError) as error:
        print(error, file=sys.stderr)
    try:
        import torchvision
        for name in wanted["torchvision"]:
            keywords = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
            model((3, 64, 64), name="torchvision_" + name)(
                lambda name=name, keywords=keywords: torchvision.models.get_model(name, weights=None, **keywords))
    except (ImportError, RuntimeError) as error:
        print(error, file=sys.stderr)
    try:
        import transformers as t
        small = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, image_size=32)
        vision = {
            "vit": lambda: t.ViTModel(t.ViTConfig(patch_size=8, **small)),
            "dinov2": lambda: t.Dinov2Model(t.Dinov2Config(patch_size=8, **small)),
            "beit": lambda: t.BeitModel(t.BeitConfig(patch_size=8, **small)),
            "clip": lambda: t.CLIPVisionModel(t.CLIPVisionConfig(patch_size=8, **small)),
            "siglip": lambda: t.SiglipVisionModel(t.SiglipVisionConfig(patch_size=8, **small)),
            "resnet": lambda: t.ResNetModel(t.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1])),
            "convnextv2": lambda: t.ConvNextV2Model(t.ConvNextV2Config(hidden_sizes=[8, 16, 24, 32], depths=[1] * 4)),
            "segformer": lambda: t.SegformerForImageClassification(t.SegformerConfig(
                hidden_sizes=[8, 16, 16, 32], depths=[1] * 4, num_attention_heads=[1, 1, 2, 4])),
        }
        for name, make in vision.items():
            model((3, 32, 32), name="transformers_" + name)(make)
    except (ImportError, RuntimeError) as error:
        print(error, file=sys.stderr)
    try:
        import diffusers
        model((3, 32, 32), name="diffusers_vq")(lambda: diffusers.VQModel(
            block_out_channels=(16,), norm_num_groups=4, num_vq_embeddings=16))
    except (ImportError, RuntimeError) as error:
        print(error, file=sys.stderr)


class Tensors(nn.Module):
    """A model that gives tensors alone, such as those of transformers' outputs."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        y = self.inner(x)
        return tuple(v for v in y.values() if isinstance(v, torch.Tensor)) if hasattr(y, "to_tuple") else y


def flat(y):
    return [t for t in torch.utils._pytree.tree_leaves(y) if isinstance(t, torch.Tensor)]


def write(folder, name):
    make, shape, train, dynamic, batches = models[name]
    torch.manual_seed(len(name))
    net = make()
    if name.startswith(("transformers", "diffusers")):
        net = Tensors(net)
    # Running statistics that are not those of a fresh network.
    for module in net.modules():
        if getattr(module, "running_mean", None) is not None:
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    net.eval()
    size = 4 if dynamic else batches[0]
    example = (torch.rand(size, *shape),)
    arrays = {}
    for batch in batches:
        x = torch.rand(batch, *shape).requires_grad_()
        outputs = flat(net(x.clone()))
        weights = torch.rand_like(outputs[0])
        gradient, = torch.autograd.grad(outputs[0], [x], weights)
        arrays |= {f"x{batch}": x.detach(), f"w{batch}": weights, f"g{batch}": gradient}
        arrays |= {f"y{batch}.{i}": y.detach() for i, y in enumerate(outputs)}
    sizes = ({0: torch.export.Dim.DYNAMIC},) if dynamic else None
    net.train(train)
    program = torch.export.export(net, example, dynamic_shapes=sizes)
    torch.export.save(program, folder / f"{name}.pt2")
    net.eval()
    try:
        if len(flat(net(example[0]))) == 1:
            with torch.no_grad():
                traced = torch.jit.trace(net, example)
            traced.save(folder / f"{name}.pt")
    except Exception as error:
        print(f"{name} has no TorchScript: {str(error).splitlines()[0][:80]}", file=sys.stderr)
    save_file({key: value.contiguous().clone() for key, value in arrays.items()}, folder / f"{name}.safetensors")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if "all" in sys.argv[2:]:
        families()
    if "large" in sys.argv[2:]:
        large()
    for name in models:
        try:
            write(folder, name)
            print(name, flush=True)
        except Exception as error:
            print(f"{name} cannot be exported: {str(error).splitlines()[0][:120]}", file=sys.stderr, flush=True)
