import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from dataclasses import dataclass, field

import numpy as np

from ._export import exported
from ._protocol import Answerer
from ._subjects import subject_of


class UAEError(RuntimeError):
    """Why the program made no examples, in one line."""


@dataclass
class Result:
    """Examples, one for each of `x`: arrays of the kind and type that `x` had.

    `x`: the examples; where the attack failed, the original.
    `success`: whether each is one, by the criterion, at the values as they are here.
    `criterion`: f(x'), at most 0 for a success. `similarity`: in the similarity's own unit.
    `status`: 0 succeeded, 1 infeasible, 2 zero gradient, 3 not finite, 4 skipped.
    `distances`: by measure (`l2`, `linf`, `information`, `ssim`, `perceptual`), of values scaled to 0…1.
    `via`: "oracle", or "export" where the model was written as a .pt2 file.
    """

    x: object
    success: object
    criterion: object
    similarity: object
    status: object
    distances: dict = field(default_factory=dict)
    via: str = "oracle"

    @property
    def success_rate(self):
        return float(np.asarray(self.success).mean())


def attack(
    model, x, *, bounds=(0, 1), recipe="far-noise", seed=1, labels=None, criterion=None, gives=None, output=None,
    options=None, progress=None, threads=None, timeout=300.0, via="auto", program=None,
):
    """Looks for an adversarial example of every sample.

    `model`: a torch.nn.Module or a function of tensors; or an object with NumPy methods (see `serve`). It is put into
    evaluation mode, and back afterwards.
    `x`: `[samples, …]`, an array or a tensor. `bounds`: the least and greatest value that a sample can have.
    `recipe`: a named recipe or the path of one. `criterion`: another criterion than the recipe's, by name.
    `labels`: one class a sample, for criteria of classes. `gives`, `output`: see `serve`.
    `options`: further options of `uae attack`, such as {"solver": "pgd", "epsilon": 0.1}.
    `progress`: True for the program's own display, or a function of (done, total, success rate).
    `timeout`: seconds that one call of the model may take. `via`: "oracle", "export", or "auto" for the export where it
    gives the model's own values and gradients, else the oracle; also where the program refuses the exported file, which is
    warned of with its reason.

    Raises what the model raises; UAEError with the program's line; KeyboardInterrupt.
    """
    if via not in ("auto", "oracle", "export"):
        raise ValueError(f"via is {via!r}; it must be auto, oracle or export")
    program = program or os.environ.get("UAE") or shutil.which("uae")
    if not program:
        raise UAEError("the program uae is not on the PATH; name it by the environment's UAE")
    values, restore = as_array(x)
    if values.ndim < 2 or not len(values):
        raise ValueError(f"x has shape {values.shape}; it must be [samples, …]")
    low, high = (float(bound) for bound in bounds)
    was_training = getattr(model, "training", False)
    if hasattr(model, "eval"):
        model.eval()
    try:
        with tempfile.TemporaryDirectory(prefix="uae-") as folder:
            arrays = {"x": values} if labels is None else {"x": values, "y": as_array(labels)[0]}
            np.savez(os.path.join(folder, "x.npz"), **arrays)
            out = os.path.join(folder, "out.npz")
            command = [
                program, "attack", "--dataset", os.path.join(folder, "x.npz"), "--out", out, "--recipe", str(recipe),
                "--seed", str(seed), "--range", f"{low!r},{high!r}", "--model-range", f"{low!r},{high!r}"]
            if values.ndim == 4:
                command += ["--layout", "nchw"]
            for name, value in {"criterion": criterion, "threads": threads, **(options or {})}.items():
                if value is not None:
                    flag = "--" + name.replace("_", "-")
                    command += [flag] if value is True else [flag, str(value)]
            command += ["--log-format", "json"] if callable(progress) else [] if progress else ["--quiet"]
            path = None
            if via != "oracle":
                path = exported(model, x, values, program, folder, required=via == "export")
            if path:
                try:
                    run(command + ["--model", path], None, progress, timeout)
                except UAEError as refusal:
                    # What is wrong with something else than the file is wrong however the model is asked.
                    if via == "export" or not str(refusal).startswith(path):
                        raise
                    reason = str(refusal)[len(path) :].lstrip(": ")
                    warnings.warn(f"the exported model is not used, the model itself is asked: {reason}", stacklevel=2)
                    path = None
            if not path:
                run(command, subject_of(model, gives, values.shape[1:], output), progress, timeout)
            with np.load(out) as file:
                found = {name: file[name] for name in file.files}
    finally:
        if was_training:
            model.train()
    if not np.array_equal(found["index"], np.arange(len(values))):
        raise UAEError("the program gave other samples than it was given")
    return Result(
        x=restore(found["x"].astype(values.dtype)), success=restore(found["success"]),
        criterion=restore(found["criterion"]), similarity=restore(found["similarity"]),
        status=restore(found["status"]),
        distances={
            name: restore(found[name])
            for name in ("l2", "linf", "information", "ssim", "perceptual") if name in found},
        via="export" if path else "oracle")


def run(command, subject, progress, timeout):
    """Runs the program to its end and answers it meanwhile."""
    descriptors = ()
    ours = theirs = None
    if subject is not None:
        ours, theirs = socket.socketpair()
        descriptors = (theirs.fileno(),)
        command = command + ["--oracle", f"fd:{theirs.fileno()}", "--oracle-timeout", repr(float(timeout))]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        pass_fds=descriptors)
    lines = []
    reader = threading.Thread(target=follow, args=(process.stderr, lines, progress), daemon=True)
    reader.start()
    failure = None
    try:
        if theirs is not None:
            theirs.close()
            answerer = Answerer(ours.fileno(), subject)
            try:
                answerer.run()
            except OSError:
                pass  # The program is gone; its own line says why.
            failure = answerer.failure
        process.wait()
        reader.join()
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        if ours is not None:
            ours.close()
        process.stderr.close()
    if process.returncode == 0:
        return
    if process.returncode in (130, -2):
        raise KeyboardInterrupt
    if failure is not None:
        raise failure
    said = [line for line in lines if line.strip()]
    # That no sample succeeded is a result, which the masks tell.
    if any("no sample was attacked successfully" in line for line in said):
        return
    starts = ("Error: ", "uae: ")
    errors = [line.split(": ", 1)[1] for line in said if line.startswith(starts)] or said[-1:]
    raise UAEError(errors[-1] if errors else f"uae ended with status {process.returncode}")


def follow(stream, lines, progress):
    for line in stream:
        line = line.rstrip("\n")
        event = None
        if callable(progress) and line.startswith("{"):
            try:
                event = json.loads(line)
            except ValueError:
                event = None
        if event is not None and event.get("event") == "progress":
            progress(event.get("done", 0), event.get("planned", event.get("total", 0)), event.get("successRate"))
            continue
        lines.append(event.get("message", line) if event else line)
        if progress is True:
            print(line, file=sys.stderr)


def as_array(x):
    """An array that the program reads, and the way back to what was given."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.is_tensor(x):
        values = x.detach().cpu()
        if values.dtype == torch.bfloat16:
            values = values.float()
        is_values = x.dtype

        def restore(array):
            back = torch.from_numpy(np.ascontiguousarray(array)).to(x.device)
            return back.to(is_values) if array.shape == tuple(x.shape) and array.dtype == values.numpy().dtype else back

        return values.numpy(), restore
    return np.ascontiguousarray(x), lambda array: array
