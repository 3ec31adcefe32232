"""Makes small files beside it in the published layout of sets whose own files are large, with each format's own tools.

    python3 -m venv v && v/bin/pip install numpy scipy && v/bin/python make.py
"""
from pathlib import Path

import numpy as np
import scipy.io

here = Path(__file__).parent

# MATLAB v5 with compressed elements, the sample last; the label 10 is the digit 0.
row, column, channel, sample = np.ogrid[:32, :32, :3, :4]
images = (row * 7 + column * 3 + channel * 50 + sample).astype("u1")
for name, chosen, labels in [("train", slice(0, 3), [1, 10, 9]), ("test", slice(3, 4), [10])]:
    scipy.io.savemat(
        here / "svhn" / f"{name}_32x32.mat",
        {"X": images[..., chosen], "y": np.array(labels, "u1")[:, None]}, do_compression=True)

# Fixed-width fields without a separator, labels in files of their own.
even = np.where(np.arange(561) % 2 == 0, 1, -0.5)
odd = 0.5 - even
for name, rows, labels in [("train", [even, odd, even], [1, 6, 1]), ("test", [odd], [2])]:
    np.savetxt(here / "activity" / f"final_X_{name}.txt", np.array(rows), fmt="%16.7e", delimiter="")
    np.savetxt(here / "activity" / f"final_y_{name}.txt", np.array(labels), fmt="%d")
