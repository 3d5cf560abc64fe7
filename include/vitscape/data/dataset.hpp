// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/data/image.hpp>

namespace vitscape {

/// A finite, ordered set of images with random access. Copies share their pixels, so a dataset
/// is passed by value. `load` is called concurrently and returns the same image each time.
///
/// - `size()`: number of samples
/// - `load(i)`: image of sample `i` in [0, size)
/// - `label(i)`: index into `classes()`, or -1 if the set has no labels
/// - `classes()`: class names, empty if the set has no labels
/// - `name(i)`: name of the sample in messages (for example, a path)
template <class D>
concept Dataset = std::copyable<D> && requires(const D& dataset, std::size_t i) {
    { dataset.size() } -> std::same_as<std::size_t>;
    { dataset.load(i) } -> std::same_as<Image>;
    { dataset.label(i) } -> std::same_as<int>;
    { dataset.classes() } -> std::same_as<const std::vector<std::string>&>;
    { dataset.name(i) } -> std::same_as<std::string>;
};

/// A dataset that can load an image at a reduced size, which is quicker: `load_reduced(i, choose)` is the image of sample `i`,
/// reduced as `choose` says for its size, or less. Its pixels are a function of `i` and the reduction.
template <class D>
concept ReducingDataset = Dataset<D> &&
    requires(const D& dataset, std::size_t i, const ReductionChoice& choose) {
    { dataset.load_reduced(i, choose) } -> std::same_as<ReducedImage>;
};

/// The image of sample `i` of any dataset, reduced if the dataset can do that.
template <Dataset D>
ReducedImage load_reduced(const D& dataset, std::size_t i, const ReductionChoice& choose) {
    if constexpr (ReducingDataset<D>)
        return dataset.load_reduced(i, choose);
    else
        return detail::not_reduced(dataset.load(i));
}

/// Compiles if `D` is a `Dataset`; otherwise the compiler's first error says which member is missing.
template <class D>
constexpr bool require_dataset() {
    static_assert(std::copyable<D>, "a dataset cannot be copied; hold its images in a std::shared_ptr");
    static_assert(
        requires(const D& dataset) {
            { dataset.size() } -> std::same_as<std::size_t>;
        },
        "a dataset lacks size() const, a std::size_t");
    static_assert(
        requires(const D& dataset, std::size_t i) {
            { dataset.load(i) } -> std::same_as<Image>;
        },
        "a dataset lacks load(std::size_t) const, an Image");
    static_assert(
        requires(const D& dataset, std::size_t i) {
            { dataset.label(i) } -> std::same_as<int>;
        },
        "a dataset lacks label(std::size_t) const, an int, -1 without labels");
    static_assert(
        requires(const D& dataset) {
            { dataset.classes() } -> std::same_as<const std::vector<std::string>&>;
        },
        "a dataset lacks classes() const, a const std::vector<std::string>&, empty without labels");
    static_assert(
        requires(const D& dataset, std::size_t i) {
            { dataset.name(i) } -> std::same_as<std::string>;
        },
        "a dataset lacks name(std::size_t) const, a std::string");
    return true;
}

template <Dataset D>
class Subset;

namespace detail {

/// The indices of the first `count` samples of each label, in the order of the dataset.
template <class D>
std::vector<std::size_t> first_of_each_class(const D& dataset, std::size_t count) {
    std::unordered_map<int, std::size_t> taken;
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i < dataset.size(); ++i)
        if (taken[dataset.label(i)]++ < count) indices.push_back(i);
    return indices;
}

}  // namespace detail

/// Gives a dataset `Self` the members that create views of it: `struct Mine : DatasetViews<Mine> { … };`.
template <class Self>
class DatasetViews {
  public:
    /// The samples at `indices`, in that order, with their labels. @throws DataError for an index out of
    /// range.
    [[nodiscard]] auto subset(std::vector<std::size_t> indices) const {
        return Subset<Self>(self(), std::move(indices));
    }

