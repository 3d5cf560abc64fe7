// SPDX-License-Identifier: Apache-2.0
#include <vitscape/autograd/ops/tokens.hpp>

#include "autograd/derivatives.hpp"
#include "support/error_text.hpp"

namespace tokens_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("concatenate_tokens: derivatives of rows and of repeated tokens", "[autograd]") {
    Slots slots;
    const ParameterSlot x = slots.add({2, 3, 5}), y = slots.add({2, 1, 5}), token = slots.add({1, 1, 5}),
                        other = slots.add({1, 1, 5});
    check_derivatives(
        [&]<class R>(R& r) {
            const auto a = input(r, x), b = input(r, y);
            return loss_of(r, concatenate_tokens<R, typename R::BackendType>(r, 2, 5,
                                                                             {{.token = &token, .count = 1},
                                                                              {.rows = &a, .count = 3},
                                                                              {.token = &other, .count = 4},
                                                                              {.rows = &b, .count = 1}}));
        },
        slots.size());
}

TEST_CASE("concatenate_tokens: the order of the parts", "[autograd]") {
    using B = CpuPrimitives<double>;
    const B backend(1);
    Slots slots;
    const ParameterSlot token = slots.add({1, 1, 2});
    const Vector<B> theta(backend, std::vector<double>{7, 8});
    Eval<B> eval(backend, theta.data());
    const auto rows = eval.constant(upload(backend, {2, 2, 2}, std::vector<double>{1, 2, 3, 4, 5, 6, 9, 10}));
    const auto y = concatenate_tokens<Eval<B>, B>(
        eval, 2, 2,
        {{.token = &token, .count = 1}, {.rows = &rows, .count = 2}, {.token = &token, .count = 2}});
    CHECK(y.shape() == Shape{2, 5, 2});
    CHECK(download(backend, y.value.view()) ==
          std::vector<double>{7, 8, 1, 2, 3, 4, 7, 8, 7, 8, 7, 8, 5, 6, 9, 10, 7, 8, 7, 8});
}

TEST_CASE("concatenate_tokens: several learned tokens, once and repeated", "[autograd]") {
    Slots slots;
    const ParameterSlot x = slots.add({2, 1, 3}), two = slots.add({1, 2, 3});
    const auto joined = [&]<class R>(R& r) {
        const auto rows = input(r, x);
        return concatenate_tokens<R, typename R::BackendType>(
            r, 2, 3, {{.token = &two, .count = 2}, {.rows = &rows, .count = 1}, {.token = &two, .count = 4}});
    };
    check_derivatives([&]<class R>(R& r) { return loss_of(r, joined(r)); }, slots.size());
    using B = CpuPrimitives<double>;
    const B backend(1);
    const Vector<B> theta(backend, std::vector<double>{1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6});
    Eval<B> eval(backend, theta.data());
    std::vector<double> expected;
    for (const auto& row : {std::vector<double>{1, 2, 3}, std::vector<double>{4, 5, 6}}) {
        for (int i = 0; i < 2; ++i)
            expected.push_back(-1 - 3 * i), expected.push_back(-2 - 3 * i), expected.push_back(-3 - 3 * i);
        expected.insert(expected.end(), row.begin(), row.end());
        for (int i = 0; i < 4; ++i)
            expected.push_back(-1 - 3 * (i % 2)), expected.push_back(-2 - 3 * (i % 2)),
                expected.push_back(-3 - 3 * (i % 2));
    }
    CHECK(download(backend, joined(eval).value.view()) == expected);
    const ParameterSlot odd = two;
    CHECK(contains(error_text<ShapeError>([&] {
                       (void)concatenate_tokens<Eval<B>, B>(eval, 2, 3, {{.token = &odd, .count = 3}});
                   }),
                   "(1, 2, 3)"));
}

TEST_CASE("add_positions: derivatives and the rows of the table", "[autograd]") {
    Slots slots;
    const ParameterSlot x = slots.add({2, 3, 4});
    const std::vector<std::int32_t> order{0, 4, 2, 0, 1, 3};
    const std::vector<double> numbers = random_numbers(5 * 4, 9);
    check_derivatives(
        [&]<class R>(R& r) {
            using B = typename R::BackendType;
            const Tensor<B> table = upload(r.backend(), {5, 4}, numbers);
            return loss_of(r, add_positions(r, input(r, x), table, IndexTensor<B>(r.backend(), order)));
        },
        slots.size());
    using B = CpuPrimitives<double>;
    const B backend(1);
    const Vector<B> theta(backend, slots.size());  // zeros
    Eval<B> eval(backend, theta.data());
    const auto y =
        add_positions(eval, input(eval, x), upload(backend, {5, 4}, numbers), IndexTensor<B>(backend, order));
    std::vector<double> expected;
    for (const std::int32_t row : order)
        expected.insert(expected.end(), numbers.begin() + row * 4, numbers.begin() + row * 4 + 4);
    CHECK(download(backend, y.value.view()) == expected);
}

