// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include <sys/stat.h>

#include <vitscape/io/pth.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"
#include "support/torch_file.hpp"

namespace pth_test {

using namespace vitscape;
using test::contains;
using test::error_text;
using test::PickleText;

#if VITSCAPE_HAS_LIBZIP

namespace {

PthFile parse(const std::vector<test::ZipEntry>& entries) {
    return PthFile::parse(bytes_of(test::zip_of(entries)), "x.pth");
}
PthFile parse(const PickleText& pickle, const std::vector<std::string>& storages) {
    return parse(test::torch_entries(pickle.stop(), storages));
}

/// The numbers 0, 1, … as a storage.
template <class Number>
std::string counting(int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i) bytes += test::bytes_of_number(static_cast<Number>(i));
    return bytes;
}

using Numbers = std::vector<double>;

}  // namespace

TEST_CASE("a dict of tensors has plain names in its order") {
    PickleText pickle;
    pickle.ordered_dict().raw("(");
    pickle.text("norm.weight").tensor("FloatStorage", "1", 3, 0, {3}, {1});
    pickle.text("cls_token").tensor("FloatStorage", "0", 4, 0, {1, 1, 4}, {4, 4, 1});
    pickle.raw("u}").text("_metadata").ordered_dict().raw("sb");  // the state of the dict
    const PthFile file = parse(pickle, {counting<float>(4), counting<float>(3)});
    CHECK(file.names() == std::vector<std::string>{"norm.weight", "cls_token"});
    CHECK(file.origin() == "x.pth");
    CHECK(file.metadata().empty());
    CHECK(file.contains("cls_token"));
    CHECK(!file.contains("cls"));
    const SafeTensor token = file.at("cls_token");
    CHECK(token.name == "cls_token");
    CHECK(token.type == ElementType::F32);
    CHECK(token.shape == Shape{1, 1, 4});
    CHECK(token.to<double>() == Numbers{0, 1, 2, 3});
    CHECK(file.at("norm.weight").to<float>() == std::vector<float>{0, 1, 2});
}

TEST_CASE("dicts in dicts become one, with the texts and numbers beside the tensors") {
    PickleText pickle;
    pickle.raw("}(")
        .text("model")
        .raw("}")
        .text("module.head")
        .tensor("FloatStorage", "0", 2, 0, {2}, {1})
        .raw("s");
    pickle.text("args").global("argparse", "Namespace").raw(")\x81}").text("lr").real(0.1).raw("sb");
    pickle.text("epoch").integer(399).text("best").real(0.8125).text("arch").text("vit").text("ema").raw(
        "\x88");
    pickle.text("none").raw("N").text("list").raw("](").integer(1).integer(2).raw("e");
    pickle.text("optimizer").raw("}").text("state").raw("}").integer(7).raw("}").text("exp_avg");
    pickle.tensor("FloatStorage", "1", 1, 0, {}, {}).raw("sss");
    pickle.raw("K\x01\x85K\x02").raw("u");  // a key that is no name
    const PthFile file = parse(pickle, {counting<float>(2), counting<float>(1)});
    CHECK(file.names() == std::vector<std::string>{"model.module.head", "optimizer.state.7.exp_avg"});
    CHECK(file.at("optimizer.state.7.exp_avg").shape == Shape{});
    CHECK(file.metadata() == std::map<std::string, std::string>{
                                 {"arch", "vit"}, {"best", "0.8125"}, {"ema", "True"}, {"epoch", "399"}});
    CHECK(
        contains(error_text<IoError>([&] { (void)file.at("args.lr"); }),
                 "x.pth: args cannot be read: it is made by argparse.Namespace in Python, which is not run"));
}

