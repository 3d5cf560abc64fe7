// SPDX-License-Identifier: Apache-2.0
//
// Every test here runs in two processes at once, which mpi.sh starts; each makes the other's calls too. Tests with
// a tag that begins with a dot need a start of their own.
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/distributed/gradient_sum.hpp>
#include <vitscape/distributed/launched_processes.hpp>
#include <vitscape/distributed/mpi.hpp>
#include <vitscape/distributed/tree_sum.hpp>

#include "distributed/processes/connection.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace mpi_test {

using namespace vitscape;
using test::mpi;

namespace {

static_assert(CommunicatorFor<Mpi, Cpu<float>>);
static_assert(CommunicatorFor<Mpi, Cpu<double>>);
static_assert(!single_process<Mpi>);
static_assert(PassingCommunicator<Mpi, Cpu<float>>);
static_assert(PassingCommunicator<LaunchedProcesses, Cpu<float>>);
static_assert(!single_process<LaunchedProcesses> && !WaitingCommunicator<LaunchedProcesses, Cpu<float>>);

/// What process `rank` brings into a sum.
template <class T>
std::vector<double> brought(std::size_t n, int rank) {
    std::vector<double> numbers =
        test::random_numbers(static_cast<Index>(n), static_cast<std::uint32_t>(rank));
    for (double& x : numbers) x = static_cast<double>(static_cast<T>(x));
    return numbers;
}
/// The sum of both in the precision T.
template <class T>
std::vector<double> joint(std::size_t n) {
    const std::vector<double> a = brought<T>(n, 0), b = brought<T>(n, 1);
    std::vector<double> sum(n);
    for (std::size_t i = 0; i < n; ++i)
        sum[i] = static_cast<double>(static_cast<T>(a[i]) + static_cast<T>(b[i]));
    return sum;
}

}  // namespace

TEST_CASE("there are two processes", "[mpi]") {
    REQUIRE(mpi().size() == 2);
    REQUIRE((mpi().rank() == 0 || mpi().rank() == 1));
    mpi().barrier();
}

TEST_CASE("numbers for logs are summed over processes", "[mpi]") {
    std::vector<double> numbers{1.5, 10.0 * mpi().rank(), -1e300};
    mpi().sum(numbers.data(), numbers.size());
    CHECK(bool(numbers == std::vector<double>{3, 10, -2e300}));
    CHECK(sum_over_processes(mpi(), mpi().rank() == 0 ? 0.25 : 4) == 4.25);
    mpi().sum(nullptr, 0);
}

TEMPLATE_TEST_CASE("vectors are summed and broadcast", "[mpi]", float, double) {
    Cpu<TestType> backend(1);
    const std::size_t n = 1001;
    Vector<Cpu<TestType>> vector(backend, brought<TestType>(n, mpi().rank()));
    mpi().start_sum(backend, 500, vector.data() + 501);
    mpi().start_sum(backend, 501, vector.data());
    mpi().finish(backend);
    CHECK(bool(vector.to_host() == joint<TestType>(n)));

    for (const int root : {0, 1}) {
        Vector<Cpu<TestType>> theta(backend, brought<TestType>(n, mpi().rank()));
        mpi().broadcast(backend, 1000, theta.data() + 1, root);
        std::vector<double> expected = brought<TestType>(n, root);
        expected[0] = brought<TestType>(n, mpi().rank())[0];  // was not part of it
        CHECK(bool(theta.to_host() == expected));
    }
    mpi().finish(backend);  // nothing was started
}

TEMPLATE_TEST_CASE("a gradient's sum has the bits of a serial one, whatever its chunks", "[mpi]", float,
                   double) {
    const std::size_t n = 70001;
    const std::vector<double> expected = joint<TestType>(n);
    Cpu<TestType> backend(1);
    for (const std::size_t bytes : {std::size_t{4096}, std::size_t{100000}, std::size_t{4} << 20U}) {
        GradientSum<Mpi, Cpu<TestType>> sum(mpi(), bytes);
        for (const Index layer : {Index{70001}, Index{9000}, Index{257}}) {
            Vector<Cpu<TestType>> gradient(backend, Index{70001});
            const std::vector<double> own = brought<TestType>(n, mpi().rank());
            sum.begin(gradient);
            // A backward pass that writes layer after layer, in one process slower than in the other.
            for (Index end = gradient.size(); end > 0;) {
                const Index first = std::max<Index>(0, end - layer);
                backend.upload(end - first, own.data() + first, gradient.data() + first);
                sum.final_from(first);
                if (mpi().rank() == 1 && layer == 9000)
                    std::this_thread::sleep_for(std::chrono::milliseconds(1));
                end = first;
            }
            sum.finish();
            CHECK(bool(gradient.to_host() == expected));
        }
    }
}

