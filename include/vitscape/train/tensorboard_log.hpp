// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/io/event_file.hpp>
#include <vitscape/train/training_state.hpp>

#include <unistd.h>

namespace vitscape {

/// Callback: what a `JsonLog` writes of each epoch, as curves for TensorBoard over the number of epochs: `loss`,
/// `learning_rate`, `images_per_second`, `seconds` and the metrics, in `folder/events.out.tfevents.TIME.HOST.PROCESS`. Each
/// `fit` begins a new file, whose first records make TensorBoard drop epochs of earlier files that are done again; their names
/// ascend, whatever the clock says. List it before `SaveEvery`, so that no checkpoint is ahead of it.
class TensorBoardLog {
  public:
    /// @param folder  empty: nothing is written
    explicit TensorBoardLog(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// @throws IoError where the file cannot be written, here and after each epoch
    template <class T>
    void on_start(T& trainer, const TrainOptions&) {
        if (folder_.empty()) return;
        require_writable_folder(folder_);
        std::array<char, 256> host{};
        if (::gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') host = {"host"};
        path_ = folder_ / message(start, next_time(), ".", host.data(), ".", ::getpid());
        append_durably(path_, event_file_version(now()) +
                                  event_of_restart(now(), std::int64_t{trainer.state().epoch} + 1));
    }
    template <class T>
    void on_epoch(T&, const EpochRecord& record) {
        if (folder_.empty()) return;
        std::vector<std::pair<std::string, double>> scalars{{"loss", record.loss},
                                                            {"learning_rate", record.learning_rate},
                                                            {"images_per_second", record.images_per_second},
                                                            {"seconds", record.seconds}};
        scalars.insert(scalars.end(), record.metrics.begin(), record.metrics.end());
        append_durably(path_, event_of_scalars(now(), record.epoch, scalars));
    }

    /// The file of the present training; empty before it starts.
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    static constexpr std::string_view start = "events.out.tfevents.";

    static double now() {
        return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    }
    /// Seconds since 1970, and more than in the name of any file that is there: TensorBoard reads them in this order.
    [[nodiscard]] std::int64_t next_time() const {
        auto time = static_cast<std::int64_t>(now());
        for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
            const std::string name = entry.path().filename().string();
            std::int64_t earlier = 0;
            if (name.starts_with(start) &&
                std::from_chars(name.data() + start.size(), name.data() + name.size(), earlier).ec ==
                    std::errc{})
                time = std::max(time, earlier + 1);
        }
        return time;
    }

    std::filesystem::path folder_, path_;
};

}  // namespace vitscape
