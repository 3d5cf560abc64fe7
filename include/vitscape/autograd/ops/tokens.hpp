// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <initializer_list>

#include <vitscape/autograd/ops/linear.hpp>

namespace vitscape {

/// One part of a sequence: `count` tokens of each sample, either rows of a variable (samples, count, width)
/// or learned tokens (1, k, width) repeated, of which `count` is a multiple.
template <Backend B>
struct TokenPart {
    const Variable<B>* rows = nullptr;
    const ParameterSlot* token = nullptr;
    Index count = 0;
};

/// Concatenates parts along the token axis: (samples, sum of counts, width). At most four parts.
/// @throws ShapeError if a part is not (samples, count, width).
template <Recorder R, class B = typename R::BackendType>
Variable<B> concatenate_tokens(R& recorder, Index samples, Index width,
                               std::initializer_list<TokenPart<B>> parts) {
    using P = typename B::Pointer;
    struct Part {
        ParameterSlot token;
        Shape shape;
        int node = -1;
        bool is_token = false;
        Index first = 0, count = 0;
        Index together = 1;  // learned tokens one behind the other, which are copied as one row
    };
    std::array<Part, 4> saved{};
    std::size_t used = 0;
    Index tokens = 0;
    for (const TokenPart<B>& part : parts) {
        const Shape& given = part.token != nullptr ? part.token->shape : part.rows->shape();
        const Index learned = part.token != nullptr && given.rank() == 3 ? given[1] : 1;
        const Shape expected =
            part.token != nullptr ? Shape{1, learned, width} : Shape{samples, part.count, width};
        if (given != expected || learned < 1 || part.count % learned != 0)
            throw ShapeError(message("tokens of shape ", expected, " were expected, ", given, " were given"));
        Part& entry = saved.at(used++);
        entry.is_token = part.token != nullptr;
        if (entry.is_token)
            entry.token = *part.token;
        else
            entry.node = part.rows->node, entry.shape = part.rows->shape();
        entry.first = tokens;
        entry.count = part.count;
        entry.together = learned;
        tokens += part.count;
    }
    B& b = recorder.backend();
    Tensor<B> y = recorder.allocate({samples, tokens, width});
    const auto slice = [=](P data, const Part& part) {
        return operand::Grouped<P>{data + part.first * width, part.count / part.together, tokens * width,
                                   part.together * width};
    };
    std::size_t i = 0;
    for (const TokenPart<B>& part : parts) {
        const Part& entry = saved[i++];
        if (entry.is_token)
            b.map(samples * entry.count / entry.together, entry.together * width, functor::Identity{},
                  slice(y.data(), entry), operand::PerColumn<P>{recorder.parameter(entry.token).data});
        else
            b.map(samples * entry.count, width, functor::Identity{}, slice(y.data(), entry),
                  detail::matrix(part.rows->value));
    }
    return recorder.record(std::move(y), [=](Tape<B>& tape, const Tensor<B>& dy) {
        for (std::size_t k = 0; k < used; ++k) {
            const Part& part = saved[k];
            const Index rows = samples * part.count / part.together;
            if (part.is_token) {
                tape.backend().reduce_columns(rows, part.together * width, functor::Identity{}, 1,
                                              tape.parameter_gradient(part.token).data,
                                              slice(dy.data(), part));
            } else if (part.node >= 0) {
                const Tensor<B> dx = tape.allocate(part.shape);
                tape.backend().map(rows, width, functor::Identity{}, detail::matrix(dx),
                                   slice(dy.data(), part));
                tape.pass_gradient(part.node, dx);
            }
        }
    });
}

/// x + table[rows]: adds fixed position embeddings. @param table (positions, width), @param rows one per row
/// of x.
template <Recorder R, class B = typename R::BackendType>
Variable<B> add_positions(R& recorder, const Variable<B>& x, const Tensor<B>& table,
                          const IndexTensor<B>& rows) {
    using P = typename B::Pointer;
    const Index width = table.view().last(), count = x.value.view().rows();
    detail::require_width(x.value, width, "a position table");
    if (rows.size() != count)
        throw ShapeError(message("a tensor of shape ", x.shape(), " needs ", count, " positions, ",
                                 rows.size(), " were given"));
    Tensor<B> y = recorder.allocate(x.shape());
    recorder.backend().map(count, width, functor::Add{}, detail::matrix(y), detail::matrix(x.value),
                           operand::Gathered<P>{table.data(), rows.data(), width});
    return recorder.record(
        std::move(y), [node = x.node](Tape<B>& tape, const Tensor<B>& dy) { tape.pass_gradient(node, dy); });
}

/// x + table for every sample: adds learned position embeddings; x (samples, tokens, width), table (1,
/// tokens, width).
template <Recorder R, class B = typename R::BackendType>
Variable<B> add_learned_positions(R& recorder, const Variable<B>& x, const ParameterSlot& table) {
    using P = typename B::Pointer;
    const Index samples = x.shape()[0], size = table.shape.size();
    if (x.value.size() != samples * size)
        throw ShapeError(
            message("positions of shape ", table.shape, " do not fit tokens of shape ", x.shape()));
    Tensor<B> y = recorder.allocate(x.shape());
    recorder.backend().map(samples, size, functor::Add{}, operand::Matrix<P>{y.data(), size},
                           operand::Matrix<P>{x.data(), size},
                           operand::PerColumn<P>{recorder.parameter(table).data});
    return recorder.record(std::move(y), [=, node = x.node](Tape<B>& tape, const Tensor<B>& dy) {
        tape.backend().reduce_columns(samples, size, functor::Identity{}, 1,
                                      tape.parameter_gradient(table).data,
                                      operand::Matrix<P>{dy.data(), size});
        tape.pass_gradient(node, dy);
    });
}

/// Tokens first to first + count - 1 of each sample: (samples, tokens, width) to (samples, count, width).
template <Recorder R, class B = typename R::BackendType>
Variable<B> select_tokens(R& recorder, const Variable<B>& x, Index first, Index count) {
    using P = typename B::Pointer;
    const Index samples = x.shape()[0], tokens = x.shape()[1], width = x.shape()[2];
    if (first < 0 || count < 0 || first + count > tokens)
        throw ShapeError(message("tokens ", first, " to ", first + count - 1,
                                 " were requested from a tensor of shape ", x.shape()));
    if (count == tokens) return x;
    const auto slice = [=](P data) {
        return operand::Grouped<P>{data + first * width, count, tokens * width, width};
    };
    Tensor<B> y = recorder.allocate({samples, count, width});
    recorder.backend().map(samples * count, width, functor::Identity{}, detail::matrix(y), slice(x.data()));
    return recorder.record(std::move(y),
                           [=, node = x.node, shape = x.shape()](Tape<B>& tape, const Tensor<B>& dy) {
                               if (node < 0) return;
                               const auto target = tape.gradient(node, shape);
                               if (target.beta == 0) tape.backend().fill(shape.size(), 0, target.data);
                               tape.backend().map(samples * count, width, functor::Add{}, slice(target.data),
                                                  slice(target.data), detail::matrix(dy));
                           });
}

/// Mean over tokens first to first + count - 1: (samples, tokens, width) to (samples, width).
template <Recorder R, class B = typename R::BackendType>
Variable<B> mean_tokens(R& recorder, const Variable<B>& x, Index first, Index count) {
    using T = RealOf<B>;
    using P = typename B::Pointer;
    const Index samples = x.shape()[0], tokens = x.shape()[1], width = x.shape()[2];
    if (first < 0 || count < 1 || first + count > tokens)
        throw ShapeError(message("the mean of tokens ", first, " to ", first + count - 1,
                                 " was requested of a tensor of shape ", x.shape()));
    Tensor<B> y = recorder.allocate({samples, width});
    const Tensor<B> weights = recorder.allocate({1, count});
    recorder.backend().fill(count, 1 / static_cast<double>(count), weights.data());
    recorder.backend().multiply_batch(  // one row of equal weights times the tokens of each sample
        {.m = 1, .n = width, .k = count, .stride_a = count, .stride_b = width, .stride_c = width},
        {.outer = samples, .outer_b = tokens * width, .outer_c = width}, weights.data(),
        x.data() + first * width, y.data());
    return recorder.record(
        std::move(y), [=, node = x.node, shape = x.shape()](Tape<B>& tape, const Tensor<B>& dy) {
            if (node < 0) return;
            const Tensor<B> dx = tape.allocate(shape);
            tape.backend().fill(shape.size(), 0, dx.data());
            tape.backend().map(samples * count, width, functor::Scale<T>{T(1) / static_cast<T>(count)},
                               operand::Grouped<P>{dx.data() + first * width, count, tokens * width, width},
                               operand::Grouped<P>{dy.data(), count, width, 0});
            tape.pass_gradient(node, dx);
        });
}

}  // namespace vitscape