TEMPLATE_TEST_CASE("numbers pass from one process to another", "[mpi]", float, double) {
    Cpu<TestType> backend(1);
    const int rank = mpi().rank();
    const std::size_t n = 70001;  // more than MPI sends before it is received
    Vector<Cpu<TestType>> vector(backend, brought<TestType>(n, rank));
    if (rank == 1)
        mpi().send(backend, vector.size(), vector.data(), 0);
    else
        mpi().receive(backend, vector.size(), vector.data(), 1);
    CHECK(bool(vector.to_host() == brought<TestType>(n, 1)));

    TreeSum<Cpu<TestType>, Mpi> sum(backend, mpi(), 2);
    Vector<Cpu<TestType>> total(backend, Index{70001});
    sum.add(Vector<Cpu<TestType>>(backend, brought<TestType>(n, rank)));
    sum.finish(total);
    CHECK(bool(total.to_host() == (rank == 0 ? joint<TestType>(n) : std::vector<double>(n))));
}

TEST_CASE("processes that a launcher started are connected", "[mpi]") {
    LaunchedProcesses alone = LaunchedProcesses::connect({});
    CHECK(alone.size() == 1);
    CHECK(sum_over_processes(alone, 3) == 3);
    LaunchedProcesses both = LaunchedProcesses::connect({mpi().rank(), 2, mpi().rank()});
    CHECK(both.rank() == mpi().rank());
    CHECK(both.local_rank() == mpi().rank());
    CHECK(sum_over_processes(both, 1 + both.rank()) == 3);
    Cpu<float> backend(1);
    const Vector<Cpu<float>> vector(backend, brought<float>(100, mpi().rank()));
    GradientSum<LaunchedProcesses, Cpu<float>> sum(both);
    sum.begin(vector);
    sum.finish();
    CHECK(bool(vector.to_host() == joint<float>(100)));
    CHECK(test::contains(test::error_text<ConfigError>([] {
                             (void)LaunchedProcesses::connect({mpi().rank(), 3, 0});
                         }),
                         "the launcher started 3 processes, but MPI connects 2"));
    CHECK(test::contains(test::error_text<ConfigError>([&] { both.use_device(0); }), "need NCCL"));
}

TEST_CASE("an MPI call that fails is named, with MPI's own words", "[mpi]") {
    Cpu<float> backend(1);
    const Vector<Cpu<float>> vector(backend, Index{4});
    const std::string text =
        test::error_text<CommunicationError>([&] { mpi().broadcast(backend, 4, vector.data(), 7); });
    CHECK(test::contains(text, "MPI_Bcast failed: "));
    CHECK(test::contains(text, "root"));
    mpi().barrier();  // the connection still works
}

TEST_CASE("a program may have started MPI itself, and then ends it", "[.owner]") {
    REQUIRE(MPI_Init(nullptr, nullptr) == MPI_SUCCESS);
    int finalized = 1;
    {
        Mpi first;
        Mpi copy = first;
        first = Mpi();
        CHECK(sum_over_processes(copy, 1) == 2);
        CHECK(sum_over_processes(first, 1) == 2);
    }
    REQUIRE(MPI_Finalized(&finalized) == MPI_SUCCESS);
    REQUIRE(finalized == 0);
    CHECK(MPI_Barrier(MPI_COMM_WORLD) == MPI_SUCCESS);
    MPI_Finalize();
    CHECK(test::contains(test::error_text<CommunicationError>([] { Mpi(); }), "cannot be started again"));
}

TEST_CASE("the last copy ends MPI", "[.last]") {
    int finalized = 1;
    {
        const Mpi first;
        {
            Mpi copy = first;
            copy.barrier();
        }
        REQUIRE(MPI_Finalized(&finalized) == MPI_SUCCESS);
        CHECK(finalized == 0);
    }
    REQUIRE(MPI_Finalized(&finalized) == MPI_SUCCESS);
    CHECK(finalized == 1);
}

// The next two must fail, and soon, although process 0 waits for what process 1 never sends.

TEST_CASE("a process that leaves by an exception does not leave the other one waiting", "[.leaves]") {
    Mpi connection;
    if (connection.rank() == 1) throw std::runtime_error("process 1 has lost its images");
    connection.barrier();
}

TEST_CASE("a process that caught the exception of its backward pass cannot go on", "[.abandons]") {
    Mpi& connection = mpi();  // ends with the program, when no exception is on its way
    Cpu<float> backend(1);
    const Vector<Cpu<float>> gradient(backend, Index{1000});
    try {
        GradientSum<Mpi, Cpu<float>> sum(connection, 64);
        sum.begin(gradient);
        sum.final_from(500);
        if (connection.rank() == 1) throw std::runtime_error("out of memory");
        sum.finish();
    } catch (const std::runtime_error&) {
        CHECK_THROWS_AS(connection.barrier(), CommunicationError);
        FAIL("process 1 gave up");
    }
}

}  // namespace mpi_test
