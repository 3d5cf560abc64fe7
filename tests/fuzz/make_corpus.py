#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# usage: make_corpus.py FOLDER
# Writes the corpora: for each reader a few small files that it accepts, in the formats of docs/file-formats.md. They carry no
# checksum, as those of version 0.1, so that a changed byte reaches the code behind it. Needs ImageMagick for the JPEG files and
# h5py for the HDF5 files.
import argparse
import collections
import gzip
import io
import json
import pathlib
import pickle
import struct
import subprocess
import sys
import tarfile
import types
import zipfile
import zlib

import h5py
import numpy

folder = pathlib.Path(sys.argv[1])


def write(reader, name, content):
    path = folder / reader / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def safetensors(tensors, metadata):
    header, data = {"__metadata__": metadata} if metadata else {}, b""
    for name, kind, shape, content in tensors:
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + data


def floats(*numbers):
    return struct.pack(f"<{len(numbers)}f", *numbers)


# .npy
def npy(kind, order, shape, data, version=1):
    text = f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text + data


write("npy", "matrix", npy("<f8", False, "(2, 2)", struct.pack("<4d", 1, -2, 0.5, 1e300)))
write("npy", "fortran", npy("<f4", True, "(2, 3)", floats(1, 2, 3, 4, 5, 6)))
write("npy", "integers", npy("<i8", False, "(3,)", struct.pack("<3q", 1, -1, 2**60), version=2))
write("npy", "bytes", npy("|u1", False, "(1, 2, 1)", b"\x00\xff", version=3))
write("npy", "number", npy("<i4", False, "()", struct.pack("<i", 7)))
write("npy", "empty", npy("<f8", False, "(0, 4)", b""))

# safetensors, directions
write("safetensors", "types", safetensors(
    [("a", "F32", [2, 1], floats(1, 2)), ("b", "F16", [2], b"\x00\x3c\x01\x00"), ("c", "BF16", [1, 1, 1], b"\x80\x3f"),
     ("d", "I64", [1], struct.pack("<q", -5)), ("e", "BOOL", [2], b"\x01\x00"), ("f", "F64", [0, 3], b""),
     ("g", "U8", [], b"\x07")], {"format": "pt"}))
write("safetensors", "none", safetensors([], {}))
plane = [(f"{k}.{name}", "F32", shape, floats(*range(1, count + 1)))
         for k in (0, 1) for name, shape, count in (("a", [2, 2], 4), ("b", [3], 3))]
write("directions", "plane", safetensors(plane, {"content": "directions after normalization"}))
write("directions", "line", safetensors(plane[:2], {}))

# PyTorch's files: pickles, which the harness puts into an archive with the storages "0" of 64 and "1" of 12 bytes, and archives
def torch_pickle(value, protocol=2):
    modules = {name: types.ModuleType(name) for name in ("torch", "torch._utils")}

    def of_torch(module, name, thing):
        thing.__module__, thing.__qualname__ = module, name
        setattr(modules[module], name, thing)
        return thing

    rebuild = {version: of_torch("torch._utils", f"_rebuild_{version}", lambda: None)
               for version in ("tensor_v2", "tensor_v3", "parameter")}
    dtype = of_torch("torch", "uint16", type("uint16", (), {}))
    storages = {kind: of_torch("torch", kind + "Storage", type(kind, (), {}))
                for kind in ("Float", "Half", "Long", "Bool", "Untyped")}

    class Tensor:
        def __init__(self, kind, key, offset, extents, strides):
            self.storage = kind, key
            self.rest = (offset, extents, strides, False, collections.OrderedDict()) + ((dtype,) if kind == "Untyped" else ())

        def __reduce__(self):
            return rebuild["tensor_v3" if self.storage[0] == "Untyped" else "tensor_v2"], (Storage(*self.storage), *self.rest)

    class Parameter(Tensor):
        def __reduce__(self):
            return rebuild["parameter"], (Tensor(*self.storage, *self.rest[:3]), True, collections.OrderedDict())

    class Storage:
        def __init__(self, kind, key):
            self.kind, self.key = kind, key

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            if not isinstance(thing, Storage):
                return None
            size = {"Float": 4, "Half": 2, "Long": 8}.get(thing.kind, 1)
            return "storage", storages[thing.kind], thing.key, "cpu", {"0": 64, "1": 12}[thing.key] // size

    sys.modules.update(modules)
    out = io.BytesIO()
    Pickler(out, protocol).dump(value(Tensor, Parameter))
    for name in modules:
        del sys.modules[name]
    return out.getvalue()


