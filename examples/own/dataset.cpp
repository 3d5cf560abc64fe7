// SPDX-License-Identifier: Apache-2.0
//
// A user-defined dataset: images that are drawn on demand.
// prints: 200 pictures of 2 classes
// prints: upright or level, told apart: yes
#include <iostream>

#include <vitscape/vitscape.hpp>

using namespace vitscape;

class Stripes : public DatasetViews<Stripes> {  // provides subset, first and limit_per_class
  public:
    [[nodiscard]] std::size_t size() const { return 200; }
    [[nodiscard]] Image load(std::size_t i) const {
        Image image(16, 16);  // 8-bit RGB, black
        for (Index y = 0; y < 16; ++y)
            for (Index x = 0; x < 16; ++x)
                if ((label(i) == 0 ? x : y) / (1 + static_cast<Index>(i) % 3) % 2 == 0)
                    image.pixel(x, y)[0] = 255;
        return image;
    }
    [[nodiscard]] int label(std::size_t i) const { return static_cast<int>(i % 2); }  // -1 if there are none
    [[nodiscard]] const std::vector<std::string>& classes() const { return classes_; }
    [[nodiscard]] std::string name(std::size_t i) const { return "stripes " + std::to_string(i); }

  private:
    std::vector<std::string> classes_{"upright", "level"};
};
static_assert(Dataset<Stripes>);

int main() {
    const Stripes images;
    std::cout << images.size() << " pictures of " << images.classes().size() << " classes\n";
    Trainer trainer{Cpu<float>{},
                    VitClassifier({.encoder = {16, 4, {.width = 16, .depth = 1, .heads = 2}}, .classes = 2}),
                    AdamW{}, ConstantRate{3e-3}, 0};
    trainer.fit(images, {.epochs = 15, .batch = 20, .transform = {.side = 16}});
    const auto result =
        evaluate(trainer.backend(), trainer.method(), trainer.theta(), images.first(50), {.side = 16});
    std::cout << "upright or level, told apart: " << (result.accuracy > 0.9 ? "yes" : "no") << '\n';
}
