// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/core/measured_number.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/landscape/number_name.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// A point of a surface at which measures look. What several of them need is computed once, when the first asks for it.
template <Backend B, class O>
class MeasuredPoint {
  public:
    MeasuredPoint(O& objective, const WorkControl& work) : objective_(objective), work_(work) {}

    [[nodiscard]] O& objective() const { return objective_; }
    [[nodiscard]] const Vector<B>& theta() const { return *theta_; }
    [[nodiscard]] double loss() const { return loss_; }  ///< NaN if it is not finite
    /// (samples, classes), row by row.
    [[nodiscard]] const std::vector<double>& logits() requires ClassifyingObjective<O, B> {
        if (!std::exchange(has_logits_, true)) objective_.sample_logits(*theta_, logits_);
        return logits_;
    }
    [[nodiscard]] const Vector<B>& gradient() requires Objective<O, B> {
        if (!std::exchange(has_gradient_, true)) {
            if (gradient_.size() != theta_->size()) gradient_ = Vector<B>(theta_->backend(), theta_->size());
            objective_.gradient(*theta_, gradient_);
        }
        return gradient_;
    }
    /// For measures that take long: to be called now and then. @throws Interrupted when the work is to stop
    void stop_if_interrupted() const {
        if (work_.must_stop()) throw Interrupted("stopped at a point of the surface");
    }

    /// Goes to a point, which must live as long as it is looked at.
    void move_to(const Vector<B>& theta, double loss) {
        theta_ = &theta;
        loss_ = loss;
        has_logits_ = has_gradient_ = false;
    }

  private:
    O& objective_;
    const WorkControl& work_;
    const Vector<B>* theta_ = nullptr;
    double loss_ = 0;
    bool has_logits_ = false, has_gradient_ = false;
    std::vector<double> logits_{};
    Vector<B> gradient_{};
};

/// Numbers that `project` computes at each point of a surface beside the loss: `numbers()` says what they are, the same list
/// whenever it is asked, and `measure(point, out)` writes one number for each of them, with its error. What is not finite is
/// stored as NaN. `Point` is a `MeasuredPoint`.
template <class M, class Point>
concept PointMeasure = requires(M& measure, Point& point, std::span<MeasuredNumber> out) {
    { measure.numbers() } -> std::convertible_to<std::vector<NumberCard>>;
    measure.measure(point, out);
};

template <class M, class Point>
constexpr bool require_point_measure() {
    static_assert(
        requires(M & measure) {
            { measure.numbers() } -> std::convertible_to<std::vector<NumberCard>>;
        },
        "a measure of points lacks numbers() const, a std::vector<NumberCard> of what it gives at each");
    static_assert(
        requires(M & measure, Point & point, std::span<MeasuredNumber> out) { measure.measure(point, out); },
        "a measure of points lacks measure(point, std::span<MeasuredNumber> out), or needs an objective with "
        "more than "
        "this one has, such as logits or a Hessian");
    return true;
}

namespace detail {

/// The measure, or null where an optional one is not there.
template <class M>
M* present(M& measure) {
    return &measure;
}
template <class M>
M* present(std::optional<M>& measure) {
    return measure ? &*measure : nullptr;
}
template <class M>
const M* present(const std::optional<M>& measure) {
    return measure ? &*measure : nullptr;
}

/// All measures of successive points. A null pointer is none.
template <Backend B, class O, class... Ms>
class PointNumbers {
  public:
    /// @throws ConfigError for a name that files cannot hold, or that two numbers have
    PointNumbers(O& objective, const WorkControl& work, Ms*... measures)
        : measures_(measures...), point_(objective, work) {
        std::apply([&](auto*... one) { (add(one), ...); }, measures_);
        numbers_.resize(cards_.size());
    }

    [[nodiscard]] const std::vector<NumberCard>& cards() const { return cards_; }
    [[nodiscard]] bool empty() const { return cards_.empty(); }
    /// One for each card.
    [[nodiscard]] std::span<const MeasuredNumber> at(const Vector<B>& theta, double loss) {
        std::fill(numbers_.begin(), numbers_.end(), MeasuredNumber{});
        point_.move_to(theta, loss);
        std::size_t first = 0, which = 0;
        std::apply([&](auto*... one) { (measure(one, first, which), ...); }, measures_);
        for (MeasuredNumber& number : numbers_) {
            if (!std::isfinite(number.value)) number = {};
            if (!std::isfinite(number.error)) number.error = std::numeric_limits<double>::quiet_NaN();
        }
        return numbers_;
    }

  private:
    template <class M>
    void add(M* one) {
        static_assert(require_point_measure<M, MeasuredPoint<B, O>>());
        counts_.push_back(0);
        if (one == nullptr) return;
        for (NumberCard& card : one->numbers()) {
            if (!is_number_name(card.name))
                throw ConfigError(message("a measure's number cannot be called '", card.name,
                                          "'; take lower case letters, digits and underscores, and no name "
                                          "of an entry of the surface's file"));
            for (const NumberCard& other : cards_)
                if (other.name == card.name)
                    throw ConfigError(message("two measures give a number called '", card.name, "'"));
            cards_.push_back(std::move(card));
            ++counts_.back();
        }
    }
    template <class M>
    void measure(M* one, std::size_t& first, std::size_t& which) {
        const std::size_t count = counts_[which++];
        if (one != nullptr) one->measure(point_, std::span(numbers_).subspan(first, count));
        first += count;
    }

    std::tuple<Ms*...> measures_;
    MeasuredPoint<B, O> point_;
    std::vector<NumberCard> cards_{};
    std::vector<std::size_t> counts_{};  // numbers of each measure
    std::vector<MeasuredNumber> numbers_{};
};

template <Backend B, class O, class... Ms>
[[nodiscard]] PointNumbers<B, O, Ms...> point_numbers(O& objective, const WorkControl& work,
                                                      Ms*... measures) {
    return {objective, work, measures...};
}

}  // namespace detail

}  // namespace vitscape
