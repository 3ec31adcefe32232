"""Algorithm 1 with per-sample MINE, and the search for far examples, as one writes them in PyTorch from the formulas:
autograd throughout, torch.optim.Adam, LibTorch's operators. `batch` samples advance together; with batch 1 it is one
sample at a time."""

import math

import torch
import torch.nn.functional as F


class ConvolutionalAutoencoder(torch.nn.Module):
    """The convolutional autoencoder of the paper's Table 4, with the parameters that `uae export` wrote."""

    def __init__(self, parameters):
        super().__init__()
        names = {"encoder.0": "c1", "encoder.1": "c2", "decoder.0": "c3", "decoder.1": "c4", "decoder.2": "c5"}
        for name, short in names.items():
            weight, bias = parameters[name + ".weight"], parameters[name + ".bias"]
            layer = torch.nn.Conv2d(weight.shape[1], weight.shape[0], 5, padding=2)
            layer.weight.data, layer.bias.data = weight.clone(), bias.clone()
            setattr(self, short, layer)

    def forward(self, x):
        h = F.max_pool2d(F.relu(self.c1(x)), 2)
        h = F.max_pool2d(F.relu(self.c2(h)), 2)
        h = F.interpolate(F.relu(self.c3(h)), scale_factor=2)
        h = F.interpolate(F.relu(self.c4(h)), scale_factor=2)
        return torch.sigmoid(self.c5(h))


class DenseAutoencoder(torch.nn.Module):
    """The dense autoencoder of the paper's Table 4."""

    def __init__(self, parameters):
        super().__init__()
        for name in ["encoder", "decoder"]:
            weight, bias = parameters[name + ".weight"], parameters[name + ".bias"]
            layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
            layer.weight.data, layer.bias.data = weight.clone(), bias.clone()
            setattr(self, name, layer)

    def forward(self, x):
        return torch.sigmoid(self.decoder(torch.sigmoid(self.encoder(x.flatten(1))))).view_as(x)


def donsker_varadhan(joint, marginal):
    return joint.mean(1) - marginal.logsumexp(1) + math.log(marginal.shape[1])


class Vanilla(torch.nn.Module):
    """v . relu(W_x x + W_y y + b), one network a sample: views [batch, K, D]."""

    learning_rate = 1e-3

    def __init__(self, batch, shape, hidden=16):
        super().__init__()
        size = shape[0] * shape[1]

        def uniform(limit, *shape):
            return torch.nn.Parameter((torch.rand(batch, *shape) * 2 - 1) * limit)

        self.wx, self.wy = uniform(size**-0.5, hidden, size), uniform(size**-0.5, hidden, size)
        self.b, self.v = uniform(size**-0.5, 1, hidden), uniform(hidden**-0.5, hidden, 1)

    def critic(self, x, y):
        return (torch.relu(x @ self.wx.mT + y @ self.wy.mT + self.b) @ self.v).squeeze(2)

    def forward(self, x, y, order):
        shuffled = y.gather(1, order.unsqueeze(2).expand_as(y))
        return donsker_varadhan(self.critic(x, y), self.critic(x, shuffled))


class Authors(torch.nn.Module):
    """Two linear branches of convolution 16@2x2, dense 512, dense 10; ReLU of their sum; dense 1. One sample."""

    learning_rate = 1.5e-5

    def __init__(self, batch, shape, hidden=10):
        super().__init__()
        assert batch == 1
        self.shape = shape

        def branch():
            features = 16 * (shape[0] - 1) * (shape[1] - 1)
            return torch.nn.Sequential(
                torch.nn.Conv2d(1, 16, 2), torch.nn.Flatten(), torch.nn.Linear(features, 512),
                torch.nn.Linear(512, hidden))

        self.x, self.y, self.last = branch(), branch(), torch.nn.Linear(hidden, 1, bias=False)
        for name, parameter in self.named_parameters():
            torch.nn.init.xavier_uniform_(parameter) if name.endswith("weight") else torch.nn.init.zeros_(parameter)

    def critic(self, x, y):
        return self.last(torch.relu(self.x(x) + self.y(y))).T

    def forward(self, x, y, order):
        x, y = (z[0].unflatten(1, self.shape).unsqueeze(1) for z in (x, y))
        return donsker_varadhan(self.critic(x, y), self.critic(x, y[order[0]]))


def attack(model, x, network=Vanilla, iterations=40, steps=20, alpha=0.01, beta=0.1, compiled=False):
    """x [batch, 1, h, w] to (x', success): Algorithm 1 on an autoencoder's error, from delta = 0 and c = 0."""
    first = model.c1
    with torch.no_grad():
        clean = (x - model(x)).flatten(1).norm(dim=1)
    return minmax(
        lambda z: (x - model(z)).flatten(1).norm(dim=1) - clean, lambda z: F.relu(first(z)).flatten(2), 1,
        network(len(x), x.shape[2:]), x, iterations, steps, alpha, beta, compiled)


