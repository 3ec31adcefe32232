"""Makes the small files beside it with each format's own tools; Fixtures.swift states what is in them.

    python3 -m venv v && v/bin/pip install numpy scipy pillow safetensors h5py hdf5storage && v/bin/python make.py

`matlab73.mat` is by matio itself (see `matlab73.c`), since scipy does not write that version.
"""
import gzip, io, json, struct, tarfile, zlib
from pathlib import Path

import h5py
import hdf5storage
import numpy as np
import scipy.io
import scipy.sparse
from PIL import Image
from safetensors.numpy import save_file

here = Path(__file__).parent
counting = np.arange(24)


def idx(array, code, name, compress):
    data = struct.pack(">BBBB", 0, 0, code, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    data += array.astype(array.dtype.newbyteorder(">")).tobytes()
    (here / name).write_bytes(gzip.compress(data, mtime=0) if compress else data)


idx(counting.astype("u1").reshape(4, 3, 2), 0x08, "bytes.idx.gz", True)
idx(counting.astype("i2").reshape(4, 6), 0x0B, "int16.idx", False)
idx((counting / 2).astype("f4").reshape(2, 12), 0x0D, "float32.idx", False)

for code in ["u1", "i1", "<u2", ">i2", "<i4", ">u4", "<i8", ">u8", "<f2", ">f4", "<f8"]:
    np.save(here / f"c_{code.strip('<>')}.npy", counting.astype(code).reshape(2, 3, 4))
np.save(here / "fortran.npy", np.asfortranarray(counting.astype("f4").reshape(2, 3, 4)))
np.save(here / "bool.npy", counting % 3 == 0)
np.save(here / "scalar.npy", np.float64(2.5))
np.save(here / "empty.npy", np.zeros((0, 5), "f4"))
np.save(here / "objects.npy", np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
np.save(here / "records.npy", np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]))
arrays = {"x": counting.astype("f4").reshape(4, 6), "labels": np.array([3, 1, 2, 0])}
np.savez(here / "stored.npz", **arrays)
np.savez_compressed(here / "deflated.npz", **arrays)

np.save(here / "gzipped.npy", counting)
(here / "gzipped.npy.gz").write_bytes(gzip.compress((here / "gzipped.npy").read_bytes(), mtime=0))
(here / "gzipped.npy").unlink()
old = b"{'descr': '<f4', 'fortran_order': False, 'shape': (4L, 6L), }"
old += b" " * ((-(11 + len(old))) % 16) + b"\n"
(here / "python2.npy").write_bytes(b"\x93NUMPY\x01\0" + struct.pack("<H", len(old)) + old + counting.astype("f4").tobytes())
np.savez(here / "words.npz", X=counting.astype("f4").reshape(4, 6), y=np.array(["wren", "Möwe", "auk", "wren"]),
         bytes=np.array([b"a", b"bc"]), complex=np.array([1j]))
sparse = np.where(counting % 5 == 1, counting, 0).reshape(4, 6).astype("f4")
for form in ["csr", "csc", "coo", "bsr"]:
    scipy.sparse.save_npz(here / f"{form}.npz", scipy.sparse.coo_matrix(sparse).asformat(form))
scipy.io.savemat(here / "sparse.mat", {"X": scipy.sparse.csc_matrix(sparse.astype("f8")), "y": np.arange(4.0)[:, None],
                                       "logical": sparse > 5})
hdf5storage.savemat(str(here / "hdf5storage.mat"), {"X": np.arange(6.0).reshape(2, 3), "y": np.array([[1], [2]], "u1")},
                    format="7.3", oned_as="column", store_python_metadata=False, matlab_compatible=True)
with h5py.File(here / "h5py.h5", "w") as file:
    file["train/x"] = counting.astype(">i2").reshape(2, 3, 4)
    file["half"] = counting.astype("f2")
    file["truth"] = counting % 2 == 0
    file["name"] = "words"
brain = counting.astype("f4").view("u4") >> 16
header = json.dumps({"x": {"dtype": "BF16", "shape": [4, 6], "data_offsets": [0, 48]},
                     "c": {"dtype": "C64", "shape": [1], "data_offsets": [48, 56]}}).encode()
(here / "bf16.safetensors").write_bytes(
    struct.pack("<Q", len(header)) + header + brain.astype("<u2").tobytes() + bytes(8))

