// SPDX-License-Identifier: Apache-2.0
//
// Patches gathered by the processor and by a backend's primitives, compared with one copied after another.
#include <algorithm>
#include <array>
#include <numeric>
#include <type_traits>

#include <vitscape/backend/plane_jets.hpp>
#include <vitscape/nn/gather_patches.hpp>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace gather_patches_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

constexpr PatchGrid grid{.image = 20, .patch = 4};
constexpr Index samples = 3;

/// Random pixels; the first patch of the first image is flat, and the next hardly differs from 1000.
template <class U>
xt::xtensor<U, 4> pictures() {
    xt::xtensor<U, 4> images(std::array<std::size_t, 4>{4, 3, 20, 20});
    const auto numbers = random_numbers(static_cast<Index>(images.size()), 5);
    std::transform(numbers.begin(), numbers.end(), images.begin(),
                   [](double x) { return static_cast<U>(x); });
    for (std::size_t channel = 0; channel < 3; ++channel)
        for (std::size_t y = 0; y < 4; ++y)
            for (std::size_t x = 0; x < 8; ++x)
                images(0, channel, y, x) = x < 4 ? U(0.3) : U(1000) + U((channel + 2 * y + x) % 5) / U(8);
    return images;
}
/// Each image's patches in another order; the first two of the first image come last.
std::vector<std::int32_t> orders() {
    std::vector<std::int32_t> order;
    for (std::int32_t sample = 0; sample < samples; ++sample)
        for (std::int32_t i = 0; i < 25; ++i) order.push_back((i * (sample + 2) + 2 + sample * 7) % 25);
    std::iota(order.begin(), order.begin() + 23, 2);
    order[23] = 1;
    order[24] = 0;
    return order;
}
/// What a backend stores, from numbers as exact as its own and the image's.
template <class B, class U>
std::vector<double> expected(const xt::xtensor<U, 4>& images, const std::vector<std::int32_t>& order,
                             Index first, Index count, PatchOrder numbers, bool normalize) {
    using T = typename B::Storage;
    std::vector<std::common_type_t<U, Real<T>>> patch(48);
    std::vector<double> all;
    for (Index sample = 0; sample < samples; ++sample)
        for (Index i = first; i < first + count; ++i) {
            copy_patch(grid, images, sample, order[static_cast<std::size_t>(sample * 25 + i)], numbers,
                       patch.data());
            if (normalize) normalize_patch(std::span(patch));
            for (const auto number : patch) all.push_back(static_cast<double>(static_cast<T>(number)));
        }
    return all;
}
template <class B>
std::vector<double> values(B backend, const Tensor<B>& tensor) {
    return download(backend, tensor.view());
}
/// By `gather(images, order, parts)`: the first 10 patches as they are, the others in `numbers`.
template <class B, class U, class Gather>
void check_gathering(const B& backend, const Gather& gather) {
    const auto images = pictures<U>();
    const auto order = orders();
    for (const PatchOrder numbers : {PatchOrder::channel_row_column, PatchOrder::row_column_channel}) {
        Tensor<B> front, back, standardized;
        gather(images, order,
               {PatchPart<B>{.count = 10, .to = &front},
                PatchPart<B>{.first = 10, .count = 15, .numbers = numbers, .to = &back},
                PatchPart<B>{
                    .first = 10, .count = 15, .numbers = numbers, .normalize = true, .to = &standardized}});
        CHECK(front.shape() == Shape{samples, 10, 48});
        CHECK(back.shape() == Shape{samples, 15, 48});
        CHECK(values(backend, front) ==
              expected<B>(images, order, 0, 10, PatchOrder::channel_row_column, false));
        CHECK(values(backend, back) == expected<B>(images, order, 10, 15, numbers, false));

        // Only the rounding of the sums and of the result may differ: of 48 numbers, and to the storage's digits.
        using T = typename B::Storage;
        const double tolerance = std::is_same_v<T, double> ? 1e-12 : sizeof(T) == 2 ? 0x1p-8 : 1e-6;
        const auto normalized = values(backend, standardized);
        CHECK(distance(normalized, expected<B>(images, order, 10, 15, numbers, true)) / tolerance < 1);
        const std::vector<double> flat(normalized.begin() + 14 * 48, normalized.begin() + 15 * 48);
        CHECK(std::all_of(flat.begin(), flat.end(), [](double x) { return std::abs(x) < 1e-12; }));
    }
}

