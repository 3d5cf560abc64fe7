// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <vitscape/io/safetensors.hpp>
#include <vitscape/io/safetensors_writer.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/golden.hpp"
#include "support/temporary_folder.hpp"

namespace safetensors_test {

using namespace vitscape;
using test::contains;
using test::error_text;

TEST_CASE("tensors come back with their names, shapes, numbers and metadata") {
    const test::TemporaryFolder folder;
    const std::vector<float> weight{1.5f,  -2.0f, std::numeric_limits<float>::denorm_min(),
                                    3.25f, 0.0f,  -0.0f};
    const std::vector<double> bias{0.1, 1e300};
    SafeTensorsWriter writer;
    writer.add("pixels", {3}, std::vector<std::uint8_t>{0, 127, 255});
    writer.add("weight", {2, 3}, weight);
    writer.add("labels", {2}, std::vector<std::int64_t>{-5, std::int64_t{1} << 60});
    writer.add("bias", {2}, std::span(bias));
    writer.add("none", {0, 4}, std::vector<float>{});
    writer.add("step", {}, std::vector<std::int32_t>{42});
    writer.set_metadata("format", "pt");
    writer.write(folder / "a.safetensors");

    const auto file = SafeTensors::load(folder / "a.safetensors");
    // Wider types first, otherwise as they were added.
    CHECK(file.names() == std::vector<std::string>{"labels", "bias", "weight", "none", "step", "pixels"});
    CHECK(file.metadata().at("format") == "pt");
    CHECK(file.at("weight").shape == Shape{2, 3});
    CHECK(file.at("weight").type == ElementType::F32);
    CHECK(file.at("weight").to<float>() == weight);
    CHECK(std::signbit(file.at("weight").to<float>()[5]));
    CHECK(file.at("bias").to<double>() == bias);
    CHECK(file.at("labels").to<std::int64_t>() == std::vector<std::int64_t>{-5, std::int64_t{1} << 60});
    CHECK(file.at("pixels").to<std::uint8_t>() == std::vector<std::uint8_t>{0, 127, 255});
    CHECK(file.at("none").shape == Shape{0, 4});
    CHECK(file.at("none").to<float>().empty());
    CHECK(file.at("step").shape == Shape{});
    CHECK(file.at("step").to<std::int32_t>() == std::vector<std::int32_t>{42});

    const auto bytes = read_bytes(folder / "a.safetensors");
    const auto header_size = std::to_integer<std::size_t>(bytes[0]) | std::to_integer<std::size_t>(bytes[1])
                                                                          << 8;
    CHECK(header_size % 8 == 0);
    writer.write(folder / "b.safetensors");
    CHECK(read_bytes(folder / "b.safetensors") == bytes);
}

TEST_CASE("numbers convert when nothing but precision can be lost") {
    const test::TemporaryFolder folder;
    SafeTensorsWriter writer;
    writer.add("double", {1}, std::vector<double>{0.1});
    writer.add("large", {2}, std::vector<std::int64_t>{3, 300});
    writer.write(folder / "a.safetensors");
    const auto file = SafeTensors::load(folder / "a.safetensors");
    CHECK(file.at("double").to<float>()[0] == 0.1f);
    CHECK(file.at("large").to<double>()[1] == 300.0);
    CHECK(file.at("large").to<std::int32_t>()[1] == 300);
    CHECK(contains(error_text<IoError>([&] { (void)file.at("large").to<std::uint8_t>(); }), "300"));
    CHECK(contains(error_text<IoError>([&] { (void)file.at("double").to<std::int64_t>(); }), "integers"));
}

TEST_CASE("half-precision numbers are widened exactly") {
    CHECK(float_from_half(0x3C00) == 1.0f);
    CHECK(float_from_half(0xC000) == -2.0f);
    CHECK(float_from_half(0x7BFF) == 65504.0f);
    CHECK(float_from_half(0x0001) == 0x1p-24f);
    CHECK(float_from_half(0x03FF) == 1023.0f * 0x1p-24f);
    CHECK(float_from_half(0x3555) == 0.333251953125f);
    CHECK(std::isinf(float_from_half(0xFC00)));
    CHECK(std::signbit(float_from_half(0xFC00)));
    CHECK(std::isnan(float_from_half(0x7E00)));
    CHECK(float_from_bfloat16(0x3F80) == 1.0f);
    CHECK(float_from_bfloat16(0xC049) == -3.140625f);
}

TEST_CASE("an unknown name is answered with the nearest ones") {
    const test::TemporaryFolder folder;
    SafeTensorsWriter writer;
    for (const char* name : {"blocks.0.norm1.weight", "blocks.0.norm2.weight", "cls_token"})
        writer.add(name, {1}, std::vector<float>{0.0f});
    writer.write(folder / "a.safetensors");
    const auto file = SafeTensors::load(folder / "a.safetensors");
    CHECK_FALSE(file.contains("blocks.0.norm.weight"));
    const auto text = error_text<IoError>([&] { (void)file.at("blocks.0.norm1.wieght"); });
    CHECK(contains(text, "among 3; the nearest are blocks.0.norm1.weight, "));
    CHECK(contains(text, (folder / "a.safetensors").string()));
}

TEST_CASE("the writer refuses what does not fit before anything is written") {
    SafeTensorsWriter writer;
    const std::vector<float> values(6);
    writer.add("a", {2, 3}, values);
    CHECK(contains(error_text<ShapeError>([&] {
                       writer.add("b", {2, 4}, values);
                   }),
                   "(2, 4) needs 8 values, 6"));
    CHECK_THROWS_AS(writer.add("a", {6}, values), IoError);
    CHECK_THROWS_AS(writer.add("__metadata__", {6}, values), IoError);
}

TEST_CASE("the reference files are read") {
    const auto file = test::golden_tensors("mae");
    const auto config = test::golden_json("mae").at("config");
    const auto images = file.at("images");
    CHECK(images.shape[0] == config.at("batch").get<Index>());
    CHECK(images.shape[2] == config.at("mae").at("img_size").get<Index>());
    CHECK(images.type == ElementType::F64);
    CHECK(images.to<double>().size() == static_cast<std::size_t>(images.shape.size()));
    CHECK(file.at("ids_shuffle").to<std::int64_t>().size() ==
          static_cast<std::size_t>(file.at("ids_shuffle").shape.size()));
}

}  // namespace safetensors_test
