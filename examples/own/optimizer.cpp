// SPDX-License-Identifier: Apache-2.0
//
// A user-defined optimizer and schedule: sign descent with a learning rate that halves at regular intervals.
// prints: loss falls, yes
// prints: description: \{"kind":"sign-descent","weight_decay":0.01\}
#include <array>
#include <cmath>
#include <iostream>

#include <vitscape/vitscape.hpp>

using namespace vitscape;

template <class T>
struct SignStep {  // keep theta - rate sign(g)
    T keep, rate;
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S theta, S g) const {
        return S(keep) * theta - S(g < S(0) ? -rate : rate);
    }
};

struct SignDescent {
    static constexpr std::string_view kind = "sign-descent";
    double weight_decay = 0;
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("weight_decay", self.weight_decay, "weight-decay", "for parameters of two or more dimensions");
    }

    template <Backend B>
    struct State {
        Index steps = 0;
        std::array<std::pair<std::string_view, Vector<B>*>, 0> vectors() { return {}; }
    };
    template <Backend B>
    [[nodiscard]] State<B> start(const B&, Index) const {
        return {};
    }
    template <Backend B>
    void step(State<B>& state, std::span<const ParameterGroup> groups, double learning_rate,
              double /*gradient_scale*/, const Vector<B>& gradient, Vector<B>& theta) const {
        using T = typename B::Storage;
        ++state.steps;
        for (const ParameterGroup& group : groups) {
            const operand::Matrix<typename B::Pointer> t{theta.data() + group.offset, group.count},
                g{gradient.data() + group.offset, group.count};
            const double rate = learning_rate * group.learning_rate_scale;
            const double keep = 1 - rate * weight_decay * group.weight_decay_scale;
            theta.backend().map(1, group.count, SignStep<T>{static_cast<T>(keep), static_cast<T>(rate)}, t, t,
                                g);
        }
    }
};

struct Halving {
    static constexpr std::string_view kind = "halving";
    double rate = 1e-3, every = 10;
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("rate", self.rate, "lr", "learning rate at the start");
        visit("every", self.every, "", "epochs after which it halves");
    }
    [[nodiscard]] double at(double epoch, double /*epochs*/) const {
        return rate * std::pow(0.5, std::floor(epoch / every));
    }
};

int main() {
    const Synthetic images(64, 16);
    const MaskedAutoencoder<> method({.encoder = {16, 4, {.width = 16, .depth = 1, .heads = 2}},
                                      .decoder = {.width = 8, .depth = 1, .heads = 2}});
    const SignDescent optimizer{.weight_decay = 0.01};
    Trainer trainer{Cpu<float>{}, method, optimizer, Halving{.rate = 2e-3, .every = 2}, 0};
    FrozenObjective loss{Cpu<float>{}, method, load_all(images, {.side = 16})};
    const double before = loss.value(trainer.theta());
    trainer.fit(images, {.epochs = 6, .batch = 16, .transform = {.side = 16}});
    std::cout << "loss falls, " << (loss.value(trainer.theta()) < before ? "yes\n" : "no\n");
    std::cout << "description: " << describe(optimizer) << '\n';
}
