// SPDX-License-Identifier: Apache-2.0
//
// Files that PyTorch itself writes, where a Python with it is found: every tensor as its own numpy() shows it, bit for bit.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <vitscape/core/file.hpp>
#include <vitscape/io/pth.hpp>
#include <vitscape/io/safetensors.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"

namespace pth_torch_test {

using namespace vitscape;
using test::contains;
using test::error_text;

#if VITSCAPE_HAS_LIBZIP

namespace {

// Writes NAME.pth by torch.save and beside it NAME.safetensors with the tensors that are to be found in it.
constexpr const char* script = R"python(
import argparse, collections, json, math, os, struct, sys, warnings
try:
    import torch
except ImportError:
    sys.exit(77)
from torch import nn

warnings.simplefilter("ignore")  # of kinds of tensors that are to be given up
torch.manual_seed(2026)
folder = sys.argv[1]
types = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
         torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}
for name in ("uint16", "uint32", "uint64"):
    if hasattr(torch, name):
        types[getattr(torch, name)] = "U" + name[4:]

def content(tensor):
    tensor = tensor.detach().clone(memory_format=torch.contiguous_format)
    return tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""

def flat(value, prefix=""):
    for key, entry in value.items():
        if isinstance(entry, dict):
            yield from flat(entry, f"{prefix}{key}.")
        elif isinstance(entry, torch.Tensor):
            yield f"{prefix}{key}", entry

def write(name, value, **options):
    header, data = {}, b""
    for key, tensor in flat(value):
        more = content(tensor)
        header[key] = {"dtype": types[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(more)]}
        data += more
    text = json.dumps(header).encode()
    with open(f"{folder}/{name}.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    torch.save(value, f"{folder}/{name}.pth", **options)

def some(kind, *shape):
    bits = torch.randint(0, 256, (math.prod(shape) * torch.empty(0, dtype=kind).element_size(),), dtype=torch.uint8)
    return (bits & 1 if kind == torch.bool else bits).view(kind).reshape(shape)

write("types", {str(kind): some(kind, 3, 5) for kind in types})
model = nn.Sequential(collections.OrderedDict(proj=nn.Conv2d(3, 8, 4, 4), norm=nn.LayerNorm(8), batch=nn.BatchNorm1d(8)))
write("state_dict", model.state_dict())
for protocol in (2, 3, 4, 5):
    write(f"protocol_{protocol}", {"model": model.state_dict(), "epoch": 5}, pickle_protocol=protocol)

base = torch.randn(6, 8)
image = torch.randn(2, 3, 4, 5)
write("views", {
    "base": base, "transposed": base.t(), "rows": base[2:4], "columns": base[:, 3], "steps": base[::2, 1::3], "number": base[5, 7],
    "permuted": image.permute(3, 0, 2, 1), "last": image.contiguous(memory_format=torch.channels_last), "image": image,
    "flipped": image.flip(0), "empty": torch.zeros(0, 4), "empty_view": base[:, 8:], "one": torch.arange(5).expand(1, -1),
    "scalar": torch.tensor(3.5), "half": some(torch.float16, 4, 4).t(), "bfloat16": some(torch.bfloat16, 4, 4)[1:, 1:],
    "tied": base, "again": {"tied": base}})

tagged = torch.randn(3)
tagged.note = "an attribute of its own"
parameter = nn.Parameter(torch.randn(4, 4).t())
stated = nn.Parameter(torch.randn(2))
stated.rate = 0.5
write("wrapped", {"tagged": tagged, "parameter": parameter, "stated": stated, "not_trained": nn.Parameter(torch.ones(2), requires_grad=False)})

optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
for _ in range(2):
    optimizer.zero_grad()
    sum((p * p).sum() for p in model.parameters()).backward()
    optimizer.step()
args = argparse.Namespace(model="mae_vit_base_patch16", mask_ratio=0.75, output_dir="./out", device=torch.device("cpu"))
write("checkpoint", {
    "student": {f"module.{key}": value for key, value in model.state_dict().items()}, "teacher": model.state_dict(),
    "student_without_ddp": model.state_dict(), "optimizer": optimizer.state_dict(), "args": args, "epoch": 399,
    "scaler": {"scale": 65536.0, "growth_tracker": 7}, "best": 83.6, "arch": "vit", "done": True, "none": None,
    "loss_history": [1.0, 0.5], "size": torch.Size([1, 2]), "defaults": collections.defaultdict(list, weight=torch.ones(2))})

class Evil:
    def __init__(self, function, *arguments):
        self.call = function, arguments
    def __reduce__(self):
        return self.call

marker = f"touch {folder}/marker"
torch.save({"weight": torch.ones(2), "a": Evil(os.system, marker), "b": Evil(eval, f"__import__('os').system('{marker}')"),
            "c": {"d": Evil(exec, f"open('{folder}/marker', 'w')")}, "e": [Evil(os.system, marker)]
}, f"{folder}/evil.pth")

others = {"weight": torch.ones(2), "complex": torch.randn(2, dtype=torch.complex64), "expanded": torch.ones(1).expand(7),
          "sparse": torch.eye(3).to_sparse(), "negated": torch.randn(2, dtype=torch.complex64).conj().imag,
          "quantized": torch.quantize_per_tensor(torch.randn(4), 0.1, 0, torch.qint8), "meta": torch.empty(2, device="meta"),
          "module": nn.Linear(1, 1)}
if hasattr(torch, "float8_e4m3fn"):
    others["float8"] = torch.ones(2).to(torch.float8_e4m3fn)
torch.save(others, f"{folder}/others.pth")
torch.save(model, f"{folder}/module.pth")
torch.save(torch.ones(2), f"{folder}/tensor.pth")
torch.save({"weight": torch.ones(2)}, f"{folder}/old.pth", _use_new_zipfile_serialization=False)
try:
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.ones(1, 2)), f"{folder}/script.pth")
except (AttributeError, RuntimeError):
    pass  # of a PyTorch without TorchScript