def torch_archive(content, compression):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in {"data.pkl": content, "byteorder": b"little", "data/0": bytes(64), "data/1": bytes(12)}.items():
            archive.writestr(zipfile.ZipInfo("a/" + name), data, compression)
    return out.getvalue()


def torch_dict(tensor, parameter):
    return collections.OrderedDict([("w", parameter("Float", "0", 0, (4, 4), (4, 1))), ("b", tensor("Float", "1", 0, (3,), (1,)))])


def torch_views(tensor, _):
    return {"t": tensor("Half", "0", 2, (3, 2, 2), (1, 4, 8)), "e": tensor("Bool", "1", 12, (0, 4), (4, 1)),
            "n": tensor("Long", "0", 7, (), ()), "u": tensor("Untyped", "1", 1, (2, 2), (2, 1)),
            "x": tensor("Bool", "1", 0, (2, 3, 1, 1, 1, 2), (6, 2, 9, 9, 9, 1))}


def torch_checkpoint(tensor, parameter):
    model = torch_dict(tensor, parameter)
    return {"model": {"module." + key: value for key, value in model.items()}, "ema": model, "args": argparse.Namespace(lr=0.1, m="v"),
            "epoch": 7, "best": 0.5, "o": {"state": {0: {"exp_avg": tensor("Float", "1", 0, (3,), (1,))}}, "groups": [{"lr": 1}]},
            "n": None, "s": {1, 2}, "y": b"z", "big": 1 << 70, "yes": True, "d": collections.defaultdict(list, k=1)}


for protocol in (2, 4):
    write("pth", f"state_dict{protocol}", torch_pickle(torch_dict, protocol))
    write("pth", f"views{protocol}", torch_pickle(torch_views, protocol))
    write("pth", f"checkpoint{protocol}", torch_pickle(torch_checkpoint, protocol))
write("pth", "stored", torch_archive(torch_pickle(torch_views), zipfile.ZIP_STORED))
write("pth", "packed", torch_archive(torch_pickle(torch_dict), zipfile.ZIP_DEFLATED))

# Models, and the checkpoint of the smallest of them
encoder = {"depth": 1, "heads": 1, "image": 4, "mlp_ratio": 1.0, "patch": 4, "width": 4}
random = {"kind": "random", "ratio": 0.6}
models = {
    "supervised": {"classes": 2, "encoder": encoder, "label_smoothing": 0.0, "pooling": "class-token", "positions": "fixed"},
    "mae": {"decoder": {"depth": 1, "heads": 1, "mlp_ratio": 4.0, "width": 4}, "encoder": encoder, "masking": random,
            "pixel_loss": "normalized"},
    "rc-mae": {"consistency": "squared", "decoder": {"depth": 1, "heads": 1, "mlp_ratio": 4.0, "width": 4},
               "encoder": encoder, "masking": random, "momentum": {"kind": "published", "from": 0.9, "to": 0.999},
               "other_mask": False, "pixel_loss": "plain"},
    "simmim": {"encoder": encoder, "masking": {"kind": "block", "ratio": 0.6}},
    "data2vec": {"beta": 2.0, "encoder": encoder, "masking": random, "target_blocks": 1,
                 "momentum": {"from": 0.999, "kind": "linear", "part": 0.3, "to": 0.9998}},
}
for name, model in models.items():
    write("description", name, json.dumps({"method": name} | model))
