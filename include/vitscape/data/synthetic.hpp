// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/data/dataset.hpp>
#include <vitscape/data/image.hpp>
#include <vitscape/data/synthetic_shapes.hpp>

namespace vitscape {

namespace detail {

using Colour = std::array<double, 3>;  // red, green, blue in [0, 1]

inline Colour mix(const Colour& a, const Colour& b, double share_of_b) {
    Colour mixed{};
    for (std::size_t c = 0; c < 3; ++c) mixed[c] = a[c] + share_of_b * (b[c] - a[c]);
    return mixed;
}

/// Smooth noise in [0, 1]: random values on a grid of 8 x 8, repeated periodically, blended by a smooth
/// step.
class SmoothNoise {
  public:
    explicit SmoothNoise(RandomSequence& random) {
        for (double& value : values_) value = random.uniform();
    }
    [[nodiscard]] double operator()(double x, double y) const {
        const double left = std::floor(x), top = std::floor(y);
        const double u = smooth(x - left), v = smooth(y - top);
        const auto i = static_cast<std::int64_t>(left), j = static_cast<std::int64_t>(top);
        const double upper = std::lerp(at(i, j), at(i + 1, j), u);
        return std::lerp(upper, std::lerp(at(i, j + 1), at(i + 1, j + 1), u), v);
    }

  private:
    static double smooth(double t) { return t * t * (3.0 - 2.0 * t); }
    [[nodiscard]] double at(std::int64_t i, std::int64_t j) const {
        return values_[static_cast<std::size_t>((j & 7) * 8 + (i & 7))];
    }
    std::array<double, 64> values_{};
};

/// Two colours in stripes, checks, blotches or a gradient of random direction and scale. Positions lie in
/// [-1, 1].
class Texture {
  public:
    enum class Kind { stripes, checks, blotches, gradient };

    Texture(RandomSequence& random, Kind kind, const Colour& a, const Colour& b)
        : kind_(kind),
          a_(a),
          b_(b),
          turn_(random.uniform(0.0, 2.0 * std::numbers::pi)),
          frequency_(random.uniform(1.5, 4.0)),
          phase_(random.uniform(0.0, 1.0)),
          noise_(random) {}

    [[nodiscard]] Colour operator()(Point p) const {
        const Point q = turn_(p);
        const double x = q.x * frequency_ + phase_, y = q.y * frequency_ + phase_;
        switch (kind_) {
            case Kind::stripes:
                return mix(a_, b_, edge(wave(x)));
            case Kind::checks:
                return mix(a_, b_, edge(wave(0.7 * x) * wave(0.7 * y)));
            case Kind::blotches:
                return mix(a_, b_, edge(2.5 * (noise_(1.5 * x, 1.5 * y) - 0.5)));
            default:
                return mix(a_, b_, std::clamp(0.5 + 0.4 * q.x + 0.5 * (noise_(x, y) - 0.5), 0.0, 1.0));
        }
    }

  private:
    static double wave(double x) { return std::sin(2.0 * std::numbers::pi * x); }
    static double edge(double value) { return std::clamp(0.5 + 1.5 * value, 0.0, 1.0); }

