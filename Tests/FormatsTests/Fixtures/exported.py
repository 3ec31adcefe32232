"""Makes the .pt2 files beside it by PyTorch 2.13; ExportedArchiveTests.swift states what is in them.

    python3 -m venv v && v/bin/pip install torch==2.13.0 && v/bin/python exported.py

Line numbers of sources and other remarks are left out, to keep the files small.
"""
import json
import shutil
import tempfile
import zipfile
from pathlib import Path

import torch
from torch import nn

here = Path(__file__).parent
batch = ({0: torch.export.Dim.DYNAMIC},)


def rewritten(path, change):
    """Writes an archive anew, with members that `change(name, bytes)` gives; None leaves one out."""
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder) / "old"
        shutil.move(path, old)
        with zipfile.ZipFile(old) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as target:
            for info in source.infolist():
                data = change(info.filename, source.read(info))
                if data is not None:
                    target.writestr(zipfile.ZipInfo(info.filename, (1980, 1, 1, 0, 0, 0)), data)


def small(name, data):
    if "/sample_inputs/" in name or name.endswith("serialization_id"):
        return None
    if not name.endswith(".json") or "/models/" not in name:
        return data
    program = json.loads(data)
    graph = program["graph_module"]["graph"]
    for node in graph["nodes"]:
        node["metadata"] = {key: text for key, text in node["metadata"].items() if key == "nn_module_stack"}
    return json.dumps(program, separators=(",", ":")).encode()


torch.manual_seed(0)


class Tied(nn.Module):
    """Two linear maps with one matrix, and a dictionary for a result."""

    def __init__(self):
        super().__init__()
        self.code = nn.Linear(3, 2)
        self.register_buffer("scale", torch.tensor(0.5), persistent=False)
        with torch.no_grad():
            self.code.weight.copy_(torch.arange(6.0).reshape(2, 3) / 4)
            self.code.bias.copy_(torch.tensor([1.0, -1.0]))

    def forward(self, x):
        z = torch.relu(self.code(x)) * self.scale
        return {"recon": z @ self.code.weight, "z": z}


def write(name, program):
    path = here / name
    if isinstance(program, dict):
        torch.export.pt2_archive._package.package_pt2(str(path), exported_programs=program)
    else:
        torch.export.save(program, path)
    rewritten(path, small)
    print(name, path.stat().st_size)


tied = torch.export.export(Tied().eval(), (torch.rand(2, 3),), dynamic_shapes=batch)
write("tied.pt2", tied)


class Encode(Tied):
    def forward(self, x):
        return self.code(x)


write(
    "methods.pt2",
    {"forward": torch.export.export(nn.Flatten().eval(), (torch.rand(4, 3),)),
     "encode": torch.export.export(Encode().eval(), (torch.rand(4, 3),))})
# Weights that are transposed views, of another type.
whole = nn.Linear(3, 2, dtype=torch.float64)
whole.weight = nn.Parameter(torch.arange(6.0, dtype=torch.float64).reshape(3, 2).t())
write("views.pt2", torch.export.export(whole.eval(), (torch.rand(2, 3, dtype=torch.float64),)))
