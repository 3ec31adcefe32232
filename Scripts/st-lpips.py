#!/usr/bin/env python3
"""Gets the weights of the learned perceptual distance ST-LPIPS, for `--similarity perceptual` and a column of that name.

usage: Scripts/st-lpips.py [FILE.safetensors]          (default: .deps/st-lpips.safetensors, where the program looks)

They are those of Ghildyal and Liu (ECCV 2022), with AlexNet's trunk, from the wheel stlpips-pytorch (BSD 2-Clause; 64 MB).
pip finds and checks the wheel by its SHA-256. Nothing of it is run: its file is read as data, and written anew.
"""
import collections, io, json, pathlib, pickle, struct, sys

import published

NAME, WHEEL = "stlpips-pytorch==0.0.2", "a412bf901a97c942b37af57c7c63b6e5d1aebfe8d1dfc17853d4b2f878630645"
MEMBER = "stlpips_pytorch/weights/vST0.0/alex_shift_tolerant.pth"
WEIGHTS = "b356b382f96010f77d085ee8343ecd9fd322d0a56e8de2b2d0549fafcad8b9ee"
# Torch's first file format: three pickles, one of the tensors, one of the keys of their storages, and these one by one.
MAGIC = 0x1950A86A20F9469CFC6C


class TensorReader(pickle.Unpickler):
    """Reads a pickle of tensors, and refuses one that names anything else."""

    def find_class(self, module, name):
        known = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, size, stride, *_: (storage, offset, size, stride),
            ("torch", "FloatStorage"): "float32",
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"the file names {module}.{name}, which is no tensor of floats")
        return known[module, name]

    def persistent_load(self, reference):
        kind, storage, key = reference[:3]
        if kind != "storage" or storage != "float32":
            raise pickle.UnpicklingError("the file refers to something that is no storage of floats")
        return key


def tensors(data: bytes) -> dict:
    """The tensors of a file by name: shape and bytes, little-endian float32."""
    stream = io.BytesIO(data)
    if TensorReader(stream).load() != MAGIC:
        raise ValueError("not a file of torch.save")
    TensorReader(stream).load(), TensorReader(stream).load()
    found, keys = TensorReader(stream).load(), TensorReader(stream).load()
    storages = {}
    for key in keys:
        (count,) = struct.unpack("<q", stream.read(8))
        storages[key] = stream.read(4 * count)
    result = {}
    for name, (key, offset, size, stride) in found.items():
        count, expected = 1, []
        for extent in reversed(size):
            expected.insert(0, count)
            count *= extent
        values = storages[key][4 * offset : 4 * (offset + count)]
        if tuple(expected) != tuple(stride) or len(values) != 4 * count:
            raise ValueError(f"{name} is not stored one value after the other")
        result[name] = (list(size), values)
    return result


def safetensors(found: dict) -> bytes:
    header, place = {}, 0
    for name, (shape, values) in sorted(found.items()):
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [place, place + len(values)]}
        place += len(values)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(values for _, (_, values) in sorted(found.items()))


def main() -> None:
    root = pathlib.Path(__file__).resolve().parent.parent
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / ".deps/st-lpips.safetensors"
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.write_bytes(safetensors(tensors(published.member(NAME, WHEEL, MEMBER, WEIGHTS))))
    part.replace(target)
    print(f"{target}: the weights of ST-LPIPS", file=sys.stderr)


if __name__ == "__main__":
    main()