TEST_CASE("tensors are views of their storages in any order of elements") {
    PickleText pickle;
    pickle.raw("}(");
    const auto add = [&](const std::string& name, std::int64_t offset,
                         const std::vector<std::int64_t>& extents, const std::vector<std::int64_t>& strides) {
        pickle.text(name).tensor("IntStorage", "0", 12, offset, extents, strides);
    };
    add("whole", 0, {3, 4}, {4, 1});
    add("transposed", 0, {4, 3}, {1, 4});
    add("rows", 4, {2, 4}, {4, 1});
    add("column", 2, {3}, {4});
    add("every_second", 1, {2, 2}, {4, 2});
    add("ones", 3, {1, 2, 1}, {99, 1, 77});
    add("permuted", 0, {2, 3, 2}, {1, 4, 2});
    add("number", 11, {}, {});
    add("none", 12, {0, 4}, {4, 1});
    pickle.raw("u");
    const PthFile file = parse(pickle, {counting<std::int32_t>(12)});
    const auto numbers = [&](const char* name) { return file.at(name).to<double>(); };
    CHECK(numbers("whole") == Numbers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
    CHECK(file.at("transposed").shape == Shape{4, 3});
    CHECK(numbers("transposed") == Numbers{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11});
    CHECK(numbers("rows") == Numbers{4, 5, 6, 7, 8, 9, 10, 11});
    CHECK(numbers("column") == Numbers{2, 6, 10});
    CHECK(numbers("every_second") == Numbers{1, 3, 5, 7});
    CHECK(numbers("ones") == Numbers{3, 4});
    CHECK(numbers("permuted") == Numbers{0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11});
    CHECK(numbers("number") == Numbers{11});
    CHECK(file.at("none").shape == Shape{0, 4});
    CHECK(numbers("none").empty());
    // Those in row-major order share the bytes of their storage.
    CHECK(file.at("rows").bytes.data() == file.at("whole").bytes.data() + 16);

    const PthFile copy = file;  // NOLINT(performance-unnecessary-copy-initialization)
    CHECK(copy.at("whole").bytes.data() != file.at("whole").bytes.data());
    CHECK(copy.at("column").to<double>() == Numbers{2, 6, 10});
}

TEST_CASE("every type of number that a safetensors file has is read") {
    const auto check = [](const std::string& storage_class, ElementType type, const std::string& storage) {
        const auto count = static_cast<std::int64_t>(storage.size() / size_of(type));
        PickleText pickle;
        pickle.raw("}").text("x").tensor(storage_class, "0", count, 1, {count - 1}, {1}).raw("s");
        const PthFile file = parse(pickle, {storage});
        INFO(storage_class);
        CHECK(file.at("x").type == type);
        CHECK(file.at("x").to<double>() == Numbers{1, 2});
    };
    check("DoubleStorage", ElementType::F64, counting<double>(3));
    check("FloatStorage", ElementType::F32, counting<float>(3));
    check("HalfStorage", ElementType::F16, std::string("\0\0\0\x3C\0\x40", 6));
    check("BFloat16Storage", ElementType::BF16, std::string("\0\0\x80\x3F\0\x40", 6));
    check("LongStorage", ElementType::I64, counting<std::int64_t>(3));
    check("IntStorage", ElementType::I32, counting<std::int32_t>(3));
    check("ShortStorage", ElementType::I16, counting<std::int16_t>(3));
    check("CharStorage", ElementType::I8, counting<std::int8_t>(3));
    check("ByteStorage", ElementType::U8, counting<std::uint8_t>(3));
    check("BoolStorage", ElementType::BOOL, counting<std::uint8_t>(3));

    const auto check_untyped = [](const std::string& dtype, ElementType type, const std::string& storage) {
        PickleText pickle;  // counts bytes
        pickle.raw("}").text("x").global("torch._utils", "_rebuild_tensor_v3").raw("((").text("storage");
        pickle.global("torch.storage", "UntypedStorage").text("0").text("cpu");
        pickle.integer(static_cast<std::int64_t>(storage.size()))
            .raw("tQ")
            .integer(1)
            .integers({2})
            .integers({1});
        pickle.raw("\x89").ordered_dict().global("torch", dtype).raw("tRs");
        const PthFile file = parse(pickle, {storage});
        INFO(dtype);
        CHECK(file.at("x").type == type);
        CHECK(file.at("x").to<double>() == Numbers{1, 2});
    };
    check_untyped("uint16", ElementType::U16, counting<std::uint16_t>(3));
    check_untyped("uint32", ElementType::U32, counting<std::uint32_t>(3));
    check_untyped("uint64", ElementType::U64, counting<std::uint64_t>(3));
}

TEST_CASE("parameters, and tensors with attributes of their own, are tensors") {
    PickleText pickle;
    pickle.raw("}(").text("a").global("torch._utils", "_rebuild_parameter").raw("(");
    pickle.tensor("FloatStorage", "0", 2, 0, {2}, {1}).raw("\x88").ordered_dict().raw("tR");
    pickle.text("b").global("torch._utils", "_rebuild_parameter_with_state").raw("(");
    pickle.tensor("FloatStorage", "0", 2, 0, {1}, {1}).raw("\x88").ordered_dict().raw("}tR");
    pickle.text("c").global("torch._tensor", "_rebuild_from_type_v2").raw("(");
    pickle.global("torch._utils", "_rebuild_tensor_v2").global("torch", "Tensor").raw("(");
    pickle.storage("FloatStorage", "0", 2).integer(1).integers({1}).integers({1}).raw("\x89").ordered_dict();
    pickle.raw("t}tR");
    pickle.text("d")
        .global("torch._utils", "_rebuild_tensor_v2")
        .raw("(")
        .storage("FloatStorage", "0", 2)
        .integer(0);
    pickle.global("torch", "Size").integers({2, 1}).raw("\x85R").integers({1, 1}).raw("\x89").ordered_dict();
    pickle.raw("tRu");
    const PthFile file = parse(pickle, {counting<float>(2)});
    CHECK(file.at("a").to<double>() == Numbers{0, 1});
    CHECK(file.at("b").to<double>() == Numbers{0});
    CHECK(file.at("c").to<double>() == Numbers{1});
    CHECK(file.at("d").shape == Shape{2, 1});
}

TEST_CASE("a tensor that is not read is refused by name, and only it") {
    PickleText pickle;
    pickle.raw("}(").text("good").tensor("FloatStorage", "0", 4, 0, {4}, {1});
    pickle.text("complex").tensor("ComplexFloatStorage", "0", 2, 0, {2}, {1});
    pickle.text("axes").tensor("FloatStorage", "0", 4, 0, {1, 1, 1, 1, 1, 1, 4}, {4, 4, 4, 4, 4, 4, 1});
    pickle.text("expanded").tensor("FloatStorage", "0", 4, 0, {1000000, 4}, {0, 1});
    pickle.text("sparse").global("torch._utils", "_rebuild_sparse_tensor").raw(")R");
    pickle.text("model").global("timm.models", "VisionTransformer").raw(")\x81");
    pickle.text("negated")
        .global("torch._utils", "_rebuild_tensor_v2")
        .raw("(")
        .storage("FloatStorage", "0", 4);
    pickle.integer(0).integers({4}).integers({1}).raw("\x89").ordered_dict().raw("}").text("neg").raw(
        "\x88stR");
    pickle.text("nested").global("a", "b").raw(")R)Ru");
    const PthFile file = parse(pickle, {counting<float>(4)});
    CHECK(file.names() == std::vector<std::string>{"good"});
    const auto refusal = [&](const char* name) {
        CHECK(!file.contains(name));
        return error_text<IoError>([&] { (void)file.at(name); });
    };
    CHECK(refusal("complex") ==
          "x.pth: complex cannot be read: its type torch.ComplexFloatStorage is not supported");
    CHECK(contains(refusal("axes"), "it has 7 axes, at most 6 are read"));
    CHECK(contains(refusal("expanded"), "it shows the 4 elements of its storage more than once, as 4000000"));
    CHECK(contains(refusal("sparse"), "it is made by torch._utils._rebuild_sparse_tensor in Python"));
    CHECK(contains(
        refusal("model.cls_token"),
        "model cannot be read: it is made by timm.models.VisionTransformer in Python, which is not run"));
    CHECK(contains(refusal("negated"), "resolve_neg()"));
    CHECK(contains(refusal("nested"), "it is made by a call of no known name"));
    CHECK(contains(refusal("goof"), "x.pth holds no tensor goof among 1; the nearest are good"));
}

TEST_CASE("files are read as archives in memory are") {
    const test::TemporaryFolder folder;
    PickleText pickle;
    pickle.raw("}").text("x").tensor("FloatStorage", "0", 2, 0, {2}, {1}).raw("s");
    const std::string bytes = test::zip_of(test::torch_entries(pickle.stop(), {counting<float>(2)}));
    const auto path = folder / "a.pth";
    std::ofstream(path, std::ios::binary) << bytes;
    const PthFile file = PthFile::load(path);
    CHECK(file.at("x").to<double>() == Numbers{0, 1});
    CHECK(file.origin() == path.string());

    const auto refusal = [](const std::filesystem::path& name) {
        return error_text<IoError>([&] { (void)PthFile::load(name); });
    };
    CHECK(contains(refusal(folder / "none.pth"), "cannot open " + (folder / "none.pth").string()));
    CHECK(contains(refusal(folder.path()), "cannot read " + folder.path().string()));
    std::ofstream(folder / "empty.pth").flush();
    CHECK(contains(refusal(folder / "empty.pth"), "empty.pth is not a zip archive that can be read"));
    REQUIRE(::mkfifo((folder / "pipe.pth").c_str(), 0600) == 0);  // is not waited for
    CHECK(contains(refusal(folder / "pipe.pth"), "pipe.pth"));
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        std::ofstream(path, std::ios::binary) << bytes.substr(0, length);
        CHECK(contains(refusal(path), path.string()));
    }
}

