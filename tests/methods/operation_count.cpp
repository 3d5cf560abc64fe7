// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <memory>
#include <tuple>

#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/methods/vit_classifier.hpp>
#include <vitscape/tensor/vector.hpp>

#include "support/catch.hpp"

namespace operation_count_test {

using namespace vitscape;

namespace {

/// Counts the operations of the products that it is asked for.
class CountingBackend : public CpuPrimitives<double> {
  public:
    CountingBackend() : CpuPrimitives<double>(1), operations_(std::make_shared<double>(0)) {}
    [[nodiscard]] double operations() const { return *operations_; }

    void multiply(const MatrixProduct& p, const double* a, const double* b, double* c) {
        count(p, 1);
        CpuPrimitives<double>::multiply(p, a, b, c);
    }
    void multiply_batch(const MatrixProduct& p, const ProductBatch& batch, const double* a, const double* b,
                        double* c) {
        count(p, batch.outer * batch.inner);
        CpuPrimitives<double>::multiply_batch(p, batch, a, b, c);
    }

  private:
    void count(const MatrixProduct& p, Index problems) {
        *operations_ += 2 * static_cast<double>(p.m * p.n * p.k * problems);
    }
    std::shared_ptr<double> operations_;
};

/// Of 24 pixels.
Batch three_images() {
    Batch batch;
    batch.images.resize(std::array<std::size_t, 4>{3, 3, 24, 24});
    for (std::size_t i = 0; i < batch.images.size(); ++i)
        batch.images.data()[i] = static_cast<float>(random_uniform(RandomKey{.seed = 4}, i));
    batch.samples = {0, 1, 2};
    return batch;
}

}  // namespace

TEST_CASE("operations of a small masked autoencoder, counted by hand") {
    // 16 patches of 4 x 4 x 3 = 48 numbers, 4 visible and 12 masked.
    const MaskedAutoencoderConfig<> config{.encoder = {16, 4, {8, 1, 2}}, .decoder = {4, 2, 1}};
    // Multiplications. Encoder, 5 tokens of width 8: embedding 4 48 8, qkv 5 8 24, scores and values 2 (5 5 8),
    // projection 5 8 8, MLP 2 (5 8 32).
    const double embedding = 1536, encoder = 960 + 400 + 320 + 2560;
    // Decoder, 17 tokens of width 4: entrance 5 8 4; a block qkv 17 4 12, scores and values 2 (17 17 4),
    // projection 17 4 4, MLP 2 (17 4 16); the last block 17 4 12, 2 (12 17 4), 12 4 4, 2 (12 4 16); prediction
    // 12 4 48.
    const double entrance = 160, block = 816 + 2312 + 272 + 2176, last = 816 + 1632 + 192 + 1536;
    const double prediction = 2304;
    const double all = embedding + encoder + entrance + block + last + prediction;

    const auto count = operation_count(config);
    CHECK(count.forward == 2 * all);
    CHECK(count.training == 3 * 2 * all - 2 * embedding);
    CHECK(count.point == count.forward);

    // A teacher runs forward once; the points of a surface share what it predicts.
    RcMaeConfig<> taught{.encoder = config.encoder, .decoder = config.decoder};
    CHECK(operation_count(taught).forward == 2 * count.forward);
    CHECK(operation_count(taught).training == count.training + count.forward);
    CHECK(operation_count(taught).point == count.forward);
    // With its own mask it predicts 16 patches instead of 12: last block 816, 2 (16 17 4), 16 4 4, 2 (16 4 16),
    // prediction 16 4 48.
    taught.other_mask = true;
    const double more = 2 * (816 + 2176 + 256 + 2048 + 3072 - last - prediction);
    CHECK(operation_count(taught).forward == 2 * count.forward + more);
    CHECK(operation_count(taught).training == count.training + count.forward + more);
    CHECK(operation_count(taught).point == count.forward);
}

TEST_CASE("operations of a masked autoencoder are those that its products take") {
    const MaskedAutoencoderConfig<> config{.encoder = {24, 4, {24, 3, 3, 2.5}}, .decoder = {16, 2, 4}};
    const MaskedAutoencoder<> model(config);
    const Index images = 3;
    const Batch batch = three_images();
    const auto count = operation_count(config);

    CountingBackend backend;
    MaskedAutoencoder<>::Inputs<CountingBackend> inputs;
    model.prepare(backend, batch, MaskKey{}, inputs);
    const Vector<CountingBackend> theta(backend, initial_values(model.layout(), 0));
    Eval<CountingBackend> eval(backend, theta.data());
    REQUIRE(backend.operations() == 0);
    (void)model.losses(eval, inputs);
    CHECK(backend.operations() == static_cast<double>(images) * count.forward);

    const double before = backend.operations();
    Vector<CountingBackend> gradient(backend, theta.size());
    Tape<CountingBackend> tape(backend, theta.data(), gradient.data());
    tape.backward(model.losses(tape, inputs));
    CHECK(backend.operations() - before == static_cast<double>(images) * count.training);
}

TEST_CASE("operations of a masked autoencoder with a teacher are those that its products take") {
    for (const bool other_mask : {false, true}) {
        INFO("other mask: " << other_mask);
        const RcMae<> model(
            {.encoder = {24, 4, {24, 3, 3, 2.5}}, .decoder = {16, 2, 4}, .other_mask = other_mask});
        const auto count = operation_count(model.config());
        CountingBackend backend;
        RcMae<>::Inputs<CountingBackend> inputs;
        model.prepare(backend, three_images(), MaskKey{}, inputs);
        const Vector<CountingBackend> theta(backend, initial_values(model.layout(), 0)), teacher = theta;
        Eval<CountingBackend> eval(backend, theta.data()), taught(backend, teacher.data());
        REQUIRE(backend.operations() == 0);
        model.run_teacher(taught, inputs);
        const double teacher_run = backend.operations();
        (void)model.losses(eval, inputs);
        CHECK(backend.operations() == 3 * count.forward);
        CHECK(backend.operations() - teacher_run == 3 * count.point);

        const double before = backend.operations();
        Vector<CountingBackend> gradient(backend, theta.size());
        Tape<CountingBackend> tape(backend, theta.data(), gradient.data());
        tape.backward(model.losses(tape, inputs));
        CHECK(backend.operations() - before + teacher_run == 3 * count.training);
    }
}

TEST_CASE("operations of a teacher that sees a share of the images, or none") {
    for (const bool other_mask : {false, true})
        for (const auto& [consistency, share, seen] :
             {std::tuple{1.0, 1.0 / 3, 1.0}, {1.0, 2.0 / 3, 2.0}, {0.0, 1.0, 0.0}}) {
            INFO("other mask: " << other_mask << ", of three images it sees " << seen);
            const RcMae<> model({.encoder = {24, 4, {24, 3, 3, 2.5}},
                                 .decoder = {16, 2, 4},
                                 .consistency = consistency,
                                 .other_mask = other_mask,
                                 .teacher_share = share});
            const auto count = operation_count(model.config()),
                       alone = operation_count(model.student().config());
            CountingBackend backend;
            RcMae<>::Inputs<CountingBackend> inputs;
            prepare_training(model, backend, three_images(), MaskKey{}, inputs);
            const Vector<CountingBackend> theta(backend, initial_values(model.layout(), 0));
            Eval<CountingBackend> eval(backend, theta.data());
            model.run_teacher(eval, inputs);
            const double teacher_run = backend.operations();
            CHECK(3 * (count.training - alone.training) == Approx(teacher_run));
            // an evaluation takes all images
            CHECK(count.forward - alone.forward == Approx(seen > 0 ? teacher_run / seen : 0));
            Vector<CountingBackend> gradient(backend, theta.size());
            Tape<CountingBackend> tape(backend, theta.data(), gradient.data());
            tape.backward(model.losses(tape, inputs));
            CHECK(backend.operations() == Approx(3 * count.training));
        }
}

TEST_CASE("operations of a classifier are those of its products") {
    for (const Pooling pooling : {Pooling::class_token, Pooling::average}) {
        const VitClassifier model({.encoder = {24, 4, {8, 2, 2}}, .classes = 3, .pooling = pooling});
        CountingBackend backend;
        const Vector<CountingBackend> theta(backend, initial_values(model.layout(), 0));
        VitClassifier::Inputs<CountingBackend> inputs;
        Batch batch = three_images();
        batch.labels = xt::xtensor<std::int64_t, 1>(std::array<std::size_t, 1>{3}, 1);
        model.prepare(backend, batch, {}, inputs);
        Eval<CountingBackend> eval(backend, theta.data());
        const double before = backend.operations();
        (void)model.losses(eval, inputs);
        CHECK((backend.operations() - before) / 3 == operation_count(model.config()).forward);
    }
}

}  // namespace operation_count_test