    /// The first `count` samples. @throws DataError if the set holds fewer.
    [[nodiscard]] auto first(std::size_t count) const {
        if (count > self().size())
            throw DataError(message("the first ", count, " images were requested, the set holds ",
                                    self().size(), "; request fewer"));
        std::vector<std::size_t> indices(count);
        for (std::size_t i = 0; i < count; ++i) indices[i] = i;
        return subset(std::move(indices));
    }

    /// The first `count` samples of each class, or all of a class with fewer; the order is kept. A set
    /// without labels counts as one class. @throws ConfigError for a count of zero.
    [[nodiscard]] auto limit_per_class(std::size_t count) const {
        if (count == 0) throw ConfigError("a limit per class must be at least 1, 0 was given");
        return subset(detail::first_of_each_class(self(), count));
    }

  private:
    [[nodiscard]] const Self& self() const { return static_cast<const Self&>(*this); }
};

/// Selected samples of another dataset, in a given order; labels, classes and names are those of that dataset.
template <Dataset D>
class Subset : public DatasetViews<Subset<D>> {
  public:
    /// @throws DataError for an index beyond the dataset.
    Subset(D dataset, std::vector<std::size_t> indices)
        : dataset_(std::move(dataset)),
          indices_(std::make_shared<const std::vector<std::size_t>>(std::move(indices))) {
        for (const std::size_t index : *indices_)
            if (index >= dataset_.size())
                throw DataError(message("sample ", index, " was requested, the set holds ", dataset_.size()));
    }

    [[nodiscard]] std::size_t size() const { return indices_->size(); }
    [[nodiscard]] Image load(std::size_t i) const { return dataset_.load((*indices_)[i]); }
    [[nodiscard]] ReducedImage load_reduced(std::size_t i, const ReductionChoice& choose) const {
        return vitscape::load_reduced(dataset_, (*indices_)[i], choose);
    }
    [[nodiscard]] int label(std::size_t i) const { return dataset_.label((*indices_)[i]); }
    [[nodiscard]] const std::vector<std::string>& classes() const { return dataset_.classes(); }
    [[nodiscard]] std::string name(std::size_t i) const { return dataset_.name((*indices_)[i]); }

  private:
    D dataset_;
    std::shared_ptr<const std::vector<std::size_t>> indices_;
};

/// A type-erased dataset, for programs that choose one at run time; copies share their content.
class AnyDataset : public DatasetViews<AnyDataset> {
  public:
    template <class D>
    requires(!std::same_as<D, AnyDataset> && Dataset<D>) AnyDataset(D dataset)
        : held_(std::make_shared<const Held<D>>(std::move(dataset))) {}

    [[nodiscard]] std::size_t size() const { return held_->size(); }
    [[nodiscard]] Image load(std::size_t i) const { return held_->load(i); }
    [[nodiscard]] ReducedImage load_reduced(std::size_t i, const ReductionChoice& choose) const {
        return held_->load_reduced(i, choose);
    }
    [[nodiscard]] int label(std::size_t i) const { return held_->label(i); }
    [[nodiscard]] const std::vector<std::string>& classes() const { return held_->classes(); }
    [[nodiscard]] std::string name(std::size_t i) const { return held_->name(i); }

  private:
    struct Interface {
        virtual ~Interface() = default;
        virtual std::size_t size() const = 0;
        virtual Image load(std::size_t i) const = 0;
        virtual ReducedImage load_reduced(std::size_t i, const ReductionChoice& choose) const = 0;
        virtual int label(std::size_t i) const = 0;
        virtual const std::vector<std::string>& classes() const = 0;
        virtual std::string name(std::size_t i) const = 0;
    };

    template <class D>
    struct Held final : Interface {
        explicit Held(D held) : dataset(std::move(held)) {}
        std::size_t size() const override { return dataset.size(); }
        Image load(std::size_t i) const override { return dataset.load(i); }
        ReducedImage load_reduced(std::size_t i, const ReductionChoice& choose) const override {
            return vitscape::load_reduced(dataset, i, choose);
        }
        int label(std::size_t i) const override { return dataset.label(i); }
        const std::vector<std::string>& classes() const override { return dataset.classes(); }
        std::string name(std::size_t i) const override { return dataset.name(i); }
        D dataset;
    };

    std::shared_ptr<const Interface> held_;
};

}  // namespace vitscape
