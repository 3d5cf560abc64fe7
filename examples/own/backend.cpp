// SPDX-License-Identifier: Apache-2.0
//
// A user-defined backend: the CPU primitives with a counter of matrix products. It offers no fused refinements, so the
// operations use the primitives.
// prints: same losses, yes
// prints: matrix products of a step and an evaluation: [1-9][0-9]*
#include <iostream>
#include <memory>

#include <vitscape/vitscape.hpp>

using namespace vitscape;

class Counting : public CpuPrimitives<double> {
  public:
    using CpuPrimitives<double>::CpuPrimitives;

    void multiply(const MatrixProduct& product, const double* a, const double* b, double* c) {
        ++*products_;
        CpuPrimitives<double>::multiply(product, a, b, c);
    }
    void multiply_batch(const MatrixProduct& product, const ProductBatch& batch, const double* a,
                        const double* b, double* c) {
        *products_ += batch.outer * batch.inner;
        CpuPrimitives<double>::multiply_batch(product, batch, a, b, c);
    }
    [[nodiscard]] Index products() const { return *products_; }

  private:
    std::shared_ptr<Index> products_ = std::make_shared<Index>(0);  // copies of a backend share their state
};
static_assert(Backend<Counting> && !FusedAttention<Counting>);

template <Backend B>
std::vector<double> losses_of(B backend) {
    const MaskedAutoencoder<> method({.encoder = {16, 4, {.width = 16, .depth = 1, .heads = 2}},
                                      .decoder = {.width = 8, .depth = 1, .heads = 2}});
    const Synthetic images(16, 16);
    Trainer trainer{backend, method, AdamW{}, ConstantRate{1e-3}, 0};
    trainer.fit(images, {.epochs = 1, .batch = 16, .transform = {.side = 16}});
    FrozenObjective loss{backend, method, load_all(images, {.side = 16})};
    std::vector<double> losses(16);
    loss.sample_losses(trainer.theta(), losses);
    return losses;
}

int main() {
    const Counting counting;
    const auto mine = losses_of(counting), fused = losses_of(Cpu<double>{});
    double largest = 0;
    for (std::size_t i = 0; i < mine.size(); ++i) largest = std::max(largest, std::abs(mine[i] - fused[i]));
    std::cout << "same losses, " << (largest < 1e-9 ? "yes" : "no") << '\n';
    std::cout << "matrix products of a step and an evaluation: " << counting.products() << '\n';
}
