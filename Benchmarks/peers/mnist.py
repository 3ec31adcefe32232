"""MNIST's files as they are published, in the folder that UAE_DATA names."""

import gzip
import os
import pathlib

import numpy


def read(part):
    """Images [n, 28, 28] and labels [n], bytes; part is train or t10k."""
    def values(name, skip):
        path = pathlib.Path(os.environ["UAE_DATA"]) / f"mnist/{part}-{name}-ubyte.gz"
        return numpy.frombuffer(gzip.open(path).read(), numpy.uint8, offset=skip)

    return values("images-idx3", 16).reshape(-1, 28, 28), values("labels-idx1", 8)
