import os
import sys
import traceback

from ._protocol import Answerer
from ._subjects import subject_of


def serve(model, gives=None, shape=None, output=None):
    """Answers the program that started this process with `--oracle`, until it ends.

    `model`: a torch.nn.Module or a function of tensors; or an object with `outputs(x)` and `pull(x, gradient)`, or with
    `loss_and_gradient(x, original)`, on NumPy arrays.
    `gives`: "reconstruction", "logits", "embedding" or "loss"; None leaves it to the program.
    `shape`: of one sample as the model takes it, where that is not how the program has it.
    `output`: which of several tensors is meant, by its place or name.
    """
    # What the model prints belongs to the user, not into the conversation.
    sys.stdout.flush()
    answers = os.dup(1)
    os.dup2(2, 1)
    if hasattr(model, "eval"):
        model.eval()
    try:
        subject = subject_of(model, gives, shape, output)
    except Exception:
        text = traceback.format_exc().encode()
        os.write(answers, f"error {len(text)}\n".encode() + text)
        raise SystemExit(1)
    Answerer(answers, subject).run()
