"""A model as a file of torch.export, where that says all of it and the program reads such files."""

import contextlib
import functools
import io
import logging
import os
import subprocess


@functools.lru_cache(maxsize=None)
def reads_exports(program):
    """Whether the program reads .pt2 files, by its own help."""
    help = subprocess.run([program, "attack", "--help"], capture_output=True, text=True).stdout
    return ".pt2" in help


def exported(model, x, values, program, folder, required=False):
    """The path of the model as a .pt2 file, or None where it cannot be one.

    An export forgets custom derivatives, so it is taken only where it gives the model's own values and gradients.
    """
    try:
        import torch
    except ImportError:
        torch = None
    if torch is None or not isinstance(model, torch.nn.Module) or not reads_exports(program):
        if required:
            raise RuntimeError("via='export' needs a torch.nn.Module, and a program that reads .pt2 files")
        return None
    parameter = next(iter(model.parameters()), torch.zeros(1))
    few = torch.from_numpy(values[:2]).to(parameter.device, parameter.dtype)
    if len(few) == 1:
        few = torch.cat([few, few])
    try:
        with quiet():
            program_of = torch.export.export(model, (few,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
        if not same(torch, model, program_of.module(), few):
            raise RuntimeError("the exported program has other values or gradients than the model")
        path = os.path.join(folder, "model.pt2")
        torch.export.save(program_of, path)
        return path
    except Exception:
        if required:
            raise
        return None


@contextlib.contextmanager
def quiet():
    """PyTorch prints whole graphs of a model that it cannot export; whoever gets the oracle instead need not read them."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(before)


def same(torch, one, other, few):
    def both(function):
        x = few.clone().requires_grad_()
        y = function(x.clone())
        if not torch.is_tensor(y):
            raise RuntimeError("only models of one output are exported")
        weights = torch.arange(y.numel(), dtype=y.dtype, device=y.device).reshape(y.shape).cos()
        return y, torch.autograd.grad(y, x, weights)[0]

    return all(torch.allclose(a, b, rtol=1e-4, atol=1e-6) for a, b in zip(both(one), both(other)))