save_file(
    {"weight": counting.astype("f4").reshape(4, 6), "half": counting.astype("f2"), "step": np.array(7, "i8")},
    here / "numpy.safetensors", metadata={"by": "safetensors"})

rng = np.random.default_rng(0)
records = b"".join(bytes([label]) + bytes([label * 20 % 256]) * 3072 for label in [3, 0, 9])
(here / "cifar10.bin.gz").write_bytes(gzip.compress(records, mtime=0))
(here / "cifar100.bin").write_bytes(b"".join(bytes([19, fine]) + bytes([fine]) * 3072 for fine in [99, 4]))

matrix = {"X": np.arange(2 * 3 * 2 * 4, dtype="u1").reshape(2, 3, 2, 4), "y": np.array([[10], [1], [2], [10]], "u1")}
scipy.io.savemat(here / "compressed.mat", matrix, do_compression=True)
scipy.io.savemat(
    here / "plain.mat",
    {"X": np.arange(6.0).reshape(2, 3), "Y": np.array([1.0, 2.0]), "text": "words", "cell": np.array([1, "x"], object),
     "part": {"a": 1.0}, "complex": np.array([1 + 2j])}, do_compression=False)
scipy.io.savemat(here / "version4.mat", {"X": np.arange(6.0).reshape(2, 3)}, format="4")

y, x = np.mgrid[0:7, 0:9]
rgb = np.stack([x * 28, y * 36, (x + y) * 15], axis=-1).astype("u1")
grey = rgb[..., 2]
Image.fromarray(rgb).save(here / "rgb.png")
Image.fromarray(grey).save(here / "grey.png")
Image.fromarray(rgb).convert("P").save(here / "palette.png")
Image.fromarray(grey > 100).save(here / "bilevel.png")
Image.fromarray(np.dstack([rgb, grey])).save(here / "rgba.png")
Image.fromarray(grey.astype("u2") * 257).save(here / "grey16.png")
Image.fromarray(rgb).save(here / "rgb.jpg", quality=95)
Image.fromarray(grey).save(here / "grey.jpg", quality=95)
Image.fromarray(rgb).save(here / "progressive.jpg", quality=90, progressive=True)
Image.fromarray(rgb).convert("CMYK").save(here / "cmyk.jpg")
# What Pillow reads from them and makes of them, as the judge of our own decoding and resizing.
large = Image.fromarray(rng.integers(0, 256, (31, 45, 3), dtype="u1"))
large.save(here / "noise.png")
np.savez_compressed(
    here / "pillow.npz",
    **{name: np.asarray(Image.open(here / name).convert("RGB" if mode == 3 else "L"))
       for name, mode in [("rgb.png", 3), ("palette.png", 3), ("rgb.jpg", 3), ("grey.jpg", 1), ("progressive.jpg", 3)]},
    down=np.asarray(large.resize((20, 13), Image.Resampling.BILINEAR)),
    up=np.asarray(large.resize((64, 40), Image.Resampling.BILINEAR)))

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


whole = (here / "rgb.png").read_bytes()
faults = chunk(b"iCCP", b"icc\0\0" + zlib.compress(b"no profile")) + chunk(b"tIME", bytes(3)) + chunk(b"gAMA", bytes(4)) * 2
(here / "profile.png").write_bytes(whole[:33] + faults + whole[33:])

(here / "utf16.csv").write_bytes("sep=;\r\nGröße;b\r\n1,5;-2\r\n0,25;3e1\r\n".encode("utf-16"))
table = 'name,"a, quoted",b,class\nm_1,1.5,,"x"\nm_2,-2e3,"4",y\n\nm_3,0.25,7,"say ""z"""\n'
(here / "table.csv").write_text(table)
(here / "table.csv.gz").write_bytes(gzip.compress(table.encode(), mtime=0))
(here / "blanks.txt").write_text("  1.0000000e+00 -2.0000000e+00\n  3.0000000e+00  4.0000000e-01\r\n")

archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
    for name, content in [("folder/a.txt", b"first"), ("folder/" + 11 * "deep/folders/" + "b.txt", b"second" * 200)]:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    link = tarfile.TarInfo("folder/link.txt")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    tar.addfile(link)
(here / "files.tar").write_bytes(archive.getvalue())
(here / "files.tar.gz").write_bytes(gzip.compress(archive.getvalue(), mtime=0))