    Kind kind_;
    Colour a_, b_;
    Rotation turn_;
    double frequency_, phase_;
    SmoothNoise noise_;
};

/// Image number `sample` of the sequence `seed`: a textured shape on a textured
/// background with small pieces of other colours, some of them in front.
inline Image draw_synthetic(std::uint64_t seed, std::uint32_t sample, int shape, Index side) {
    // The key's epoch separates the parameters (0) from the pixel noise (1).
    RandomSequence random(RandomKey{seed, Purpose::synthetic_image, 0, sample});
    const auto colour = [&random] { return Colour{random.uniform(), random.uniform(), random.uniform()}; };
    const auto separation = [](const Colour& a, const Colour& b) {
        return std::abs(a[0] - b[0]) + std::abs(a[1] - b[1]) + std::abs(a[2] - b[2]);
    };

    const Colour behind_a = colour();
    const Colour behind_b = mix(behind_a, colour(), random.uniform(0.05, 0.35));
    Colour front_a = colour();
    const Colour behind = mix(behind_a, behind_b, 0.5);
    for (int attempt = 0; attempt < 20 && separation(front_a, behind) < 1.1; ++attempt) front_a = colour();
    const Colour front_b = mix(front_a, colour(), random.uniform(0.05, 0.3));
    const auto kind = [&random] { return static_cast<Texture::Kind>(random.below(4)); };
    const Texture background(random, kind(), behind_a, behind_b);
    const Texture foreground(random, kind(), front_a, front_b);

    const double radius = random.uniform(0.6, 0.9);
    const double slack = 1.0 - 0.9 * radius;
    const Point centre{random.uniform(-slack, slack), random.uniform(-slack, slack)};
    const Rotation turn(random.uniform(-0.4, 0.4));
    const double stretch = random.uniform(0.8, 1.25);

    struct Piece {
        Point centre{};
        double half_width = 0.0, half_height = 0.0;
        Rotation turn{0.0};
        Colour colour{};
        bool in_front = false;
    };
    std::array<Piece, 3> pieces{};
    const auto piece_count = static_cast<std::size_t>(1 + random.below(3));
    for (std::size_t i = 0; i < piece_count; ++i)
        pieces[i] = {{random.uniform(-1.0, 1.0), random.uniform(-1.0, 1.0)},
                     random.uniform(0.06, 0.3),
                     random.uniform(0.05, 0.12),
                     Rotation(random.uniform(0.0, std::numbers::pi)),
                     colour(),
                     i % 2 == 1};
    const double grain = random.uniform(0.01, 0.05);

    Image image(side, side);
    const double pixel = 2.0 / static_cast<double>(side);
    const auto coverage = [pixel](double distance) { return std::clamp(0.5 - distance / pixel, 0.0, 1.0); };
    for (Index y = 0; y < side; ++y)
        for (Index x = 0; x < side; ++x) {
            const Point p{(static_cast<double>(x) + 0.5) * pixel - 1.0,
                          1.0 - (static_cast<double>(y) + 0.5) * pixel};
            Colour value = background(p);
            const auto add_pieces = [&](bool in_front) {
                for (std::size_t i = 0; i < piece_count; ++i) {
                    const Piece& piece = pieces[i];
                    if (piece.in_front != in_front) continue;
                    const Point q = piece.turn({p.x - piece.centre.x, p.y - piece.centre.y});
                    value = mix(value, piece.colour,
                                coverage(distance_to_box(q, piece.half_width, piece.half_height)));
                }
            };
            add_pieces(false);
            Point q = turn({p.x - centre.x, p.y - centre.y});
            q = {q.x / (radius * stretch), q.y / radius * stretch};
            const double inside = coverage(distance_to_shape(shape, q) * radius);
            if (inside > 0.0) value = mix(value, foreground(p), inside);
            add_pieces(true);

            const auto bits = random_block(RandomKey{seed, Purpose::synthetic_image, 1, sample},
                                           static_cast<std::uint32_t>(y * side + x));
            for (std::size_t c = 0; c < 3; ++c) {
                // The sum of two uniform numbers in [0, 2] has standard deviation 1 / sqrt 6.
                const double sum = static_cast<double>(bits[c] & 0xFFFF) + static_cast<double>(bits[c] >> 16);
                const double noise = (sum / 65535.0 - 1.0) * grain * 2.449489742783178;
                image.pixel(x, y)[c] =
                    static_cast<std::uint8_t>(255.0 * std::clamp(value[c] + noise, 0.0, 1.0) + 0.5);
            }
        }
    return image;
}

}  // namespace detail

/// Built-in images of ten classes, for experiments without a download: textured shapes (disc, ring,
/// square, frame, triangle, star, cross, crescent, half disc, arrow) of random position, size, rotation and
/// colours on a textured background, among small pieces that carry no information.
///
/// Image i is a function of (seed, i) only, its class is i modulo 10; a larger set begins with the smaller
/// one. Sets of different seeds share no images. An image is drawn at its first use and cached, up to 256
/// MiB.
class Synthetic : public DatasetViews<Synthetic> {
  public:
    /// @throws ConfigError for a count of 0 or of 2^32 and more, or a side outside [8, 4096].
    explicit Synthetic(std::size_t count, Index side = 32, std::uint64_t seed = 0)
        : count_(count), side_(side), seed_(seed) {
        if (count == 0 || count > std::numeric_limits<std::uint32_t>::max())
            throw ConfigError(
                message("a synthetic set holds 1 to 2^32 - 1 images, ", count, " were requested"));
        if (side < 8 || side > 4096)
            throw ConfigError(
                message("synthetic images must be 8 to 4096 pixels wide, ", side, " was given"));
        if (count <= kept_bytes / image_bytes()) kept_ = std::make_shared<Kept>(count, image_bytes());
    }

    [[nodiscard]] std::size_t size() const { return count_; }
    [[nodiscard]] int label(std::size_t i) const { return static_cast<int>(i % 10); }
    [[nodiscard]] const std::vector<std::string>& classes() const {
        static const std::vector<std::string> names(detail::shape_names.begin(), detail::shape_names.end());
        return names;
    }
    [[nodiscard]] std::string name(std::size_t i) const { return message("synthetic image ", i); }

    [[nodiscard]] Image load(std::size_t i) const {
        if (kept_ && kept_->state[i].load(std::memory_order_acquire) == Kept::ready) {
            Image image;
            image.width = image.height = side_;
            const auto begin = kept_->pixels.begin() + static_cast<std::ptrdiff_t>(i * image_bytes());
            image.pixels.assign(begin, begin + static_cast<std::ptrdiff_t>(image_bytes()));
            return image;
        }
        Image image = detail::draw_synthetic(seed_, static_cast<std::uint32_t>(i), label(i), side_);
        std::uint8_t expected = Kept::absent;
        if (kept_ && kept_->state[i].compare_exchange_strong(expected, Kept::being_written)) {
            std::copy(image.pixels.begin(), image.pixels.end(),
                      kept_->pixels.begin() + static_cast<std::ptrdiff_t>(i * image_bytes()));
            kept_->state[i].store(Kept::ready, std::memory_order_release);
        }
        return image;
    }

  private:
    static constexpr std::size_t kept_bytes = std::size_t{256} << 20;

    struct Kept {
        static constexpr std::uint8_t absent = 0, being_written = 1, ready = 2;
        Kept(std::size_t count, std::size_t bytes) : pixels(count * bytes), state(count) {}
        std::vector<std::uint8_t> pixels;              // (count, side, side, 3)
        std::vector<std::atomic<std::uint8_t>> state;  // (count)
    };

    [[nodiscard]] std::size_t image_bytes() const { return static_cast<std::size_t>(side_ * side_ * 3); }

    std::size_t count_;
    Index side_;
    std::uint64_t seed_;
    std::shared_ptr<Kept> kept_{};
};

}  // namespace vitscape