template <class B>
void check_both_ways() {
    for (const int threads : {1, 3}) {
        const B backend = make_backend<B>(threads);
        const auto dispatched = [&](const auto& images, const auto& order, const auto& parts) {
            gather_patches(backend, grid, images, samples, order, parts);
        };
        const auto by_primitives = [&](const auto& images, const auto& order, const auto& parts) {
            DevicePatches<B> patches(backend, grid, images, samples);
            for (const PatchPart<B>& part : parts) patches.gather(order, part);
        };
        using Parts = std::initializer_list<PatchPart<B>>;
        using Order = std::vector<std::int32_t>;
        using Floats = xt::xtensor<float, 4>;
        using Doubles = xt::xtensor<double, 4>;
        check_gathering<B, float>(
            backend, [&](const Floats& i, const Order& o, const Parts& p) { dispatched(i, o, p); });
        check_gathering<B, float>(
            backend, [&](const Floats& i, const Order& o, const Parts& p) { by_primitives(i, o, p); });
        check_gathering<B, double>(
            backend, [&](const Doubles& i, const Order& o, const Parts& p) { dispatched(i, o, p); });
        check_gathering<B, double>(
            backend, [&](const Doubles& i, const Order& o, const Parts& p) { by_primitives(i, o, p); });
    }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("gathered patches: the primitives give what the processor copies", "[nn]", Every) {
    check_both_ways<TestType>();
}
TEMPLATE_LIST_TEST_CASE("gathered patches: so do those that store bfloat16", "[nn]", Halves) {
    check_both_ways<TestType>();
}

TEMPLATE_LIST_TEST_CASE("gathered patches: without an order, by number; into the memory that is there",
                        "[nn]", Backends) {
    const TestType backend = make_backend<TestType>(2);
    const auto images = pictures<float>();
    std::vector<std::int32_t> order;
    for (std::int32_t i = 0; i < 75; ++i) order.push_back(i % 25);
    Tensor<TestType> all;
    gather_patches(backend, grid, images, samples, {}, {PatchPart<TestType>{.count = 25, .to = &all}});
    const auto* const memory = all.data();
    gather_patches(backend, grid, images, samples, {}, {PatchPart<TestType>{.count = 25, .to = &all}});
    CHECK(all.data() == memory);
    CHECK(values(backend, all) ==
          expected<TestType>(images, order, 0, 25, PatchOrder::channel_row_column, false));
    gather_patches(backend, grid, images, 0, {}, {PatchPart<TestType>{.count = 25, .to = &all}});
    CHECK(all.shape() == Shape{0, 25, 48});
}

TEMPLATE_LIST_TEST_CASE("gathered patches: the same bytes on any number of threads", "[nn]", Backends) {
    xt::xtensor<float, 4> images(std::array<std::size_t, 4>{40, 3, 20, 20});
    const auto numbers = random_numbers(static_cast<Index>(images.size()), 2);
    std::transform(numbers.begin(), numbers.end(), images.begin(),
                   [](double x) { return static_cast<float>(x); });
    const auto gathered = [&](int threads) {
        const TestType backend = make_backend<TestType>(threads);
        Tensor<TestType> all;
        gather_patches(backend, grid, images, 40, {},
                       {PatchPart<TestType>{.count = 25, .normalize = true, .to = &all}});
        return values(backend, all);
    };
    const auto one = gathered(1);
    CHECK(one == gathered(2));
    CHECK(one == gathered(5));
}

TEMPLATE_LIST_TEST_CASE("gathered patches: numbers with derivatives have the same values and no derivatives",
                        "[nn]", Plain) {
    const TestType plain = make_backend<TestType>(2);
    const auto images = pictures<float>();
    const auto order = orders();
    Tensor<TestType> expected_values;
    gather_patches(plain, grid, images, samples, order,
                   {PatchPart<TestType>{.first = 5, .count = 20, .normalize = true, .to = &expected_values}});
    const auto check = [&](auto backend) {
        using B = decltype(backend);
        Tensor<B> patches;
        gather_patches(backend, grid, images, samples, order,
                       {PatchPart<B>{.first = 5, .count = 20, .normalize = true, .to = &patches}});
        CHECK(patches.shape() == expected_values.shape());
        for (int part = 0; part < B::Pointer::parts; ++part) {
            std::vector<double> numbers(static_cast<std::size_t>(patches.size()));
            plain.download(patches.size(), patches.data().part(part), numbers.data());
            CHECK(numbers ==
                  (part == 0 ? values(plain, expected_values) : std::vector<double>(numbers.size(), 0.0)));
        }
    };
    check(Dual<TestType>(plain));
    check(PlaneJets<TestType>(plain));
}

#if !defined(__CUDACC__)
static_assert(HostMemory<Cpu<float>> && HostMemory<Cpu<bfloat16>> && HostMemory<CpuPrimitives<double>>);
static_assert(!HostMemory<Dual<Cpu<double>>>);
#if defined(VITSCAPE_HAS_THRUST)
static_assert(!HostMemory<Thrust<system::omp, float>>);  // tests what a device does
#endif
#else
static_assert(!HostMemory<Cuda<float>> && !HostMemory<Cuda<bfloat16>> && !HostMemory<Cuda<double>>);
#endif

}  // namespace gather_patches_test
