"""Adversarial examples of a model of your own, made by the program `uae`.

    import uae
    result = uae.attack(model, x, bounds=(0, 1), recipe="far-noise", seed=1)

The program is found by the environment's `UAE`, else on the `PATH`. `uae.serve(model)` answers a program that was started
with `--oracle 'python serve.py'`.
"""

from ._attack import Result, UAEError, attack
from ._serve import serve

__all__ = ["Result", "UAEError", "attack", "serve"]
