// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/landscape/surface.hpp>
#include <vitscape/landscape/volume.hpp>

namespace vitscape {

/// A surface and its metadata (model, data, seed, normalization, ...).
struct StoredSurface {
    Surface surface;
    nlohmann::ordered_json metadata = nlohmann::ordered_json::object();
};

/// A format of files that hold a surface: the endings of their names, and `write`, which replaces the file atomically. It may
/// have `load`, and `require`, which throws a ConfigError where a library that it needs is missing.
template <class F>
concept SurfaceFormat = requires(const std::filesystem::path& path, const Surface& surface,
                                 const nlohmann::ordered_json& metadata) {
    { *F::endings.begin() } -> std::convertible_to<std::string_view>;
    F::write(path, surface, metadata);
};
/// One that also holds volumes.
template <class F>
concept VolumeFormat = SurfaceFormat<F> && requires(const std::filesystem::path& path, const Volume& volume,
                                                    const nlohmann::ordered_json& metadata) {
    F::write(path, volume, metadata);
};
/// One that is also read.
template <class F>
concept ReadableSurfaceFormat = SurfaceFormat<F> && requires(const std::filesystem::path& path) {
    { F::load(path) } -> std::same_as<StoredSurface>;
};

/// Path of one of a surface's files: the prefix with a suffix appended, whether or not it contains dots.
[[nodiscard]] inline std::filesystem::path surface_path(const std::filesystem::path& prefix,
                                                        std::string_view ending) {
    std::filesystem::path path = prefix;
    path += ending;
    return path;
}

/// A list of formats, among which the ending of a file's name chooses.
template <SurfaceFormat... Formats>
struct SurfaceFormats {
    /// Each ending, with its dot: ".json".
    [[nodiscard]] static std::vector<std::string> endings() {
        return endings_of([&]<class F>() { return true; });
    }

    /// Those of formats that also hold volumes.
    [[nodiscard]] static std::vector<std::string> volume_endings() {
        return endings_of([&]<class F>() { return VolumeFormat<F>; });
    }
    /// @throws as `require`, and ConfigError where the format holds no volumes, with those that do
    static void require_volume(std::string_view ending) {
        require(ending);
        with_format(ending, [&]<class F>() {
            if (!VolumeFormat<F>)
                throw ConfigError(message("files that end in ", ending, " hold no volumes; those that do are",
                                          listed(volume_endings())));
        });
    }

    /// @throws ConfigError where no format has this ending, with all that there are, or a library that it needs is missing
    static void require(std::string_view ending) {
        with_format(ending, [&]<class F>() {
            if constexpr (requires { F::require(); }) F::require();
        });
    }

    /// Replaces the file `path`, in the format of its ending, atomically.
    /// @throws ConfigError as `require`; IoError if the file cannot be written
    static void write(const std::filesystem::path& path, const Surface& surface,
                      const nlohmann::ordered_json& metadata = nlohmann::ordered_json::object()) {
        require(path.extension().string());
        with_format(path.extension().string(), [&]<class F>() { F::write(path, surface, metadata); });
    }

    /// The same of a volume. @throws as `require_volume`; IoError if the file cannot be written
    static void write(const std::filesystem::path& path, const Volume& volume,
                      const nlohmann::ordered_json& metadata = nlohmann::ordered_json::object()) {
        require_volume(path.extension().string());
        with_format(path.extension().string(), [&]<class F>() {
            if constexpr (VolumeFormat<F>) F::write(path, volume, metadata);
        });
    }

    /// Writes PREFIX followed by each ending, in this order; nothing where one of them cannot be written by this build.
    /// @throws as `write`
    static void write_all(const std::filesystem::path& prefix, const std::vector<std::string>& endings,
                          const Surface& surface,
                          const nlohmann::ordered_json& metadata = nlohmann::ordered_json::object()) {
        for (const std::string& ending : endings) require(ending);
        for (const std::string& ending : endings) write(surface_path(prefix, ending), surface, metadata);
    }
    static void write_all(const std::filesystem::path& prefix, const std::vector<std::string>& endings,
                          const Volume& volume,
                          const nlohmann::ordered_json& metadata = nlohmann::ordered_json::object()) {
        for (const std::string& ending : endings) require_volume(ending);
        for (const std::string& ending : endings) write(surface_path(prefix, ending), volume, metadata);
    }

    /// @throws IoError where the file cannot be read, or is of a format that is not
    [[nodiscard]] static StoredSurface load(const std::filesystem::path& path) {
        require(path.extension().string());
        std::optional<StoredSurface> stored;
        with_format(path.extension().string(), [&]<class F>() {
            if constexpr (ReadableSurfaceFormat<F>) stored = F::load(path);
        });
        if (!stored)
            throw IoError(message("surfaces are not read from ", path.string(), " but from files that end in",
                                  listed(endings_of([&]<class F>() { return ReadableSurfaceFormat<F>; }))));
        return *std::move(stored);
    }

  private:
    template <class Wanted>
    static std::vector<std::string> endings_of(const Wanted& wanted) {
        std::vector<std::string> all;
        const auto add = [&]<class F>(const F*) {
            if (wanted.template operator()<F>()) all.insert(all.end(), F::endings.begin(), F::endings.end());
        };
        (add(static_cast<const Formats*>(nullptr)), ...);
        return all;
    }
    template <class Work>
    static void with_format(std::string_view ending, const Work& work) {
        bool found = false;
        const auto try_format = [&]<class F>(const F*) {
            for (const std::string_view one : F::endings)
                if (!found && one == ending) {
                    found = true;
                    work.template operator()<F>();
                }
        };
        (try_format(static_cast<const Formats*>(nullptr)), ...);
        if (!found)
            throw ConfigError(
                message("no format of surfaces has the ending '", ending, "'; known are", listed(endings())));
    }
    static std::string listed(const std::vector<std::string>& endings) {
        std::string text;
        for (const std::string& ending : endings) text += (text.empty() ? " " : ", ") + ending;
        return text;
    }
};

}  // namespace vitscape
