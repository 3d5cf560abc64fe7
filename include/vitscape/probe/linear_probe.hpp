// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <vitscape/autograd/ops/losses.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/distributed/gather.hpp>
#include <vitscape/nn/block.hpp>
#include <vitscape/nn/parameter_groups.hpp>
#include <vitscape/optim/lars.hpp>
#include <vitscape/optim/schedule.hpp>
#include <vitscape/probe/features.hpp>

namespace vitscape {

/// Training options of a probe; the defaults are the masked autoencoder's recipe (He et al. 2022, arXiv 2111.06377, table 10).
struct LinearProbeOptions {
    double epochs = 90, warmup_epochs = 10;  ///< may be fractional
    std::size_t batch = 16384;               ///< capped at the number of images
    double base_learning_rate = 0.1;         ///< multiplied by batch / 256; raise it if there are few steps
    double epsilon = 1e-6;                   ///< of the batch normalization
    double statistics_momentum = 0.1;        ///< of its running statistics
    Lars optimizer{};
    std::uint64_t seed = 0;  ///< of the initial weights and the order of the images
};

/// A linear classifier on frozen features, after a batch normalization without learned parameters:
/// logits = W (x - mean) / sqrt(variance + epsilon) + b. Training uses the mean and (biased) variance of the batch, evaluation
/// their running averages (unbiased variance), as in PyTorch's BatchNorm1d(affine=False).
///
/// With a communicator of several processes, which all have the same features and make the same calls, each computes losses and
/// gradients of its share of a batch: the same steps up to rounding.
template <Backend P, CommunicatorFor<P> C = SingleProcess>
class LinearProbe {
  public:
    LinearProbe(P backend, Index width, Index classes, const LinearProbeOptions& options = {},
                C communicator = {})
        : options_(options),
          communicator_(std::move(communicator)),
          width_(width),
          classes_(classes),
          head_(add_linear(layout_, "head", width, classes, Initializer::normal(0.01))),
          groups_(parameter_groups(layout_)),
          theta_(backend, initial_values(layout_, options.seed)),
          gradient_(backend, layout_.size()),
          state_(options.optimizer.start(backend, layout_.size())),
          tape_(backend, {}, {}),
          mean_(static_cast<std::size_t>(width), 0.0),
          variance_(static_cast<std::size_t>(width), 1.0) {}

    [[nodiscard]] const ParameterLayout& layout() const { return layout_; }
    [[nodiscard]] Vector<P>& theta() { return theta_; }
    [[nodiscard]] const std::vector<double>& running_mean() const { return mean_; }
    [[nodiscard]] const std::vector<double>& running_variance() const { return variance_; }

    /// One step on a batch; returns the mean loss before the step.
    /// @param rows  features, (labels.size(), width) row by row
    template <class U>
    double step(std::span<const U> rows, std::span<const std::int64_t> labels, double learning_rate) {
        const auto samples = labels.size(), width = static_cast<std::size_t>(width_);
        if (rows.size() != samples * width || samples < 2)
            throw ShapeError(message(rows.size(), " numbers do not form a batch of ", samples, " rows of ",
                                     width, " features; a batch normalization needs at least 2"));
        normalize_by_batch(rows, samples);
        std::vector<double> targets(samples * static_cast<std::size_t>(classes_));  // (samples, classes)
        for (std::size_t i = 0; i < samples; ++i) {
            if (labels[i] < 0 || labels[i] >= classes_)
                throw DataError(
                    message("the label ", labels[i], " does not fit a probe of ", classes_, " classes"));
            targets[i * static_cast<std::size_t>(classes_) + static_cast<std::size_t>(labels[i])] = 1;
        }
        P& backend = theta_.backend();
        const bool shares = samples >= static_cast<std::size_t>(communicator_.size());
        const Share own = shares ? share_of(samples, communicator_) : Share{0, samples};
        const auto count = static_cast<Index>(own.end - own.first);
        const auto rows_of = [&](const auto& all, std::size_t columns) {
            return std::span(all).subspan(own.first * columns, (own.end - own.first) * columns);
        };
        upload_into(backend, {count, width_}, rows_of(staging_, width), features_);
        upload_into(backend, {count, classes_}, rows_of(targets, static_cast<std::size_t>(classes_)),
                    targets_);
        fill(0, gradient_);
        tape_.bind(theta_.data(), gradient_.data());
        const Variable<P> losses =
            cross_entropy(tape_, linear(tape_, tape_.constant(features_), head_), targets_);  // (samples)
        double loss = 0;
        for (const double one : download(backend, losses.value.view()))
            loss += one / static_cast<double>(samples);
        if (shares) loss = sum_over_processes(communicator_, loss);
        if (!std::isfinite(loss))
            throw NumericError(message("a probe's loss is ", loss, "; try a smaller learning rate"));
        tape_.backward(losses, 1 / static_cast<double>(samples));
        if (shares) communicator_.start_sum(backend, gradient_.size(), gradient_.data());
        communicator_.finish(backend);
        options_.optimizer.step(state_, std::span<const ParameterGroup>(groups_), learning_rate, 1, gradient_,
                                theta_);
        return loss;
    }

