"""Models of several kinds, as the protocol asks them."""

import numpy as np

KINDS = ("reconstruction", "logits", "embedding", "loss")


def subject_of(model, gives=None, shape=None, output=None):
    """What answers for a model: a PyTorch module or function, or an object with NumPy methods of the protocol's names."""
    if gives is not None and gives not in KINDS:
        raise ValueError(f"gives is {gives!r}; it must be one of {', '.join(KINDS)}")
    if hasattr(model, "pull") or hasattr(model, "loss_and_gradient"):
        return ArraySubject(model, gives, shape)
    if not callable(model):
        raise TypeError(
            f"{type(model).__name__} is no model: give a torch.nn.Module, a function of tensors, or an object with "
            "outputs(x) and pull(x, gradient), or loss_and_gradient(x, original), on arrays")
    return TorchSubject(model, gives, shape, output)


class ArraySubject:
    """A model that computes on NumPy arrays, with its own derivative."""

    def __init__(self, model, gives, shape):
        self.model = model
        self.gives = gives or ("loss" if hasattr(model, "loss_and_gradient") else None)
        self.shape = shape
        self.kept = {}

    def _own(self, x):
        x = np.array(x)
        return x if self.shape is None else x.reshape(len(x), *self.shape)

    def values(self, x, original):
        if self.gives == "loss":
            return self.model.loss_and_gradient(self._own(x), self._own(original))[0]
        return self.model.outputs(self._own(x))

    def outputs(self, call, x):
        y = np.asarray(self.model.outputs(self._own(x)))
        keep(self.kept, call, y.shape)
        return y

    def pull(self, call, x, read):
        x = self._own(x)
        shape = self.kept.pop(call, None) or np.asarray(self.model.outputs(x)).shape
        return self.model.pull(x, np.array(read(shape)))

    def loss(self, x, original):
        return self.model.loss_and_gradient(self._own(x), self._own(original))


class TorchSubject:
    """A PyTorch module or function; tensors go where its parameters are."""

    def __init__(self, model, gives, shape, output):
        import torch

        self.torch = torch
        self.model = model
        self.gives = gives
        self.shape = shape
        self.output = output
        self.kept = {}
        parameter = next(iter(model.parameters()), None) if hasattr(model, "parameters") else None
        self.device = "cpu" if parameter is None else parameter.device
        self.dtype = torch.float32 if parameter is None or not parameter.dtype.is_floating_point else parameter.dtype

    def _tensor(self, x):
        x = self.torch.from_numpy(np.array(x))
        if self.shape is not None:
            x = x.reshape(len(x), *self.shape)
        return x.to(self.device, self.dtype)

    def _array(self, y):
        return y.detach().to("cpu", self.torch.float32).numpy()

    def _call(self, x, *originals):
        return chosen(self.model(x, *originals) if originals else self.model(x), self.output, x, self.torch)

    def _losses(self, x, original):
        import inspect

        function = self.model.forward if hasattr(self.model, "forward") else self.model
        takes_two = len([
            p for p in inspect.signature(function).parameters.values()
            if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]) > 1
        losses = self._call(x, original) if takes_two else self._call(x)
        if losses.numel() != len(x):
            raise ValueError(f"the loss has shape {tuple(losses.shape)} for {len(x)} samples; it is one value a sample")
        return losses.reshape(-1)

    def values(self, x, original):
        with self.torch.no_grad():
            x = self._tensor(x)
            return self._array(self._losses(x, self._tensor(original)) if self.gives == "loss" else self._call(x))

    def outputs(self, call, x):
        with self.torch.enable_grad():
            x = self._tensor(x).requires_grad_()
            # A model that works in place must not be given the leaf itself.
            y = self._call(x.clone())
        keep(self.kept, call, (x, y))
        return self._array(y)

    def pull(self, call, x, read):
        if call not in self.kept:
            self.outputs(call, x)
        x, y = self.kept.pop(call)
        gradient = self.torch.from_numpy(np.array(read(tuple(y.shape)))).to(y.device, y.dtype)
        return self._array(self._gradient(y, x, gradient))

    def loss(self, x, original):
        with self.torch.enable_grad():
            x = self._tensor(x).requires_grad_()
            losses = self._losses(x.clone(), self._tensor(original))
        return self._array(losses), self._array(self._gradient(losses.sum(), x, None))

    def _gradient(self, y, x, weights):
        if not y.requires_grad:
            # What is constant has a gradient of zeros; the program finds that and says so.
            return self.torch.zeros_like(x)
        found = self.torch.autograd.grad(y, x, weights, allow_unused=True)[0]
        return self.torch.zeros_like(x) if found is None else found


def keep(kept, call, value):
    """Keeps what a later question may need, of the last few calls."""
    kept[call] = value
    while len(kept) > 32:
        kept.pop(next(iter(kept)))


def chosen(result, output, x, torch):
    """The tensor that is meant: the one named, else the first of a sample's size, else the first."""
    if torch.is_tensor(result):
        return result
    if hasattr(result, "items"):
        named = dict(result.items())
    elif isinstance(result, (tuple, list)):
        named = dict(enumerate(result))
    else:
        raise TypeError(f"the model returns {type(result).__name__}; return a tensor, or several in a tuple or dictionary")
    if output is not None:
        if output not in named:
            raise KeyError(f"there is no output {output!r}; there are {list(named)}")
        return named[output]
    tensors = [value for value in named.values() if torch.is_tensor(value)]
    if not tensors:
        raise TypeError("the model returns no tensor")
    return next((y for y in tensors if y.numel() == x.numel()), tensors[0])