shapes = {"cls_token": [1, 1, 4], "patch_embed.proj.weight": [4, 3, 4, 4], "patch_embed.proj.bias": [4]}
for norm in ("blocks.0.norm1", "blocks.0.norm2", "norm"):
    shapes |= {norm + ".weight": [4], norm + ".bias": [4]}
for linear, out in (("blocks.0.attn.qkv", 12), ("blocks.0.attn.proj", 4), ("blocks.0.mlp.fc1", 4),
                    ("blocks.0.mlp.fc2", 4), ("head", 2)):
    shapes |= {linear + ".weight": [out, 4], linear + ".bias": [out]}
tensors = []
for name, shape in shapes.items():
    count = 1
    for extent in shape:
        count *= extent
    tensors.append((name, "BF16", shape, b"\x80\x3f" * count))
described = json.dumps({"format": 1, "model": {"method": "supervised"} | models["supervised"]})
write("checkpoint", "supervised", safetensors(tensors, {"vitscape": described}))
write("checkpoint", "mae", safetensors(tensors[:2], {"vitscape": json.dumps({"model": {"method": "mae"} | models["mae"]})}))


# Images
def png(width, height, depth, colour, interlaced, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    palette = chunk(b"PLTE", bytes(range(12))) if colour == 3 else b""
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))
            + palette + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


write("image", "rgb.png", png(2, 2, 8, 2, 0, b"\x00\x01\x02\x03\x04\x05\x06\x01\x07\x08\x09\x0a\x0b\x0c"))
write("image", "palette.png", png(4, 1, 2, 3, 0, b"\x00\x1b"))
write("image", "alpha16.png", png(1, 1, 16, 6, 0, b"\x00\x01\x02\x03\x04\x05\x06\x07\x08"))
write("image", "interlaced.png", png(2, 2, 8, 0, 1, b"\x00\x01\x00\x02\x00\x03\x04"))
for name, options in {"small.jpg": [], "grey.jpg": ["-colorspace", "Gray"], "cmyk.jpg": ["-colorspace", "CMYK"],
                      "progressive.jpg": ["-interlace", "JPEG"], "sampled.jpg": ["-sampling-factor", "4:2:0"]}.items():
    made = subprocess.run(["convert", "-size", "9x9", "gradient:red-blue", *options, "-strip", "-quality", "60", "jpg:-"],
                          check=True, capture_output=True)
    write("image", name, made.stdout)


# Tar archives of such images
def tar(members, kind=tarfile.USTAR_FORMAT):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=kind, bufsize=512) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            else:
                info.size = len(content)
            archive.addfile(info, None if isinstance(content, str) else io.BytesIO(content))
    return made.getvalue().rstrip(b"\0") + bytes(1536)  # without the padding to 10 kB


small = png(2, 2, 8, 2, 0, b"\x00\x01\x02\x03\x04\x05\x06\x01\x07\x08\x09\x0a\x0b\x0c")
write("tar", "webdataset", tar([("a.cls", b"1"), ("a.png", small), ("b.png", small), ("b.json", b'{"label": 0}')]))
write("tar", "folders", tar([("x/cat/1.png", small), ("x/dog/1.png", small), ("x/2.png", small), ("x/l.png", "2.png")]))
write("tar", "pax", tar([("d" * 120 + "/\u00e9.png", small), ("a.png", small)], tarfile.PAX_FORMAT))
write("tar", "gnu", tar([("d" * 120 + "/a.png", small)], tarfile.GNU_FORMAT))
write("tar", "several", tar([("a.png", small), ("a.left.png", small), ("a.txt", b"text")]))
sparse = io.BytesIO()
with tarfile.open(fileobj=sparse, mode="w", format=tarfile.PAX_FORMAT) as archive:
    info = tarfile.TarInfo("GNUSparseFile.1/a.png")
    info.size = 1024
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "a.png", "GNU.sparse.realsize": "1024"}
    archive.addfile(info, io.BytesIO(b"1\n0\n512\n".ljust(512, b"\0") + bytes(512)))