    /// Trains on all rows for `options.epochs`, rounded to whole steps, in an order that is a function of the seed.
    void fit(const Features& features) {
        const std::size_t images = features.labels.size(), width = static_cast<std::size_t>(width_);
        const std::size_t batch = std::min(options_.batch, images);
        const double peak = options_.base_learning_rate * static_cast<double>(batch) / 256;
        const WarmupCosine schedule{.peak = peak, .warmup_epochs = options_.warmup_epochs};
        std::vector<std::uint32_t> order(images);
        std::vector<float> rows(batch * width);
        std::vector<std::int64_t> labels(batch);
        const std::size_t batches = images / batch;
        const auto steps = static_cast<std::size_t>(std::llround(
            options_.epochs * static_cast<double>(batches)));  // the schedule ends with the last step
        for (std::uint32_t epoch = 0; epoch * batches < steps; ++epoch) {
            for (std::size_t i = 0; i < images; ++i) order[i] = static_cast<std::uint32_t>(i);
            RandomSequence random({options_.seed, Purpose::sample_order, epoch, 0});
            random.shuffle(std::span(order));
            for (std::size_t k = 0; k < batches && epoch * batches + k < steps; ++k) {
                for (std::size_t i = 0; i < batch; ++i) {
                    const std::size_t sample = order[k * batch + i];
                    std::copy_n(features.row(sample), width,
                                rows.begin() + static_cast<std::ptrdiff_t>(i * width));
                    labels[i] = features.labels[sample];
                }
                const double done = epoch + static_cast<double>(k) / static_cast<double>(batches);
                step(std::span<const float>(rows), labels, schedule.at(done, options_.epochs));
            }
        }
    }

    /// The probe as a linear layer on the raw features, with the normalization folded in: `weight` (classes, width),
    /// `bias` (classes). On top of an encoder it forms an ordinary classifier.
    struct Head {
        std::vector<double> weight, bias;
        /// Logits (images, classes) of features (images, width).
        template <class U>
        [[nodiscard]] std::vector<double> logits(std::span<const U> rows) const {
            const std::size_t classes = bias.size(), width = weight.size() / classes;
            std::vector<double> result;
            result.reserve(rows.size() / width * classes);
            for (std::size_t first = 0; first < rows.size(); first += width)
                for (std::size_t c = 0; c < classes; ++c) {
                    double sum = bias[c];
                    for (std::size_t i = 0; i < width; ++i)
                        sum += weight[c * width + i] * static_cast<double>(rows[first + i]);
                    result.push_back(sum);
                }
            return result;
        }
    };
    [[nodiscard]] Head head() const {
        Head head = raw_head();
        const auto width = static_cast<std::size_t>(width_);
        for (std::size_t c = 0; c < head.bias.size(); ++c)
            for (std::size_t i = 0; i < width; ++i) {
                head.weight[c * width + i] /= std::sqrt(variance_[i] + options_.epsilon);
                head.bias[c] -= head.weight[c * width + i] * mean_[i];
            }
        return head;
    }

    /// Copies the probe into a classifier whose head reads layer-normalized features: the batch normalization is folded into the
    /// scale and shift of that layer norm, both one-dimensional, and the head's weights remain as trained. Directions of a
    /// landscape, which perturb weights of two or more dimensions, therefore act as with a separate normalization.
    /// @param values  the parameters of the classifier whose encoder computed the features
    /// @throws ShapeError if the classifier's head has another size
    void put_into(const ParameterLayout& classifier, std::vector<double>& values) const {
        const Head raw = raw_head();
        const ParameterInfo* norm = classifier.find("norm.weight") != nullptr
                                        ? classifier.find("norm.weight")
                                        : classifier.find("fc_norm.weight");
        const ParameterInfo *weight = classifier.find("head.weight"), *bias = classifier.find("head.bias");
        if (norm == nullptr || weight == nullptr || norm->size() != width_ ||
            weight->size() != width_ * classes_)
            throw ShapeError(message("a probe of ", width_, " features and ", classes_,
                                     " classes does not fit the classifier's head"));
        const auto scale = values.begin() + norm->slot.offset, shift = scale + width_;  // its bias follows
        for (Index i = 0; i < width_; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const double deviation = std::sqrt(variance_[at] + options_.epsilon);
            scale[i] /= deviation;
            shift[i] = (shift[i] - mean_[at]) / deviation;
        }
        std::copy(raw.weight.begin(), raw.weight.end(), values.begin() + weight->slot.offset);
        std::copy(raw.bias.begin(), raw.bias.end(), values.begin() + bias->slot.offset);
    }

  private:
    [[nodiscard]] Head raw_head() const {
        const std::vector<double> numbers = theta_.to_host();
        const auto weights = static_cast<std::ptrdiff_t>(classes_ * width_);
        return {{numbers.begin(), numbers.begin() + weights}, {numbers.begin() + weights, numbers.end()}};
    }
    /// Normalizes a batch into `staging_` and updates the running statistics.
    template <class U>
    void normalize_by_batch(std::span<const U> rows, std::size_t samples) {
        const auto width = static_cast<std::size_t>(width_);
        const double count = static_cast<double>(samples);
        std::vector<double> mean(width), square(width);
        for (std::size_t i = 0; i < rows.size(); ++i) mean[i % width] += static_cast<double>(rows[i]) / count;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const double centred = static_cast<double>(rows[i]) - mean[i % width];
            square[i % width] += centred * centred;
        }
        std::vector<double> scale(width);
        for (std::size_t i = 0; i < width; ++i) {
            const double m = options_.statistics_momentum;
            scale[i] = 1 / std::sqrt(square[i] / count + options_.epsilon);
            mean_[i] = (1 - m) * mean_[i] + m * mean[i];
            variance_[i] = (1 - m) * variance_[i] + m * square[i] / (count - 1);
        }
        staging_.resize(rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i)
            staging_[i] = (static_cast<double>(rows[i]) - mean[i % width]) * scale[i % width];
    }

    LinearProbeOptions options_;
    C communicator_;
    Index width_, classes_;
    ParameterLayout layout_;
    LinearParameters head_;
    std::vector<ParameterGroup> groups_;
    Vector<P> theta_, gradient_;
    typename Lars::template State<P> state_;
    Tape<P> tape_;
    std::vector<double> mean_, variance_, staging_;
    Tensor<P> features_, targets_;
};

}  // namespace vitscape
