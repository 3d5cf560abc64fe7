// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <tuple>
#include <utility>

#include <vitscape/backend/concept.hpp>
#include <vitscape/backend/series_pointer.hpp>

namespace vitscape::detail {

/// One term of the product of two truncated power series: part `to` of it has factor * a[left] b[right].
struct SeriesTerm {
    int left, right, to;
    double factor = 1;
};

/// A backend of truncated power series over a backend of plain numbers. It offers no refinements, so every op falls back to the
/// primitives. `Series` has a `Number` (the scalar) of so many `parts`, part 0 being the value, and `product`, the terms of the product
/// of two series.
template <Backend B, class Series>
class SeriesBackend {
    using Sums = SeriesPointer<Real<typename B::Storage>, Series>;

  public:
    using Base = B;
    using Storage = typename B::Storage;
    using Scalar = typename Series::template Number<Real<Storage>>;
    using Pointer = SeriesPointer<Storage, Series>;
    using MasterBackend = SeriesBackend<Master<B>, Series>;

    explicit SeriesBackend(B base) : base_(std::move(base)) {}
    [[nodiscard]] B& base() { return base_; }
    [[nodiscard]] MasterBackend master() const { return MasterBackend(vitscape::master(base_)); }

    Pointer allocate(Index n) {
        Pointer p;
        for (int i = 0; i < Pointer::parts; ++i) p.part(i) = base_.allocate(n);
        return p;
    }
    void release(Pointer p, Index n) {
        for (int i = 0; i < Pointer::parts; ++i) base_.release(p.part(i), n);
    }
    std::int32_t* allocate_indices(Index n) { return base_.allocate_indices(n); }
    void release_indices(std::int32_t* p, Index n) { base_.release_indices(p, n); }

    void copy(Index n, Pointer from, Pointer to) {
        for (int i = 0; i < Pointer::parts; ++i) base_.copy(n, from.part(i), to.part(i));
    }
    void fill(Index n, double number, Pointer to) {
        base_.fill(n, number, to.part(0));
        clear_derivatives(n, to);
    }
    template <class U>
    void upload(Index n, const U* host, Pointer to) {
        base_.upload(n, host, to.part(0));
        clear_derivatives(n, to);
    }
    /// The values; the other parts are read with the base backend.
    template <class U>
    void download(Index n, Pointer from, U* host) const {
        base_.download(n, from.part(0), host);
    }
    void upload_indices(Index n, const std::int32_t* host, std::int32_t* to) {
        base_.upload_indices(n, host, to);
    }
    void synchronize() { base_.synchronize(); }
    [[nodiscard]] decltype(auto) memory() const { return base_.memory(); }
    void forget_peak_memory() const { base_.forget_peak_memory(); }

    template <class F, class Out, class... In>
    void map(Index rows, Index columns, const F& f, const Out& out, const In&... in) {
        base_.map(rows, columns, f, out, in...);
    }
    template <class F, class... In>
    void reduce_rows(Index rows, Index columns, const F& f, Sums out, const In&... in) {
        reduce_rows_into(rows, columns, f, operand::Matrix<Sums>{out, 1}, in...);
    }
    template <class F, class... In>
    void reduce_columns(Index rows, Index columns, const F& f, double beta, Sums out, const In&... in) {
        reduce_columns_into(rows, columns, f, beta, operand::Matrix<Sums>{out, columns}, in...);
    }
    template <class F, class Out, class... In>
    void reduce_rows_into(Index rows, Index columns, const F& f, const Out& out, const In&... in) {
        base_.reduce_rows_into(rows, columns, f, out, in...);
    }
    template <class F, class Out, class... In>
    void reduce_columns_into(Index rows, Index columns, const F& f, double beta, const Out& out,
                             const In&... in) {
        base_.reduce_columns_into(rows, columns, f, beta, out, in...);
    }
    template <class In>
    void row_maximum(Index rows, Index columns, const In& in, Sums out) {
        base_.row_maximum(rows, columns, in, out.part(0));
        auto sums = vitscape::master(base_);
        for (int i = 1; i < Pointer::parts; ++i) sums.fill(rows, 0, out.part(i));
    }
    [[nodiscard]] auto dot(Index n, Pointer x, Pointer y) const {
        std::array<double, Pointer::parts> sums{};
        for (const SeriesTerm& term : Series::product)
            if (has(term, x, y))
                sums[static_cast<std::size_t>(term.to)] +=
                    term.factor * base_.dot(n, x.part(term.left), y.part(term.right));
        return std::apply([](auto... sum) { return typename Series::template Number<double>(sum...); }, sums);
    }

    template <class C>
    void multiply(const MatrixProduct& product, Pointer a, Pointer b, C c) {
        each_term(product, a, b, c, [&](const MatrixProduct& of, Storage* x, Storage* y, auto* to) {
            base_.multiply(of, x, y, to);
        });
    }
    template <class C>
    void multiply_batch(const MatrixProduct& product, const ProductBatch& batch, Pointer a, Pointer b, C c) {
        each_term(product, a, b, c, [&](const MatrixProduct& of, Storage* x, Storage* y, auto* to) {
            base_.multiply_batch(of, batch, x, y, to);
        });
    }

    void fill_uniform(const RandomKey& key, Index n, Pointer to) {
        base_.fill_uniform(key, n, to.part(0));
        clear_derivatives(n, to);
    }
    void fill_normal(const RandomKey& key, Index n, Pointer to) {
        base_.fill_normal(key, n, to.part(0));
        clear_derivatives(n, to);
    }

  private:
    /// Constants have no derivatives.
    void clear_derivatives(Index n, Pointer to) {
        for (int i = 1; i < Pointer::parts; ++i) base_.fill(n, 0, to.part(i));
    }
    [[nodiscard]] static bool has(const SeriesTerm& term, Pointer a, Pointer b) {
        return !a.is_zero(term.left) && !b.is_zero(term.right);
    }
    /// Calls multiply(product, left, right, to) for each term; the first one of a part scales what was there.
    template <class C, class Multiply>
    void each_term(const MatrixProduct& product, Pointer a, Pointer b, C c, const Multiply& multiply) {
        std::array<bool, Pointer::parts> begun{};
        const auto add = [&](const SeriesTerm& term, double factor) {
            MatrixProduct scaled = product;
            scaled.alpha *= factor;
            if (std::exchange(begun[static_cast<std::size_t>(term.to)], true)) scaled.beta = 1;
            multiply(scaled, a.part(term.left), b.part(term.right), c.part(term.to));
        };
        for (const SeriesTerm& term : Series::product)
            if (has(term, a, b) && !c.is_zero(term.to)) add(term, term.factor);
        for (int i = 0; i < Pointer::parts; ++i)  // a part without any term is zero
            if (!begun[static_cast<std::size_t>(i)] && !c.is_zero(i)) add({0, 0, i}, 0);
    }

    B base_;
};

}  // namespace vitscape::detail
