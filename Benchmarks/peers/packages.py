"""The attacks of other packages behind one form: a function of (model, x, labels) that gives x'.

Settings are those under which the packages compute the same: no random start, the last iterate unless said otherwise.
"""

import importlib.util
import pathlib
import re
import sys

import numpy as np
import torch

EPSILON, STEP, L2, L2_STEP, STEPS = 0.3, 0.01, 2.0, 0.1, 40


def in_double_precision():
    """The Adversarial Robustness Toolbox turns samples into one type, which each of its modules has for itself."""
    import art.attacks.evasion  # noqa: F401

    for name, module in list(sys.modules.items()):
        if name.startswith("art.") and hasattr(module, "ART_NUMPY_DTYPE"):
            module.ART_NUMPY_DTYPE = np.float64


def importable_torchvision():
    """torchvision as PyPI has it is for PyTorch's CUDA build. Beside the CPU build it lacks its operators, which nothing here
    needs, and cannot be imported for want of their names."""
    if "torchvision" in sys.modules:
        return
    folder = pathlib.Path(importlib.util.find_spec("torchvision").submodule_search_locations[0])
    try:
        torch.ops.load_library(folder / "_C.so")
    except OSError:
        for name in re.findall(r'register_fake\("(torchvision::\w+)"', (folder / "_meta_registrations.py").read_text()):
            torch.library.define(name, "(Tensor x) -> Tensor")


def foolbox(make, epsilon=None):
    def run(model, x, y):
        import foolbox

        wrapped = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
        return make(foolbox.attacks)(wrapped, x, y, epsilons=epsilon)[1]

    return run


def torchattacks(make):
    def run(model, x, y):
        import torchattacks

        return make(torchattacks, model)(x, y)

    return run


def square(norm, epsilon, queries):
    return torchattacks(lambda t, m: t.Square(m, norm=norm, eps=epsilon, n_queries=queries, seed=1))


def art(make):
    def run(model, x, y):
        from art.attacks import evasion
        from art.estimators.classification import PyTorchClassifier

        wrapped = PyTorchClassifier(
            model, torch.nn.CrossEntropyLoss(), tuple(x.shape[1:]), 10, clip_values=(0, 1), device_type="cpu")
        return torch.from_numpy(make(evasion, wrapped).generate(x.numpy(), y.numpy()))

    return run


def secml(model, x, y):
    """Keeps the iterate with the largest loss, and does not look at the one after the last step."""
    importable_torchvision()
    from secmlt.adv.evasion.pgd import PGDNative
    from secmlt.models.pytorch.base_pytorch_nn import BasePyTorchClassifier

    attack = PGDNative("linf", EPSILON, STEPS + 1, STEP, random_start=False)
    return attack._run(BasePyTorchClassifier(model), x, y)[0].detach()


def adv_lib_pgd(model, x, y):
    """Keeps the latest iterate that succeeds, and does not look at the one after the last step."""
    importable_torchvision()
    from adv_lib.attacks import pgd_linf

    return pgd_linf(model, x, y, ε=EPSILON, steps=STEPS + 1, random_init=False, absolute_step_size=STEP)


def adv_lib_cw(iterations):
    def run(model, x, y):
        importable_torchvision()
        from adv_lib.attacks import carlini_wagner_l2

        return carlini_wagner_l2(
            model, x, y, confidence=0, learning_rate=0.01, initial_const=1e-3, binary_search_steps=9,
            max_iterations=iterations, abort_early=False)

    return run


def foolbox_cw(iterations):
    return foolbox(
        lambda a: a.L2CarliniWagnerAttack(
            binary_search_steps=9, steps=iterations, stepsize=0.01, confidence=0, initial_const=1e-3, abort_early=False))


LINF_PGD = {
    "foolbox": foolbox(lambda a: a.LinfPGD(abs_stepsize=STEP, steps=STEPS, random_start=False), EPSILON),
    "torchattacks": torchattacks(lambda t, m: t.PGD(m, eps=EPSILON, alpha=STEP, steps=STEPS, random_start=False)),
    "ART": art(
        lambda e, c: e.ProjectedGradientDescentPyTorch(
            c, norm=np.inf, eps=EPSILON, eps_step=STEP, max_iter=STEPS, num_random_init=0, batch_size=500, verbose=False)),
}
OUR_PGD = ["--solver", "pgd", "--epsilon", str(EPSILON), "--alpha", str(STEP), "--iterations", str(STEPS)]
OUR_L2 = [
    "--solver", "pgd", "--norm", "l2", "--epsilon", str(L2), "--alpha", str(L2_STEP), "--iterations", str(STEPS)]

# Attack, our options, whether pixels are comparable, the packages.
COMPARISONS = [
    (
        "FGSM", ["--solver", "fgsm", "--epsilon", str(EPSILON)], True,
        {
            "foolbox": foolbox(lambda a: a.FGSM(random_start=False), EPSILON),
            "torchattacks": torchattacks(lambda t, m: t.FGSM(m, eps=EPSILON)),
            "ART": art(lambda e, c: e.FastGradientMethod(c, norm=np.inf, eps=EPSILON, eps_step=EPSILON, batch_size=500)),
        },
    ),
    ("PGD-40, L∞", OUR_PGD, True, LINF_PGD),
    # The first returns the latest iterate that succeeds, the second bounds δ by a radius in float32.
    ("PGD-40, L∞", OUR_PGD, False, {"adv-lib": adv_lib_pgd}),
    ("PGD-40, L∞, the best iterate", OUR_PGD + ["--keeps", "best"], False, {"secml-torch": secml}),
    (
        "PGD-40, L2", OUR_L2, True,
        {
            "foolbox": foolbox(lambda a: a.L2PGD(abs_stepsize=L2_STEP, steps=STEPS, random_start=False), L2),
            # It divides by the length of a mean loss's gradient, which is short, and adds 1e-10 to it unless told otherwise.
            "torchattacks": torchattacks(
                lambda t, m: t.PGDL2(
                    m, eps=L2, alpha=L2_STEP, steps=STEPS, random_start=False, eps_for_division=1e-30)),
        },
    ),
    (
        "PGD-40, L2, the box first", OUR_L2 + ["--order", "box-first"], True,
        {
            "ART": art(
                lambda e, c: e.ProjectedGradientDescentPyTorch(
                    c, norm=2, eps=L2, eps_step=L2_STEP, max_iter=STEPS, num_random_init=0, batch_size=500,
                    verbose=False)),
        },
    ),
    (
        "MI-FGSM",
        ["--solver", "mi-fgsm", "--epsilon", str(EPSILON), "--alpha", str(STEP), "--iterations", str(STEPS)], True,
        {
            "torchattacks": torchattacks(lambda t, m: t.MIFGSM(m, eps=EPSILON, alpha=STEP, steps=STEPS, decay=1.0)),
        },
    ),
    # It adds gradients up in float32.
    (
        "MI-FGSM",
        ["--solver", "mi-fgsm", "--epsilon", str(EPSILON), "--alpha", str(STEP), "--iterations", str(STEPS)], False,
        {
            "ART": art(
                lambda e, c: e.MomentumIterativeMethod(
                    c, eps=EPSILON, eps_step=STEP, decay=1.0, max_iter=STEPS, batch_size=500, verbose=False)),
        },
    ),
]
