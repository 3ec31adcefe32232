"""Trains an autoencoder in PyTorch, has `uae attack` make adversarial examples of its data, and retrains on both."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import torch

root = pathlib.Path(__file__).resolve().parents[2]
work = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "roundtrip")
work.mkdir(parents=True, exist_ok=True)

digits = np.loadtxt(root / "Sources/Datasets/Resources/digits.csv.gz", delimiter=",", dtype=np.uint8)
train, test = digits[:500, :64].reshape(-1, 8, 8), digits[-360:, :64].reshape(-1, 8, 8)  # 0…16
np.savez(work / "digits.npz", x=train, y=digits[:500, 64])


def fit(images):
    """The same initial weights and number of updates, whatever the images are."""
    torch.manual_seed(0)
    layers = torch.nn.Linear(64, 128), torch.nn.Sigmoid(), torch.nn.Linear(128, 64), torch.nn.Sigmoid()
    model = torch.nn.Sequential(torch.nn.Flatten(), *layers, torch.nn.Unflatten(1, (8, 8)))
    data, optimizer = torch.tensor(images / 16, dtype=torch.float32), torch.optim.Adam(model.parameters(), 2e-3)
    for _ in range(4000):
        batch = data[torch.randint(len(data), (64,))]
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(batch), batch).backward()
        optimizer.step()
    return model.eval()


def error(model):
    x = torch.tensor(test / 16, dtype=torch.float32)
    return torch.nn.functional.mse_loss(model(x), x).item()


before = fit(train)
example = torch.zeros(2, 8, 8)
torch.export.save(
    torch.export.export(before, (example,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},)), work / "model.pt2")
subprocess.run([os.environ.get("UAE", root / "uae"), "attack", "--model", work / "model.pt2", "--dataset", work / "digits.npz",
                "--range", "0,16", "--out", work / "uaes.npz", "--overwrite"], check=True)
uaes = np.load(work / "uaes.npz")
after = fit(np.concatenate([train, uaes["x"][uaes["success"]]]))
print(f"test error before {error(before):.5f}, after {error(after):.5f}; {uaes['success'].sum()} examples")
