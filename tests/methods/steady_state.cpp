// SPDX-License-Identifier: Apache-2.0
//
// A training step in the steady state allocates nothing: neither by operator new nor from the system through
// the backend's pool.
#include <array>
#include <new>
#include <numeric>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/methods/data2vec.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/methods/simmim.hpp>
#include <vitscape/methods/vit_classifier.hpp>
#include <vitscape/nn/parameter_groups.hpp>
#include <vitscape/optim/adamw.hpp>
#include <vitscape/tensor/vector.hpp>

#include "methods/allocation_counter.hpp"
#include "support/catch.hpp"

namespace steady_state_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

Batch batch_of(std::size_t count, std::size_t side, std::uint32_t first) {
    Batch batch;
    batch.images.resize(std::array<std::size_t, 4>{count, 3, side, side});
    batch.labels.resize(std::array<std::size_t, 1>{count});
    for (std::size_t i = 0; i < batch.images.size(); ++i)
        batch.images.data()[i] = static_cast<float>(random_normal({.sample = first}, i));
    for (std::size_t i = 0; i < count; ++i) {
        batch.labels(i) = static_cast<std::int64_t>(i % 10);
        batch.samples.push_back(first + static_cast<std::uint32_t>(i));
    }
    return batch;
}

/// Trains for some steps; none after the second may allocate.
template <class M>
void check_steady_state(const M& method, int threads) {
    using B = Cpu<float>;
    const B backend(threads);
    Vector<B> theta(backend, initial_values(method.layout(), 1)), gradient(backend, method.layout().size());
    typename M::template Inputs<B> inputs;
    Tape<B> tape(backend, theta.data(), gradient.data());
    const AdamW adamw;
    auto state = adamw.start(backend, method.layout().size());
    const std::vector<ParameterGroup> groups = parameter_groups(method.layout());
    std::array<Batch, 4> batches;
    for (std::size_t i = 0; i < batches.size(); ++i)
        batches[i] = batch_of(9, 32, static_cast<std::uint32_t>(100 * i));
    const Vector<B> before = theta;
    Eval<B> teacher(backend, before.data());  // of a method that has one
    std::size_t system = 0, in_use = 0;
    for (std::size_t step = 0; step < batches.size(); ++step) {
        if (step == 2) {
            system = backend.memory().system_allocations();
            in_use = backend.memory().bytes_in_use();
            count_allocations();
        }
        fill(0, gradient);
        prepare_training(method, backend, batches[step],
                         MaskKey{.seed = 1, .epoch = static_cast<std::uint32_t>(step)}, inputs);
        if constexpr (TaughtMethod<M, B>) method.run_teacher(teacher, inputs);
        tape.backward(method.losses(tape, inputs), 1.0 / 9);
        adamw.step(state, std::span<const ParameterGroup>(groups), 1e-3, 1, gradient, theta);
    }
    CHECK(counted_allocations() == 0);
    CHECK(backend.memory().system_allocations() == system);
    CHECK(backend.memory().bytes_in_use() == in_use);
    axpby(-1, before, 1, theta);
    CHECK(norm(theta) > 0);  // it did train

    Eval<B> eval(backend, before.data());
    const auto evaluate = [&] {
        return dot(before, before) + static_cast<double>(method.losses(eval, inputs).value.data()[0]);
    };
    const double first = evaluate();
    system = backend.memory().system_allocations();
    count_allocations();
    const double second = evaluate();
    CHECK(counted_allocations() == 0);
    CHECK(second == first);
    CHECK(backend.memory().system_allocations() == system);
}

template <MaskingPolicy M>
MaskedAutoencoder<M> autoencoder(const M& masking) {
    return MaskedAutoencoder<M>({.encoder = {32, 4, {24, 2, 3}}, .decoder = {16, 1, 2}, .masking = masking});
}

}  // namespace

TEST_CASE("steady state: the counter counts", "[mae][memory]") {
    count_allocations();
    const std::vector<double> some(100);
    ::operator delete (::operator new (64, std::align_val_t{64}), std::align_val_t{64});
    CHECK(counted_allocations() == 2);
    CHECK(some.size() == 100);
}

TEST_CASE("steady state: a training step of the masked autoencoder allocates nothing", "[mae][memory]") {
    const int threads = GENERATE(1, 2);
    INFO(threads << " threads");
    check_steady_state(autoencoder(RandomMasking{0.75}), threads);
}

TEST_CASE("steady state: block and grid masking allocate nothing", "[mae][memory]") {
    const RandomKey key{.purpose = Purpose::masking};
    const PatchGrid grid{.image = 32, .patch = 4};
    std::vector<std::int32_t> order(64);
    const auto count = [&](const auto& masking) {
        std::iota(order.begin(), order.end(), 0);
        RandomSequence random(key);
        count_allocations();
        masking(std::span<std::int32_t>(order), grid, random);
        return counted_allocations();
    };
    CHECK(count(RandomMasking{}) == 0);
    CHECK(count(BlockMasking{}) == 0);
    CHECK(count(GridMasking{}) == 0);
}

TEST_CASE("steady state: training steps of methods with mask tokens allocate nothing", "[methods][memory]") {
    check_steady_state(SimMim<>({.encoder = {32, 4, {24, 2, 3}}}), 2);
    check_steady_state(Data2Vec<>({.encoder = {32, 4, {24, 2, 3}}}), 2);
}

TEST_CASE("steady state: training steps with a teacher of all images or some allocate nothing",
          "[mae][memory]") {
    const double share = GENERATE(1.0, 0.5);
    check_steady_state(
        RcMae<>({.encoder = {32, 4, {24, 2, 3}}, .decoder = {16, 1, 2}, .teacher_share = share}), 2);
}

TEST_CASE("steady state: a training step of the classifier allocates nothing", "[mae][memory]") {
    const Pooling pooling = GENERATE(Pooling::class_token, Pooling::average);
    check_steady_state(
        VitClassifier({.encoder = {32, 4, {24, 2, 3}}, .pooling = pooling, .label_smoothing = 0.1}), 2);
}

}  // namespace steady_state_test