write("tar", "sparse", sparse.getvalue()[:4096])

# What says of which class an image is; the first byte chooses which of these it is
for number, text in enumerate(("ant\nbee\r\ncaf\u00e9\n", "1 65 97\n2 66 98\n0 48\n", " 17\n",
                               '{"a": [{"label": 1}], "label": 5, "b": 2.5}', "a-{08..12}{0..2}.tar")):
    write("labels", str(number), chr(number) + text)

# CIFAR-10: a record is 3073 bytes, which one byte repeated keeps out of reach of most changes
write("cifar10", "one", b"\x09" + bytes(3072))
write("cifar10", "short", b"\x01" * 100)

# MNIST's format: the harness takes the first bytes, as many as the first word says, for labels and the others for images
def idx(extents, values):
    return struct.pack(f">{1 + len(extents)}I", 0x800 + len(extents), *extents) + bytes(values)


def idx_folder(labels, images):
    return struct.pack(">H", len(labels)) + labels + images


labels, images = idx([3], [1, 0, 9]), idx([3, 2, 2], range(12))
packed = [gzip.compress(content, mtime=0) for content in (labels, images)]
write("idx", "plain", idx_folder(labels, images))
write("idx", "packed", idx_folder(*packed))
write("idx", "members", idx_folder(labels, gzip.compress(images[:9], mtime=0) + gzip.compress(images[9:], mtime=0)))
write("idx", "stored", idx_folder(labels, gzip.compress(images, compresslevel=0, mtime=0)))
write("idx", "large", idx_folder(labels, gzip.compress(idx([3, 300, 300], bytes(270000)), mtime=0)))
write("idx", "other_count", idx_folder(labels, idx([2, 1, 1], [0, 255])))

# HDF5; a text of a length of its own would make the file longer than what is changed
def hdf5(name, datasets):
    path = folder / "hdf5" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w", track_order=False) as file:
        for key, value in datasets.items():
            file.create_dataset(key, data=value, track_times=False)


table = numpy.array([[1, -1, 3], [4, 5, 6e300]])
grid = {"xcoordinates": numpy.array([-1.0, 0, 1]), "ycoordinates": numpy.array([0.0, 1]), "train_loss": table}
described = json.dumps({"metadata": {"seed": 1}, "samples": 8, "centre": {"loss": 1.0, "standard_error": None}}).encode()
hdf5("surface", grid | {"dir_file": numpy.bytes_("d.h5"), "computed": numpy.ones((2, 3), "u1"), "standard_error": table,
                        "difference_standard_error": table, "vitscape": numpy.bytes_(described)})
hdf5("foreign", grid | {"train_loss": table.reshape(3, 2), "train_acc": table.reshape(3, 2)})
hdf5("line", {"xcoordinates": grid["xcoordinates"], "train_loss": numpy.array([1, 2, 3], ">f4")})
hdf5("directions", {f"{axis}direction/{i}": numpy.ones(shape, "f4") for axis in "xy" for i, shape in enumerate(((2, 2), (3,)))}
     | {"proj_xcoord": numpy.array([1.0, 0]), "proj_ycoord": numpy.array([1.0, 0]),
        "explained_variance_ratio_": numpy.array([0.5, 0.25])})

# Surfaces and regions
geometry = dict.fromkeys(("theta_norm", "delta_norm", "eta_norm", "theta_dot_delta", "theta_dot_eta", "delta_dot_eta"), 1.5)
axes = {"x": [-1, 0, 1], "y": [0, 1]}


def rows(value):
    return [[value] * 3] * 2


