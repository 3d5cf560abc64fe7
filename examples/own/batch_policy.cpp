// SPDX-License-Identifier: Apache-2.0
//
// A user-defined batch policy in a supervised recipe: one colour channel of some images is zeroed.
// prints: half of the images have a dropped channel, yes
// prints: same batch twice, yes
// prints: recipe: .*\{"kind":"channel-drop","probability":0.5\}
// prints: refused: a probability lies in \[0, 1\], not 2
#include <algorithm>
#include <iostream>

#include <vitscape/methods/description.hpp>
#include <vitscape/vitscape.hpp>

using namespace vitscape;

constexpr Purpose channel_drop{1000};  // its own random sequence; the library uses no purpose from 1000 on

struct ChannelDrop {
    static constexpr std::string_view kind = "channel-drop";
    double probability = 0.1;  ///< of zeroing a channel of an image
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("probability", self.probability, "", "that an image loses a channel, in [0, 1]");
    }

    void check() const {
        if (!(probability >= 0 && probability <= 1))
            throw ConfigError(message("a probability lies in [0, 1], not ", probability));
    }
    void operator()(SoftBatch& batch, const BatchRandom& random) const {
        const std::size_t pixels = batch.images.shape(2) * batch.images.shape(3);
        for (std::size_t i = 0; i < batch.size(); ++i) {
            RandomSequence numbers = random.of_sample(channel_drop, batch.samples[i]);
            if (numbers.uniform() >= probability) continue;
            const auto channel = static_cast<std::size_t>(numbers.below(3));
            std::fill_n(&batch.images(i, channel, 0, 0), pixels,
                        0.0F);  // images are normalized: 0 is the mean
        }
    }
};
static_assert(BatchPolicy<ChannelDrop>);

int main() {
    const Regularized method(VitClassifier({.encoder = {16, 4, {.width = 16, .depth = 2, .heads = 2}},
                                            .classes = 10,
                                            .label_smoothing = 0.1}),
                             {.drop_path = {0.1}, .layer_decay = 0.75}, RandomErasing{}, ChannelDrop{0.5},
                             MixupOrCutmix{});
    std::cout << "recipe: " << describe_recipe(method) << '\n';

    const Batch images = load_all(Synthetic(200, 16), {.side = 16});
    SoftBatch batch, again;
    for (SoftBatch* one : {&batch, &again}) {
        one->assign(images, std::vector<double>(200 * 10, 0.1));
        ChannelDrop{0.5}(*one, BatchRandom{.seed = 1});
    }
    int dropped = 0;
    for (std::size_t i = 0; i < batch.size(); ++i)
        for (std::size_t channel = 0; channel < 3; ++channel)
            if (std::all_of(&batch.images(i, channel, 0, 0), &batch.images(i, channel, 0, 0) + 256,
                            [](float x) { return x == 0; }))
                ++dropped;
    std::cout << "half of the images have a dropped channel, "
              << (dropped > 75 && dropped < 125 ? "yes\n" : "no\n") << "same batch twice, "
              << (batch.images == again.images ? "yes\n" : "no\n");

    try {
        const Regularized wrong(method.classifier(), {}, ChannelDrop{.probability = 2});
    } catch (const ConfigError& error) {
        std::cout << "refused: " << error.what() << '\n';
    }
}
