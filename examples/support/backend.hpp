// SPDX-License-Identifier: Apache-2.0
//
// Where a program computes. Each program is compiled once by a C++ compiler, for processors, and where there is a CUDA
// compiler once more by that, as <name>_cuda, for devices; `--backend cuda` hands over from the first to the second.
#pragma once

#include <filesystem>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include <vitscape/core/memory.hpp>
#include <vitscape/distributed/launch.hpp>

#include "options.hpp"

#include <unistd.h>

#if defined(__CUDACC__)
#include <vitscape/backend/thrust/thrust.hpp>
#else
#include <vitscape/backend/eigen/cpu.hpp>
#endif

namespace program {

/// Whether a program offers bfloat16 on processors; devices do in all.
enum class HalfOnProcessors { offered, not_offered };

/// Options that say where and how exactly to compute.
struct BackendOptions {
#if defined(__CUDACC__)
    std::string backend = "cuda";
#else
    std::string backend = "cpu";
#endif
    std::string precision = "float";
    int threads = 0, device = 0;
    bool tune_products = false;

    void add(CLI::App& app) {
        add_choice(app, "--backend", backend, {"cpu", "cuda"}, "where to compute");
        add_choice(
            app, "--precision", precision, {"float", "bf16", "auto"},
            "of activations; bf16 keeps parameters and sums in float and needs less time on a device and on "
            "processors with AVX512_BF16 or AMX; auto takes it where it is faster");
        add_number(app, "--device", device, vitscape::Range::count(0, 1023), "number of the CUDA device");
        app.add_flag(
               "--tune-products", tune_products,
               "on a CUDA device: time the algorithms of each matrix product at its first use and take the "
               "fastest; two runs may then differ in the last bits; pretrain --resume goes on with the "
               "algorithms of its "
               "checkpoint")
            ->always_capture_default(false);
        add_number(app, "--threads", threads, vitscape::Range::count(0, 1024),
                   "processor threads; 0: OMP_NUM_THREADS, or all. Results do not depend on it");
    }

    /// Replaces this process by the program built for the chosen backend, and decides on the precision; to be called before any work.
    /// @throws ConfigError if there is no such program, or it does not offer the precision
    void dispatch(char** argv, HalfOnProcessors half_here = HalfOnProcessors::offered) {
        using namespace vitscape;
#if defined(__CUDACC__)
        if (backend == "cpu")
            throw ConfigError(
                "this program was compiled for CUDA devices; the one without _cuda in its name "
                "computes on processors");
        gpu::require_device(device);
        if (precision == "auto") precision = "bf16";
        (void)argv;
        (void)half_here;
#else
        if (backend == "cpu") {
            if (tune_products)
                throw ConfigError(
                    "--tune-products is about the matrix products of a CUDA device; give --backend cuda, or "
                    "leave it out");
            const bool offered = half_here == HalfOnProcessors::offered;
            if (precision == "bf16" && !offered)
                throw ConfigError(
                    "--precision bf16 needs --backend cuda; on processors this program computes in float");
            if (precision == "bf16" && !multiplies_bfloat16()) {
                std::cerr
                    << "--precision bf16: this processor has no products of bfloat16 (AVX512_BF16 or AMX, by "
                       "oneDNN); computing in float\n";
                precision = "float";
            }
            if (precision == "auto") precision = offered && bfloat16_is_faster() ? "bf16" : "float";
            return;
        }
        std::error_code error;
        const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
        const std::filesystem::path other =
            (error ? std::filesystem::path(argv[0]) : self).string() + "_cuda";
        if (!std::filesystem::exists(other))
            throw ConfigError(
                message("--backend cuda needs ", other.string(),
                        ", which is built where a CUDA compiler is found, and is not there; put "
                        "nvcc of the CUDA Toolkit on the path, configure and build again, or use "
                        "--backend cpu"));
        execv(other.c_str(), argv);
        throw ConfigError(message(other.string(), " could not be started"));
#endif
    }

    /// Where `backend` computes, for people.
    template <class B>
    [[nodiscard]] std::string describe(const B& chosen) const {
#if defined(__CUDACC__)
        return chosen.execution().context().properties().name + ", " + precision;
#else
        return std::to_string(chosen.threads()) + " threads, " + precision;
#endif
    }
    /// Bytes of the memory that `backend` computes in.
    [[nodiscard]] double memory() const {
#if defined(__CUDACC__)
        std::size_t free = 0, total = 0;
        return cudaSetDevice(device) == cudaSuccess && cudaMemGetInfo(&free, &total) == cudaSuccess
                   ? static_cast<double>(free)
                   : std::numeric_limits<double>::infinity();
#else
        return vitscape::available_memory();
#endif
    }
    /// Of one number there.
    [[nodiscard]] double bytes_of_a_number() const { return precision == "bf16" ? 2 : 4; }
    /// Calls `work(backend)`. A program that does not offer bfloat16 on processors is not compiled for it.
    template <HalfOnProcessors half_here = HalfOnProcessors::offered, class Work>
    void with_backend(const Work& work) const {
#if defined(__CUDACC__)
        const vitscape::gpu::ContextOptions options{.device = device, .tune_products = tune_products};
        if (precision == "bf16")
            work(vitscape::Cuda<vitscape::bfloat16>(options));
        else
            work(vitscape::Cuda<float>(options));
#else
        if constexpr (half_here == HalfOnProcessors::offered)
            if (precision == "bf16") return work(vitscape::Cpu<vitscape::bfloat16>(threads));
        work(vitscape::Cpu<float>(threads));
#endif
    }
};

/// Takes the device of this process: as many after --device as there are processes before it on this machine; the only one that it
/// sees, where the launcher gives each its own. To be called before `dispatch`.
inline void take_device([[maybe_unused]] BackendOptions& options,
                        [[maybe_unused]] const vitscape::ProcessPlace& place) {
#if defined(__CUDACC__)
    int devices = 0;
    if (cudaGetDeviceCount(&devices) == cudaSuccess && devices > 1) options.device += place.local_rank;
#endif
}

}  // namespace program
