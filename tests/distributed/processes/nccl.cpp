// SPDX-License-Identifier: Apache-2.0
//
// NCCL over all GPUs of this machine, one host thread for each; with one GPU the sums have one term. Needs CUDA
// and NCCL, not nvcc.
#include <cstddef>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include <vitscape/distributed/nccl.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace nccl_test {

using namespace vitscape;

namespace {

static_assert(Communicator<Nccl>);
static_assert(!single_process<Nccl>);

/// What of a backend a communicator uses.
struct StreamAlone {
    gpu::detail::Stream own = gpu::detail::make_stream();
    [[nodiscard]] cudaStream_t stream() const { return own.get(); }
};

template <class T>
class DeviceNumbers {
  public:
    DeviceNumbers(const StreamAlone& backend, const std::vector<T>& host)
        : stream_(backend.stream()),
          size_(host.size()),
          bytes_(gpu::detail::make_device_bytes(host.size() * sizeof(T), 0)) {
        gpu::check(cudaMemcpyAsync(data(), host.data(), size_ * sizeof(T), cudaMemcpyHostToDevice, stream_),
                   "upload");
    }
    [[nodiscard]] T* data() const { return static_cast<T*>(bytes_.get()); }
    [[nodiscard]] std::vector<T> host() const {
        std::vector<T> result(size_);
        gpu::check(cudaMemcpyAsync(result.data(), data(), size_ * sizeof(T), cudaMemcpyDeviceToHost, stream_),
                   "download");
        gpu::check(cudaStreamSynchronize(stream_), "download");
        return result;
    }

  private:
    cudaStream_t stream_;
    std::size_t size_;
    gpu::detail::DeviceBytes bytes_;
};

/// body(communicator) in a thread for each GPU; rethrows what one of them threw. Catch's macros are not for
/// several threads.
template <class Body>
void on_all_gpus(const Body& body) {
    const int gpus = gpu::device_count();
    REQUIRE(gpus > 0);
    const ncclUniqueId id = Nccl::unique_id();
    std::vector<std::exception_ptr> errors(static_cast<std::size_t>(gpus));
    {
        std::vector<std::jthread> threads;
        threads.reserve(errors.size());
        for (int rank = 0; rank < gpus; ++rank)
            threads.emplace_back([&, rank] {
                try {
                    Nccl communicator(rank, gpus, id, rank);
                    body(communicator);
                } catch (...) {
                    errors[static_cast<std::size_t>(rank)] = std::current_exception();
                }
            });
    }
    for (const std::exception_ptr& error : errors)
        if (error) std::rethrow_exception(error);
}

void require(bool condition, const char* what) {
    if (!condition) throw Error(what);
}

template <class T>
std::vector<T> brought(std::size_t n, int rank) {
    std::vector<T> numbers(n);  // small whole numbers: any order of additions gives the same sum
    for (std::size_t i = 0; i < n; ++i)
        numbers[i] = static_cast<T>((i * 7 + static_cast<std::size_t>(rank)) % 101);
    return numbers;
}

}  // namespace

TEMPLATE_TEST_CASE("NCCL sums and broadcasts vectors beside the computation", "[nccl]", float, double) {
    on_all_gpus([](Nccl& communicator) {
        const std::size_t n = 100001;
        std::vector<TestType> joint(n);
        for (int rank = 0; rank < communicator.size(); ++rank) {
            const std::vector<TestType> part = brought<TestType>(n, rank);
            for (std::size_t i = 0; i < n; ++i) joint[i] += part[i];
        }
        StreamAlone backend;
        const DeviceNumbers<TestType> numbers(backend, brought<TestType>(n, communicator.rank()));
        communicator.start_sum(backend, 1, numbers.data() + 100000);
        communicator.start_sum(backend, 100000, numbers.data());
        communicator.finish(backend);
        require(numbers.host() == joint, "the sum is wrong");

        const int root = communicator.size() - 1;
        const DeviceNumbers<TestType> theta(backend, brought<TestType>(n, communicator.rank()));
        communicator.broadcast(backend, static_cast<Index>(n), theta.data(), root);
        require(theta.host() == brought<TestType>(n, root), "the broadcast is wrong");
    });
}

TEST_CASE("NCCL sums host numbers, also more than it moves at once", "[nccl]") {
    on_all_gpus([](Nccl& communicator) {
        std::vector<double> numbers(1300, communicator.rank() + 1);
        communicator.sum(numbers.data(), numbers.size());
        double expected = 0;
        for (int rank = 0; rank < communicator.size(); ++rank) expected += rank + 1;
        require(numbers == std::vector<double>(1300, expected), "the sum of host numbers is wrong");
        communicator.barrier();
    });
}

TEST_CASE("an NCCL call that fails is named; after giving up nothing goes on", "[nccl]") {
    on_all_gpus([](Nccl& communicator) {
        StreamAlone backend;
        const DeviceNumbers<float> numbers(backend, {1, 2, 3});
        const std::string text = test::error_text<CommunicationError>(
            [&] { communicator.broadcast(backend, 3, numbers.data(), communicator.size()); });
        require(test::contains(text, "ncclBroadcast failed: "), "the error does not name the call");
        communicator.abandon();
        const std::string ended = test::error_text<CommunicationError>([&] { communicator.barrier(); });
        require(test::contains(ended, "must end"), "a call after abandon() does not fail");
    });
}

TEST_CASE("NCCL connects the processes of another communicator and those of a launcher", "[nccl]") {
    Nccl one(SingleProcess{}, 0);
    CHECK(one.size() == 1);
    CHECK(sum_over_processes(one, 2.5) == 2.5);
    Nccl launched = Nccl::launched({0, 1, 0});
    CHECK(launched.rank() == 0);
    CHECK(sum_over_processes(launched, 2.5) == 2.5);
}

}  // namespace nccl_test