TEST_CASE("add_learned_positions: derivatives of tokens and table", "[autograd]") {
    Slots slots;
    const ParameterSlot x = slots.add({3, 2, 4}), table = slots.add({1, 2, 4});
    check_derivatives([&](auto& r) { return loss_of(r, add_learned_positions(r, input(r, x), table)); },
                      slots.size());
}

TEST_CASE("select_tokens: derivatives, alone and beside another use of its input", "[autograd]") {
    Slots slots;
    const ParameterSlot x = slots.add({3, 4, 2});
    const LinearParameters layer{slots.add({2, 2}), slots.add({2})};
    for (const auto& [first, count] : {std::pair<Index, Index>{0, 4}, {0, 1}, {2, 2}}) {
        INFO("tokens " << first << " + " << count);
        const Index from = first, number = count;
        check_derivatives([&](auto& r) { return loss_of(r, select_tokens(r, input(r, x), from, number)); },
                          x.shape.size());
        check_derivatives(
            [&](auto& r) {
                const auto in = input(r, x);
                const auto all = select_tokens(r, linear(r, in, layer), from, number);
                return loss_of(r, linear(r, all, layer, select_tokens(r, in, from, number)));
            },
            slots.size());
    }
}

TEST_CASE("mean_tokens: derivatives and values", "[autograd]") {
    Slots slots;
    const ParameterSlot x = slots.add({3, 4, 2});
    for (const auto& [first, count] : {std::pair<Index, Index>{0, 4}, {0, 1}, {1, 3}}) {
        INFO("tokens " << first << " + " << count);
        const Index from = first, number = count;
        check_derivatives([&](auto& r) { return loss_of(r, mean_tokens(r, input(r, x), from, number)); },
                          slots.size());
    }
    using B = CpuPrimitives<double>;
    const B backend(1);
    Eval<B> eval(backend, nullptr);
    const auto tokens = eval.constant(upload(backend, {1, 3, 2}, std::vector<double>{100, 200, 1, 2, 3, 6}));
    CHECK(download(backend, mean_tokens(eval, tokens, 1, 2).value.view()) == std::vector<double>{2, 4});
}

TEST_CASE("token ops: wrong shapes are errors that name both", "[autograd]") {
    using B = CpuPrimitives<double>;
    const B backend(1);
    Slots slots;
    const ParameterSlot table = slots.add({1, 4, 5}), token = slots.add({1, 1, 5});
    const Vector<B> theta(backend, slots.size());
    Eval<B> eval(backend, theta.data());
    const auto x = eval.constant(Tensor<B>(backend, {2, 3, 5}));
    const auto text_of = [](const auto& action) { return error_text<ShapeError>(action); };

    std::string text = text_of([&] { (void)add_learned_positions(eval, x, table); });
    CHECK(contains(text, "(2, 3, 5)"));
    CHECK(contains(text, "(1, 4, 5)"));

    const Tensor<B> fixed(backend, {4, 5}), narrow(backend, {4, 6});
    const IndexTensor<B> five(backend, std::vector<std::int32_t>(5)),
        six(backend, std::vector<std::int32_t>(6));
    text = text_of([&] { (void)add_positions(eval, x, fixed, five); });
    CHECK(contains(text, "(2, 3, 5)"));
    CHECK(contains(text, "6 positions, 5"));
    text = text_of([&] { (void)add_positions(eval, x, narrow, six); });
    CHECK(contains(text, "(2, 3, 5)"));
    CHECK(contains(text, "6"));

    for (const auto& [first, count] : {std::pair<Index, Index>{-1, 2}, {2, 2}, {0, 4}}) {
        const Index from = first, number = count;
        CHECK(contains(text_of([&] { (void)select_tokens(eval, x, from, number); }), "(2, 3, 5)"));
        CHECK(contains(text_of([&] { (void)mean_tokens(eval, x, from, number); }), "(2, 3, 5)"));
    }
    text = text_of([&] {
        (void)concatenate_tokens<Eval<B>, B>(eval, 2, 5,
                                             {{.token = &token, .count = 1}, {.rows = &x, .count = 4}});
    });
    CHECK(contains(text, "(2, 3, 5)"));
    CHECK(contains(text, "(2, 4, 5)"));
}

}  // namespace tokens_test
