"""How the weights of the learned perceptual distance are read and written anew: from files that the tests make."""

import importlib.util
import io
import json
import pathlib
import pickle
import struct
import sys
import unittest

sys.dont_write_bytecode = True
path = pathlib.Path(__file__).parent.parent.parent / "Scripts/st-lpips.py"
sys.path.insert(0, str(path.parent))
specification = importlib.util.spec_from_file_location("st_lpips", path)
script = importlib.util.module_from_spec(specification)
specification.loader.exec_module(script)


class Named:
    """Pickled as what a module of that name has."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Storage:
    def __init__(self, key):
        self.key = key


class Rebuilt:
    def __init__(self, key, offset, size, stride):
        self.arguments = Storage(key), offset, size, stride, False, {}


class Pickler(pickle._Pickler):
    """Writes tensors as torch.save did before it wrote archives."""

    def save(self, value, save_persistent_id=True):
        if isinstance(value, Named):
            return self.write(pickle.GLOBAL + f"{value.module}\n{value.name}\n".encode())
        if isinstance(value, Rebuilt):
            self.save(Named("torch._utils", "_rebuild_tensor_v2"))
            self.save(value.arguments)
            return self.write(pickle.REDUCE)
        return super().save(value, save_persistent_id)

    def persistent_id(self, value):
        if isinstance(value, Storage):
            return "storage", Named("torch", "FloatStorage"), value.key, "cpu", 6, None


def saved(found, storages, magic=script.MAGIC):
    stream = io.BytesIO()
    for value in magic, 1001, {"little_endian": True}, found, list(storages):
        Pickler(stream, 2).dump(value)
    for values in storages.values():
        stream.write(struct.pack("<q", len(values)) + struct.pack(f"<{len(values)}f", *values))
    return stream.getvalue()


class ReadingTests(unittest.TestCase):
    def test_what_is_read_is_what_was_saved(self):
        data = saved(
            {"b": Rebuilt("0", 2, (2, 2), (2, 1)), "a": Rebuilt("1", 0, (3,), (1,))},
            {"0": [0, 1, 2, 3, 4, 5], "1": [7, 8, 9]})
        found = script.tensors(data)
        self.assertEqual(found["b"], ([2, 2], struct.pack("<4f", 2, 3, 4, 5)))
        written = script.safetensors(found)
        (length,) = struct.unpack("<Q", written[:8])
        header = json.loads(written[8 : 8 + length])
        self.assertEqual(header["a"], {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]})
        self.assertEqual(written[8 + length :], struct.pack("<7f", 7, 8, 9, 2, 3, 4, 5))

    def test_a_file_that_names_a_function_is_refused(self):
        for value in Named("os", "system"), Named("torch", "DoubleStorage"):
            with self.assertRaises(pickle.UnpicklingError):
                script.tensors(saved({"a": value}, {"0": [1]}))

    def test_tensors_that_are_not_whole_are_refused(self):
        for tensor in Rebuilt("0", 0, (2, 2), (1, 2)), Rebuilt("0", 3, (2,), (1,)):
            with self.assertRaises(ValueError):
                script.tensors(saved({"a": tensor}, {"0": [1, 2, 3, 4]}))
        with self.assertRaises(ValueError):
            script.tensors(saved({}, {}, magic=1))


if __name__ == "__main__":
    unittest.main()