TEST_CASE("files of other kinds are refused with the remedy") {
    const auto refusal = [](const std::vector<test::ZipEntry>& entries) {
        return error_text<IoError>([&] { (void)parse(entries); });
    };
    const auto refusal_of_bytes = [](const std::string& bytes) {
        return error_text<IoError>([&] { (void)PthFile::parse(bytes_of(bytes), "x.pth"); });
    };
    // The first pickle of PyTorch's format before 1.6, and a tar archive.
    for (const std::string& bytes :
         {std::string("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03."),
          std::string(257, 'x') + "ustar" + std::string(250, '\0')})
        CHECK(contains(refusal_of_bytes(bytes),
                       "x.pth has a format of PyTorch before version 1.6, which is not read; "
                       "save it again by a later version: torch.save(torch.load(OLD"));
    CHECK(contains(refusal_of_bytes("{}"), "x.pth is not a zip archive that can be read"));
    CHECK(contains(refusal_of_bytes(""),
                   "x.pth is not a PyTorch file that can be used: it is an empty archive"));

    std::vector<test::ZipEntry> script = test::torch_entries(PickleText().raw("}").stop(), {});
    script.push_back({.name = "archive/constants.pkl", .content = PickleText().raw(")").stop()});
    CHECK(contains(refusal(script), "it holds a program of TorchScript; save its tensors in Python"));
    script.back() = {.name = "archive/code/__torch__.py", .content = "class Module"};
    CHECK(contains(refusal(script), "it holds a program of TorchScript"));
    CHECK(contains(refusal({{.name = "a.txt", .content = "a"}}), "without the entry data.pkl"));
    CHECK(contains(refusal({{.name = "b/a.txt", .content = "a"}}), "without the entry b/data.pkl"));

    const auto refusal_of = [](const PickleText& pickle) {
        return error_text<IoError>([&] { (void)parse(pickle, {}); });
    };
    CHECK(contains(
        refusal_of(PickleText().global("timm", "ViT").raw(")\x81}b")),
        "holds what timm.ViT makes in Python instead of a dict of tensors; save a model's state_dict()"));
    CHECK(contains(refusal_of(PickleText().raw("]")), "holds a single object instead of a dict of tensors"));
}

TEST_CASE("the order of bytes is little-endian or not said") {
    PickleText pickle;
    pickle.raw("}").text("x").tensor("FloatStorage", "0", 2, 0, {2}, {1}).raw("s");
    auto entries = test::torch_entries(pickle.stop(), {counting<float>(2)});
    REQUIRE(entries[1].name == "archive/byteorder");
    entries[1].content = "big";
    CHECK(contains(error_text<IoError>([&] { (void)parse(entries); }), "its numbers are not little-endian"));
    entries.erase(entries.begin() + 1);
    CHECK(parse(entries).at("x").to<double>() == Numbers{0, 1});
}

#else

TEST_CASE("a build without libzip says so") {
    const std::string bytes = test::zip_of(test::torch_entries(PickleText().raw("}").stop(), {}));
    CHECK(contains(error_text<ConfigError>([&] { (void)PthFile::parse(bytes_of(bytes), "x.pth"); }),
                   "this build cannot read zip archives (x.pth): install libzip (Debian: libzip-dev)"));
}

#endif

}  // namespace pth_test
