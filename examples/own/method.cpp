// SPDX-License-Identifier: Apache-2.0
//
// A user-defined method: a linear autoencoder of patches, trained and analysed like any other.
// prints: loss falls, yes
// prints: sharpest curvature [0-9.e+-]+
// prints: of its Gauss-Newton matrix [0-9.e+-]+
#include <iostream>

#include <vitscape/vitscape.hpp>

using namespace vitscape;

/// Encodes each patch in a few numbers; the optimal solution is a principal component analysis.
class LinearAutoencoder {
  public:
    template <Backend B>
    struct Inputs {         // a batch as the model reads it
        Tensor<B> patches;  // (samples, patches, patch values)
    };

    LinearAutoencoder(const PatchGrid& grid, Index code) : grid_(grid) {
        grid.check();
        encode_ = {layout_.add("encode.weight", {code, grid.size()}, ParameterKind::weight,
                               Initializer::xavier_uniform(grid.size(), code)),
                   layout_.add("encode.bias", {code}, ParameterKind::bias, Initializer::zeros())};
        decode_ = {layout_.add("decode.weight", {grid.size(), code}, ParameterKind::weight,
                               Initializer::xavier_uniform(code, grid.size())),
                   layout_.add("decode.bias", {grid.size()}, ParameterKind::bias, Initializer::zeros())};
    }

    [[nodiscard]] const ParameterLayout& layout() const { return layout_; }
    [[nodiscard]] PatchGrid grid() const { return grid_; }
    [[nodiscard]] std::vector<FixedTensor> fixed_tensors() const { return {}; }

    template <Backend B>
    void prepare(B backend, const Batch& batch, const MaskKey&, Inputs<B>& inputs) const {
        grid_.check_images(batch.images);
        const auto samples = static_cast<Index>(batch.size());
        gather_patches(
            backend, grid_, batch.images, samples, {},
            {PatchPart<B>{
                .count = grid_.count(), .numbers = PatchOrder::row_column_channel, .to = &inputs.patches}});
    }
    template <Recorder R, class B = typename R::BackendType>
    Variable<Master<B>> losses(R& recorder, const Inputs<B>& inputs) const {
        const Variable<B> code = linear(recorder, recorder.constant(inputs.patches), encode_);
        const Variable<B> decoded = model_output(recorder, linear(recorder, code, decode_));
        return squared_error(recorder, decoded, inputs.patches);  // (samples)
    }

  private:
    PatchGrid grid_;
    ParameterLayout layout_;
    LinearParameters encode_, decode_;
};
static_assert(Method<LinearAutoencoder, Cpu<float>> && !TaughtMethod<LinearAutoencoder, Cpu<float>>);

int main() {
    const Synthetic images(64, 16);
    const LinearAutoencoder method({.image = 16, .patch = 4}, 6);
    Trainer trainer{Cpu<float>{}, method, AdamW{.weight_decay = 0}, ConstantRate{3e-3}, 0};
    FrozenObjective loss{Cpu<float>{}, method, load_all(images, {.side = 16})};
    const double before = loss.value(trainer.theta());
    trainer.fit(images, {.epochs = 20, .batch = 16, .transform = {.side = 16}});
    std::cout << "loss falls, " << (loss.value(trainer.theta()) < 0.5 * before ? "yes\n" : "no\n");
    const auto spectrum =
        lanczos(hessian(loss, trainer.theta()), {.largest = 1, .smallest = 0, .tolerance = 1e-2});
    std::cout << "sharpest curvature " << spectrum.largest.front().value << '\n';
    const auto convex_part =
        lanczos(gauss_newton(loss, trainer.theta()), {.largest = 1, .smallest = 0, .tolerance = 1e-2});
    std::cout << "of its Gauss-Newton matrix " << convex_part.largest.front().value << '\n';
}
