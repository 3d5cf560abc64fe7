// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the context and of its products share: the fake device as new, and memory on it.
#pragma once

#include <cstddef>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/backend/cuda/context.hpp>

#include "fake_device.hpp"
#include "support/catch.hpp"

namespace vitscape::test {

/// The device as new before, without faults and with nothing left after.
struct Fixture {
    Fixture() { fake::device = {}; }
    ~Fixture() {
        fake::finish_all();
        CHECK((fake::device.faults == std::vector<std::string>{}));
        CHECK(fake::device.memory.empty());
        CHECK(fake::device.pinned.empty());
        CHECK(fake::device.streams.empty());
        CHECK(fake::device.events == 0);
        CHECK(fake::device.handles == 0);
    }
};

/// `count` numbers from `first` on, each one more.
inline std::vector<float> numbers(std::size_t count, float first) {
    std::vector<float> result(count);
    std::iota(result.begin(), result.end(), first);
    return result;
}

/// Device memory that lives as long as this.
template <class T>
struct Array {
    Array(std::shared_ptr<gpu::Context> c, std::size_t n)
        : context(std::move(c)), count(n), data(static_cast<T*>(context->allocate(n * sizeof(T)))) {}
    Array(std::shared_ptr<gpu::Context> c, const std::vector<T>& host) : Array(std::move(c), host.size()) {
        context->upload_bytes(host.data(), data, count * sizeof(T));
    }
    Array(const Array&) = delete;
    Array& operator=(const Array&) = delete;
    ~Array() { context->release(data, count * sizeof(T)); }
    [[nodiscard]] std::vector<T> read() const {
        std::vector<T> host(count);
        context->download_bytes(data, host.data(), count * sizeof(T));
        return host;
    }
    std::shared_ptr<gpu::Context> context;
    std::size_t count;
    T* data;
};

}  // namespace vitscape::test