if hasattr(torch.serialization, "set_crc32_options"):
    torch.serialization.set_crc32_options(False)
    torch.save({"weight": torch.randn(100)}, f"{folder}/no_crc.pth")
)python";

/// Those that have all their tensors in a safetensors file beside them.
const std::vector<std::string> files{"types",      "state_dict", "protocol_2", "protocol_3", "protocol_4",
                                     "protocol_5", "views",      "wrapped",    "checkpoint"};

}  // namespace

TEST_CASE("what torch.save wrote is read as PyTorch would") {
    const test::TemporaryFolder folder;
    std::ofstream(folder / "write.py") << script;
    const std::string command = "python3 '" + (folder / "write.py").string() + "' '" +
                                folder.path().string() + "' 2>'" + (folder / "errors").string() + "'";
    const int status = std::system(command.c_str());
    INFO(read_text(folder / "errors"));
    if (status != 0 && !contains(read_text(folder / "errors"), "Traceback")) {
        WARN("not checked: no python3 with torch is found");
        return;
    }
    REQUIRE(status == 0);
    std::size_t tensors = 0;
    for (const std::string& name : files) {
        INFO(name);
        const PthFile file = PthFile::load(folder / (name + ".pth"));
        const SafeTensors expected = SafeTensors::load(folder / (name + ".safetensors"));
        REQUIRE(file.names().size() == expected.names().size());
        for (const std::string& key : file.names()) {
            INFO(key);
            const SafeTensor found = file.at(key), wanted = expected.at(key);
            CHECK(found.type == wanted.type);
            CHECK(found.shape == wanted.shape);
            CHECK(std::ranges::equal(found.bytes, wanted.bytes));
            ++tensors;
        }
    }
    CHECK(tensors > 100);

    const PthFile checkpoint = PthFile::load(folder / "checkpoint.pth");
    CHECK(checkpoint.contains("student.module.proj.weight"));
    CHECK(checkpoint.contains("optimizer.state.0.exp_avg_sq"));
    CHECK(checkpoint.contains("defaults.weight"));
    CHECK(checkpoint.metadata() == std::map<std::string, std::string>{{"arch", "vit"},
                                                                      {"best", "83.6"},
                                                                      {"done", "True"},
                                                                      {"epoch", "399"},
                                                                      {"scaler.growth_tracker", "7"},
                                                                      {"scaler.scale", "65536"}});
    CHECK(contains(error_text<IoError>([&] { (void)checkpoint.at("args"); }),
                   "made by argparse.Namespace in Python"));

    const PthFile evil = PthFile::load(folder / "evil.pth");
    CHECK(evil.names() == std::vector<std::string>{"weight"});
    for (const char* name : {"a", "b", "c.d"})
        CHECK(contains(error_text<IoError>([&] { (void)evil.at(name); }), "in Python, which is not run"));
    CHECK(!std::filesystem::exists(folder / "marker"));

    const PthFile others = PthFile::load(folder / "others.pth");
    CHECK(others.names() == std::vector<std::string>{"weight"});
    CHECK(others.at("weight").to<float>() == std::vector<float>{1, 1});
    const auto refusal_in_others = [&](const char* name) {
        return error_text<IoError>([&] { (void)others.at(name); });
    };
    CHECK(contains(refusal_in_others("complex"), "torch.ComplexFloatStorage is not supported"));
    CHECK(contains(refusal_in_others("expanded"), "contiguous() in Python"));
    CHECK(contains(refusal_in_others("sparse"), "torch._utils._rebuild_sparse_tensor"));
    CHECK(contains(refusal_in_others("negated"), "resolve_neg() in Python"));
    CHECK(contains(refusal_in_others("quantized"), "torch._utils._rebuild_qtensor"));
    CHECK(contains(refusal_in_others("meta"), "torch._utils._rebuild_meta_tensor_no_storage"));
    CHECK(contains(refusal_in_others("module.weight"), "torch.nn.modules.linear.Linear"));

    const auto refusal = [&](const char* name) {
        return error_text<IoError>([&] { (void)PthFile::load(folder / name); });
    };
    CHECK(contains(refusal("module.pth"),
                   "torch.nn.modules.container.Sequential makes in Python instead of a dict"));
    CHECK(
        contains(refusal("tensor.pth"), "torch._utils._rebuild_tensor_v2 makes in Python instead of a dict"));
    CHECK(contains(refusal("old.pth"), "has a format of PyTorch before version 1.6"));
    if (std::filesystem::exists(folder / "no_crc.pth"))
        CHECK(contains(refusal("no_crc.pth"), "or was written without one"));
    if (std::filesystem::exists(folder / "script.pth"))
        CHECK(contains(refusal("script.pth"), "holds a program of TorchScript"));
}

#endif

}  // namespace pth_torch_test