def supervised_attack(model, x, y, iterations=1000, steps=1, alpha=0.01, beta=0.1):
    """x [batch, 1, h, w] with classes y to (x', success): Algorithm 1 for the most alike x' of another class, whose views are
    those of the classifier's first convolution."""
    first = model[0]
    size = tuple(first(x[:1]).shape[2:])

    def margin(z):
        logits = model(z)
        own = F.one_hot(y, logits.shape[1]).bool()
        return logits[own] - logits.masked_fill(own, -math.inf).amax(1)

    return minmax(
        margin, lambda z: first(z).flatten(2), -1, Vanilla(len(x), size), x, iterations, steps, alpha, beta)


def minmax(error, views, sign, mine, x, iterations, steps, alpha, beta, compiled=False):
    """Algorithm 1: makes `sign` times the information small where `error` <= 0."""
    batch = x.shape[0]
    wrap = torch.compile if compiled else (lambda f: f)
    bound, error = wrap(mine), wrap(error)
    optimizer = torch.optim.Adam(mine.parameters(), lr=mine.learning_rate, maximize=True)
    with torch.no_grad():
        x_views = views(x)

    def orders():
        return torch.rand(batch, x_views.shape[1]).argsort(1)

    def evaluate(z):
        z = z.detach().requires_grad_()
        f = error(z)
        gradient_f, = torch.autograd.grad(f.sum(), z)
        y_views = views(z)
        fixed = y_views.detach()
        for _ in range(steps):
            optimizer.zero_grad()
            bound(x_views, fixed, orders()).sum().backward()
            optimizer.step()
        information = sign * bound(x_views, y_views, orders())
        gradient_i, = torch.autograd.grad(information.sum(), z)
        return f.detach(), gradient_f, information.detach(), gradient_i

    def column(values):
        return values.view(-1, 1, 1, 1)

    c, best, least = torch.zeros(batch), x.clone(), torch.full((batch,), math.inf)
    z = x.clone()
    f, gradient_f, information, gradient_i = evaluate(z)
    for t in range(1, iterations + 1):
        z = (z - alpha * (column(c * (f > 0)) * gradient_f + gradient_i)).clamp(0, 1)
        f, gradient_f, information, gradient_i = evaluate(z)
        c = ((1 - beta / t**0.25) * c + beta * f.clamp(min=0)).clamp(min=0)
        better = (f <= 0) & (information < least) & (z != x).flatten(1).any(1)
        best = torch.where(column(better), z, best)
        least = torch.where(better, information, least)
    return best, least < math.inf


def far_attack(model, x, sigma=0.4, alpha=1.0, iterations=40, patience=20):
    """x [batch, 1, h, w] to (x', success): from noise, one normalised step an iteration, down f where it is positive,
    down the exact information -1/2 ln(1 - cos^2(x, x')) where it is not; the least information with f <= 0 is kept."""

    def column(values):
        return values.view(-1, 1, 1, 1)

    with torch.no_grad():
        clean = (x - model(x)).flatten(1).norm(dim=1)
    direction = x.flatten(1) / x.flatten(1).norm(dim=1, keepdim=True)
    best, least, stalled = x.clone(), torch.full((len(x),), math.inf), torch.zeros(len(x))
    z = (x + sigma * torch.randn_like(x)).clamp(0, 1)
    for t in range(iterations + 1):
        z = z.detach().requires_grad_()
        f = (x - model(z)).flatten(1).norm(dim=1) - clean
        cosine = torch.nn.functional.cosine_similarity(z.flatten(1), direction, dim=1)
        information = -0.5 * torch.log1p(-cosine**2)
        with torch.no_grad():
            better = (f <= 0) & (information < least) & (z != x).flatten(1).any(1)
            best, least = torch.where(column(better), z, best), torch.where(better, information, least)
            stalled = torch.where(better | (least == math.inf), 0, stalled + 1)
            awake = stalled < patience
        if t == iterations or not awake.any():
            break
        # One backward pass for both: each sample follows one of the two.
        gradient, = torch.autograd.grad(torch.where(f > 0, f, information).sum(), z)
        with torch.no_grad():
            norms = gradient.flatten(1).norm(dim=1).clamp(min=1e-30)
            step = column(awake * alpha * (1 - (t + 1) / (iterations + 1)) / norms) * gradient
            z = (z - step).clamp(0, 1)
    return best.detach(), least < math.inf