surface = {"metadata": {"seed": 1}, "samples": 8, "centre": {"loss": 1.0, "standard_error": None}, "geometry": geometry,
           **axes, "loss": [[1, None, 3], [4, 5, 6e300]], "standard_error": rows(0.1),
           "difference_standard_error": rows(None)}
write("surface", "plane", json.dumps(surface | {"computed": rows(True)}))
write("surface", "foreign", json.dumps({key: surface[key] for key in
                                        ("x", "y", "loss", "standard_error", "difference_standard_error")}))
# A comparison
write("plan", "plan", json.dumps({"asked": {"methods": {"mae": 1}},
                                  "decided": {"epochs": 3, "level": 1, "speeds": {"mae": [1, 2, 3, 4, 5, 6, 7, 8, 9]}}}))
write("plan", "other", json.dumps({"asked": {"methods": {"simmim": [1, {"a": None}]}, "x": "y"}, "decided": {"speeds": {}}}))
write("results", "run", json.dumps({
    "training": {"seconds": [1, 2], "images_per_second": [50, 25], "epoch": [1, 2], "loss": [3.0, None]},
    "probe": {"shares": [{"top1": 0.5, "top5": 0.9}], "knn": 0.25, "teacher": None},
    "training.surface-0": {"area_below_twice": 1.5, "local_minima": 1}, "random encoder": [0.1, 0.2]}))
report = {
    "format": 1, "title": "T", "program": "p", "plan": {"seeds": [0], "probe": {"every": 2}}, "data": {"classes": ["a"]},
    "methods": [{"name": "mae", "title": "MAE"}], "losses": [{"name": "training", "title": "training loss"}],
    "surfaces": [{"method": "mae", "loss": "training", **axes, "values": [[2, 1, 2], [3, 2, None]], "centre_loss": 1,
                  "region": {"name": "r", **axes, "inside": rows(1)}}],
    "slices": [{"method": "mae", "loss": "training", "x": [-1, 0, 1], "mean": [1, 0, 1], "low": [0.5, 0, 0.5],
                "high": [2, 0, None], "count": 3}],
    "runs": [{"method": "mae", "curve": {"epoch": [1, 2], "loss": [2, 1]}}],
    "reconstructions": [{"title": "t", "side": 1, "views": [{"title": "v", "side": 1, "pixels": [1, 2, 3]}]}],
    "notes": ["n"]}
write("report", "small", json.dumps(report, separators=(",", ":")))
pair = {"mean": 1.5, "standard_error": 0.1, "interval": [1, 2]}
write("report", "measures", json.dumps({
    "methods": [{"name": "mae", "title": "MAE"}],
    "measures": [{"key": "k", "group": "g", "name": "n", "unit": "fraction", "loss": None, "headline": True, "better": "lower",
                  "invariant_to": "", "meaning": "m", "values": {"mae": [{"seed": 0, "value": 1, "standard_error": 0.1}]},
                  "summary": {"mae": pair}}],
    "baselines": [{"name": "b", "top1": 0.1, "standard_error": 0.01, "interval": [0.08, 0.12]}],
    "correlations": [{"key": "k", "name": "n", "loss": "training", "spearman": 0.5, "p_value": 0.1, "runs": 4}],
    "claims": [{"claim": "c", "verdict": "holds", "evidence": "e"}]}, separators=(",", ":")))

# JSON
write("json", "values", json.dumps({"a": [1, -2, 2.5, 1e308], "b": [1, 2, 3], "c": "text", "d": None, "e": {"f": True},
                                    "g": 2**64 - 1, "h": -(2**63)}))
write("json", "lines", '{"epoch":1,"loss":2.5}\n{"epoch":2,"loss":null}\n{"epo')

# Values of options
for number, text in enumerate(("-1:1:25", "x:-1:1:25,y:0:1e-3:13", "y:0:0:1,x:-2:+2:3", "0.5", "-1", "+1e300", "nan",
                               "18446744073709551615", "inf:inf:3", "1:2")):
    write("texts", str(number), text)
