// SPDX-License-Identifier: Apache-2.0
//
// HDF5 files, as surfaces, as directions of a model of two small parameters and as trajectories.
#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/landscape/formats/hdf5.hpp>
#include <vitscape/landscape/hdf5_directions.hpp>

#include "fuzz.hpp"

namespace {

vitscape::ParameterLayout small_layout() {
    using namespace vitscape;
    ParameterLayout layout;
    layout.add("a", Shape{2, 2}, ParameterKind::weight, Initializer::zeros());
    layout.add("b", Shape{3}, ParameterKind::bias, Initializer::zeros());
    return layout;
}

/// A file with a name of its own, since HDF5 follows links, and one to a file in memory leads nowhere.
const std::filesystem::path& file_of(std::span<const std::uint8_t> bytes) {
    static const auto path = std::filesystem::temp_directory_path() / "input.h5";
    const auto file = vitscape::detail::open_file(path, O_WRONLY | O_CREAT | O_TRUNC, "write");
    vitscape::detail::write_all(file.number(), std::as_bytes(bytes), path);
    return path;
}

template <class Read>
void attempt(const Read& read) {
    try {
        read();
    } catch (const vitscape::Error&) {
    }
}

}  // namespace

// What the library does with damaged files, and does no harm: it forgets some memory, and asks for as much as a file claims,
// which it would not touch before it has seen that the file is not as long. Here it gets none; `new` that gets none is reported.
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }
extern "C" const char* __asan_default_options() {
    return "allocator_may_return_null=1:max_allocation_size_mb=400";
}

void read_input(std::span<const std::uint8_t> bytes) {
    static const vitscape::ParameterLayout layout = small_layout();
    const auto& path = file_of(bytes);
    attempt([&] {
        const auto stored = vitscape::Hdf5Format::load(path);
        (void)vitscape::surface_json(stored.surface, stored.metadata);
    });
    attempt([&] { (void)vitscape::load_hdf5_directions(vitscape::Cpu<float>{}, path, layout); });
    attempt([&] { (void)vitscape::load_hdf5_trajectory(path); });
}
