// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <vitscape/backend/cuda/error.hpp>

#include "support/catch.hpp"

namespace errors_test {

using namespace vitscape;
using gpu::DeviceProblem;

namespace {

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string problem(DeviceProblem kind) {
    gpu::DeviceReport report;
    report.problem = kind;
    report.index = 2;
    report.devices = 2;
    report.driver_version = 12040;
    report.runtime_version = 13000;
    report.name = "Old GPU";
    report.detail = "its own words";
    report.capability_major = 7;
    report.capability_minor = 5;
    return gpu::detail::device_problem_text(report);
}

}  // namespace

TEST_CASE("a GPU that cannot be used: one sentence with what is wrong and the remedy", "[cuda]") {
    for (const DeviceProblem kind :
         {DeviceProblem::no_driver, DeviceProblem::old_driver, DeviceProblem::no_device,
          DeviceProblem::no_such_index, DeviceProblem::no_code, DeviceProblem::other}) {
        const std::string text = problem(kind);
        INFO(text);
        CHECK(holds(text, "GPU 2 was requested"));
        CHECK(holds(text, "or run with --backend cpu"));
        CHECK(!holds(text, "\n"));
        CHECK(!holds(text, ". "));
    }
    CHECK(holds(problem(DeviceProblem::no_driver), "no NVIDIA driver is installed"));
    CHECK(holds(problem(DeviceProblem::old_driver), "supports CUDA 12.4"));
    CHECK(holds(problem(DeviceProblem::old_driver), "built with 13.0"));
    CHECK(holds(problem(DeviceProblem::no_device), "CUDA_VISIBLE_DEVICES"));
    CHECK(holds(problem(DeviceProblem::no_such_index), "GPUs 0 to 1"));
    CHECK(holds(problem(DeviceProblem::no_code), "Old GPU, compute capability 7.5"));
    CHECK(holds(problem(DeviceProblem::no_code), "-DCMAKE_CUDA_ARCHITECTURES=75"));
    CHECK(holds(problem(DeviceProblem::other), "its own words"));
}

TEST_CASE("a GPU's errors are vitscape's errors", "[cuda]") {
    CHECK_THROWS_AS(throw gpu::OutOfDeviceMemory(1, {}, 0), gpu::DeviceError);
    CHECK_THROWS_AS(throw gpu::CaptureError("x"), gpu::DeviceError);
    CHECK_THROWS_AS(throw gpu::DeviceError("x"), Error);
}

TEST_CASE("bytes are written with a unit that suits them", "[cuda]") {
    CHECK(gpu::detail::bytes_text(0) == "0 B");
    CHECK(gpu::detail::bytes_text(1023) == "1023 B");
    CHECK(gpu::detail::bytes_text(1536) == "1.5 KiB");
    CHECK(gpu::detail::bytes_text(std::size_t{80} << 30) == "80.0 GiB");
    CHECK(gpu::detail::bytes_text(std::size_t{5000} << 40) == "5000.0 TiB");
}

}  // namespace errors_test
