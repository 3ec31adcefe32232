"""Writes embeddings.npz: lightly's kNN classifier and scikit-learn's logistic regression on embeddings of three classes.

pip install torch lightly scikit-learn numpy; then run this file.
"""

import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from lightly.utils.benchmarking.knn import knn_predict
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

generator = np.random.default_rng(7)
centres = generator.normal(size=(3, 12)) * 0.8


def drawn(count):
    y = generator.integers(0, 3, count)
    return (centres[y] + generator.normal(size=(count, 12)) * np.linspace(0.3, 2, 12)).astype(np.float32), y


bank, y = drawn(1000)
test, truth = drawn(1000)
feature = F.normalize(torch.tensor(test), dim=1)
known = F.normalize(torch.tensor(bank), dim=1).t()
out = {"bank": bank, "y": y, "test": test, "truth": truth}
for k, t in [(10, 0.1), (200, 0.1), (200, 0.07)]:
    labels = knn_predict(feature, known, torch.tensor(y), num_classes=3, knn_k=k, knn_t=t)
    out[f"knn_{k}_{t:g}"] = labels[:, 0].numpy()
scaler = StandardScaler().fit(bank.astype(np.float64))
regression = LogisticRegression(max_iter=10000, tol=1e-10).fit(scaler.transform(bank.astype(np.float64)), y)
out["logistic"] = regression.predict(scaler.transform(test.astype(np.float64)))
out["logits"] = regression.decision_function(scaler.transform(test.astype(np.float64)))
np.savez_compressed(pathlib.Path(__file__).parent / "embeddings.npz", **out)
