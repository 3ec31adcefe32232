"""The package against the program that the environment's UAE names."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import traceback
import unittest

import numpy as np
import torch

import uae


class Branching(torch.nn.Module):
    """An autoencoder that cannot be exported: it looks at its data."""

    def __init__(self):
        super().__init__()
        self.encoder = torch.nn.Linear(48, 6)
        self.decoder = torch.nn.Linear(6, 48)
        self.dropout = torch.nn.Dropout(0.5)

    def forward(self, x):
        code = torch.relu(self.encoder(self.dropout(x).flatten(1)))
        if code.detach().sum().item() > 1e6:
            code = -code
        return torch.sigmoid(self.decoder(code)).reshape(x.shape)


def trained():
    torch.manual_seed(0)
    x = torch.rand(40, 1, 8, 6) * torch.linspace(0, 1, 48).reshape(1, 1, 8, 6)
    model = Branching()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(150):
        optimizer.zero_grad()
        ((model(x) - x) ** 2).mean().backward()
        optimizer.step()
    return model, x


class Squares:
    """A loss of NumPy's, how far the sum of a sample is from 5, with a derivative written by hand."""

    def loss_and_gradient(self, x, original):
        excess = x.sum(1) - 5
        return excess**2, 2 * excess[:, None] * np.ones_like(x)


class OwnOperator(torch.nn.Module):
    """A denoiser that torch.export writes, with an operator of its own that the program refuses."""

    def forward(self, x):
        return torch.ops.uae_tests.shrink(x)


torch.library.define("uae_tests::shrink", "(Tensor x) -> Tensor")
torch.library.impl("uae_tests::shrink", "CompositeExplicitAutograd")(lambda x: x * 0.9 + 0.02)
torch.library.register_fake("uae_tests::shrink", lambda x: torch.empty_like(x))
torch.library.register_autograd("uae_tests::shrink", lambda context, gradient: gradient * 0.9)


class DoorTests(unittest.TestCase):
    def test_what_the_program_does_not_read_is_served_and_said(self):
        x = torch.rand(12, 10, generator=torch.Generator().manual_seed(0))
        with self.assertWarnsRegex(UserWarning, "is asked: .*uae_tests.*no operator of ATen"):
            result = uae.attack(OwnOperator(), x)
        self.assertEqual(result.via, "oracle")
        self.assertTrue(result.success.any())
        with self.assertRaisesRegex(uae.UAEError, "no operator of ATen"):
            uae.attack(OwnOperator(), x, via="export")

    def test_what_cannot_be_exported_is_served_without_a_word(self):
        script = """
            import torch, uae
            class Branching(torch.nn.Module):
                def forward(self, x):
                    return 0.9 * x if x.sum() > 0 else x
            print(uae.attack(Branching(), torch.rand(6, 8)).via)
        """
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        result = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script)], env={**os.environ, "PYTHONPATH": root}, capture_output=True,
            text=True)
        self.assertEqual((result.stdout, result.stderr), ("oracle\n", ""))

    def test_a_model_that_can_be_exported_is(self):
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(12, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3)).double()
        x = torch.rand(30, 12, dtype=torch.float64)
        labels = model(x).argmax(1)
        options = {"solver": "pgd", "epsilon": 0.2, "alpha": 0.05, "iterations": 10, "surrogate": "cross-entropy"}
        result = uae.attack(model, x, labels=labels, criterion="misclassification", options=options)
        self.assertEqual((result.via, result.x.dtype), ("export", torch.float64))
        self.assertTrue(result.success.any())
        expected = x.clone()
        for _ in range(10):
            leaf = expected.clone().requires_grad_()
            gradient, = torch.autograd.grad(torch.nn.functional.cross_entropy(model(leaf), labels, reduction="sum"), leaf)
            expected = (expected + 0.05 * gradient.sign()).clamp(x - 0.2, x + 0.2).clamp(0, 1)
        torch.testing.assert_close(result.x[result.success], expected[result.success], atol=1e-12, rtol=0)

    def test_examples_succeed_by_the_models_own_judgement(self):
        model, x = trained()
        seen = []
        result = uae.attack(model, x, bounds=(0, 1), recipe="far-noise", seed=1, progress=lambda *event: seen.append(event))
        self.assertTrue(model.training, "the mode is as it was")
        self.assertEqual(seen[-1][:2], (40, 40))
        self.assertGreater(result.success_rate, 0.5)
        model.eval()
        with torch.no_grad():
            def error(y):
                return (model(y) - x).flatten(1).norm(dim=1)
            criterion = error(result.x) - error(x)
        won = result.success
        self.assertTrue((criterion[won] <= 1e-6).all())
        torch.testing.assert_close(criterion[won], result.criterion[won], atol=1e-5, rtol=1e-4)
        self.assertTrue((result.x[~won] == x[~won]).all())
        self.assertTrue(((result.x >= 0) & (result.x <= 1)).all())
        far = (result.x - x).flatten(1).norm(dim=1)
        torch.testing.assert_close(far[won], result.distances["l2"][won], atol=1e-5, rtol=1e-4)
        again = uae.attack(model, x, bounds=(0, 1), recipe="far-noise", seed=1)
        self.assertTrue((again.x == result.x).all(), "the same seed, the same examples")

    def test_bytes_stay_bytes(self):
        model, x = trained()
        bytes = (x.numpy() * 255).round().astype(np.uint8)
        result = uae.attack(lambda y: model.eval()(y / 255) * 255, bytes, bounds=(0, 255))
        self.assertEqual((result.x.dtype, result.x.shape), (np.uint8, bytes.shape))
        self.assertTrue(result.success.any())

    def test_a_classifier_gets_its_own_vocabulary(self):
        torch.manual_seed(0)
        x = torch.rand(30, 12)
        labels = (x[:, 0] > x[:, 1]).long()
        model = lambda y: torch.stack([4 * (y[:, 1] - y[:, 0]), 4 * (y[:, 0] - y[:, 1])], 1)
        result = uae.attack(
            model, x, labels=labels, criterion="misclassification",
            options={"solver": "pgd", "epsilon": 0.5})
        self.assertGreater(result.success_rate, 0.5)
        self.assertTrue((model(result.x).argmax(1)[result.success] != labels[result.success]).all())

    def test_numpy_models_bring_their_own_derivative(self):
        x = np.random.default_rng(0).random((20, 10), dtype=np.float32)
        result = uae.attack(Squares(), x, criterion="loss")
        self.assertTrue(result.success.any())
        won = result.success
        self.assertTrue((abs(result.x.sum(1) - 5) <= abs(x.sum(1) - 5) + 1e-5)[won].all())

    def test_what_the_model_raises_is_raised(self):
        def broken(x):
            raise ArithmeticError("of my own")
        try:
            uae.attack(broken, np.zeros((4, 8), np.float32))
        except ArithmeticError as error:
            self.assertIn("of my own", str(error))
            self.assertIn("broken", [frame.name for frame in traceback.extract_tb(error.__traceback__)])
        else:
            self.fail("nothing was raised")

    def test_what_the_program_refuses_is_one_line(self):
        with self.assertRaises(uae.UAEError) as caught:
            uae.attack(lambda x: x, np.zeros((4, 8), np.float32), recipe="no-such-recipe")
        self.assertIn("no-such-recipe", str(caught.exception))
        self.assertNotIn("\n", str(caught.exception))
        with self.assertRaisesRegex(TypeError, "is no model"):
            uae.attack(3, np.zeros((4, 8), np.float32))

    def test_control_c_ends_everything(self):
        # Some parents have it blocked or ignored, and hand that on.
        mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        self.addCleanup(signal.pthread_sigmask, signal.SIG_SETMASK, mask)
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        started = threading.Event()
        def slow(x):
            started.set()
            time.sleep(0.2)
            return x * 0.9
        def interrupt():
            started.wait(60)
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=interrupt).start()
        with self.assertRaises(KeyboardInterrupt):
            uae.attack(slow, np.random.default_rng(0).random((400, 8), dtype=np.float32))

    def test_serve_is_the_same_from_the_other_side(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(folder + "/serve.py", "w") as file:
                file.write(textwrap.dedent("""
                    import torch, uae
                    print("loading")
                    torch.manual_seed(0)
                    weights = torch.rand(12, 3)
                    projection = weights @ torch.linalg.pinv(weights)
                    uae.serve(lambda x: 0.95 * x @ projection.T)
                """))
            x = np.random.default_rng(0).random((20, 12), dtype=np.float32)
            np.savez(folder + "/x.npz", x=x)
            root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
            result = subprocess.run(
                [os.environ["UAE"], "attack", "--oracle", f"'{sys.executable}' serve.py", "--dataset", "x.npz", "--out",
                 "o.npz"], cwd=folder, env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("loading", result.stderr)
            self.assertTrue(np.load(folder + "/o.npz")["success"].any())


if __name__ == "__main__":
    unittest.main()
