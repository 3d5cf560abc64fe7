// SPDX-License-Identifier: Apache-2.0
//
// Products of matrices of numbers with their derivatives, of which some parts are left out.
#include <vector>

#include <vitscape/backend/dual.hpp>
#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/backend/plane_jets.hpp>
#include <vitscape/tensor/tensor.hpp>

#include "support/backends.hpp"
#include "support/catch.hpp"

namespace plane_jets_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

using Base = Cpu<double>;
using Jets = PlaneJets<Base>;
constexpr int parts = PlaneJetPointer<double>::parts;
constexpr Index n = 3;  // square matrices, so that one shape serves for all

/// The parts of a matrix of jets, those of which the bit is not set being zero.
struct Jet {
    std::vector<std::vector<double>> part;

    Jet(unsigned seed, unsigned set) {
        for (unsigned i = 0; i < parts; ++i)
            part.push_back((set >> i & 1) != 0 ? random_scalars<double>(n * n, seed + i)
                                               : std::vector<double>(n * n, 0.0));
    }
    /// @param say  which parts are zero throughout
    [[nodiscard]] PlaneJetPointer<double> pointer(bool say) {
        PlaneJetPointer<double> to;
        for (int i = 0; i < parts; ++i) {
            auto& numbers = part[static_cast<std::size_t>(i)];
            to.part(i) = numbers.data();
            if (say && numbers == std::vector<double>(n * n, 0.0)) to.zeros |= 1U << i;
        }
        return to;
    }
};

/// The product by the rules of calculus, entry by entry, beside what was there before.
std::vector<std::vector<double>> expected(const Jet& a, const Jet& b, const Jet& before, double alpha,
                                          double beta) {
    std::vector<std::vector<double>> result(parts, std::vector<double>(n * n));
    const auto jet = [](const Jet& of, Index i) {
        const auto at = [&](std::size_t k) { return of.part[k][static_cast<std::size_t>(i)]; };
        return PlaneJet<double>{at(0), at(1), at(2), at(3), at(4), at(5)};
    };
    for (Index i = 0; i < n; ++i)
        for (Index j = 0; j < n; ++j) {
            PlaneJet<double> sum{};
            for (Index k = 0; k < n; ++k) sum = sum + jet(a, i * n + k) * jet(b, k * n + j);
            PlaneJet<double> old = jet(before, i * n + j);
            for (int p = 0; p < parts; ++p)
                result[static_cast<std::size_t>(p)][static_cast<std::size_t>(i * n + j)] =
                    alpha * sum.part(p) + beta * old.part(p);
        }
    return result;
}

}  // namespace

TEST_CASE("plane jets: a product of matrices, also of parts that are left out", "[backend]") {
    Base base(1);
    Jets jets(base);
    // all parts; a point of the plane; one direction alone; a constant
    for (const unsigned left : {0b111111U, 0b000111U, 0b000011U, 0b000001U})
        for (const unsigned right : {0b111111U, 0b000111U, 0b000101U, 0b000001U})
            for (const double beta : {0.0, 1.0})
                for (const bool said : {false, true}) {
                    INFO("parts " << left << " and " << right << ", beta " << beta << ", said " << said);
                    Jet a(1, left), b(7, right), c(13, 0b111111U);
                    const auto product = expected(a, b, c, 0.5, beta);
                    jets.multiply({.m = n,
                                   .n = n,
                                   .k = n,
                                   .stride_a = n,
                                   .stride_b = n,
                                   .stride_c = n,
                                   .alpha = 0.5,
                                   .beta = beta},
                                  a.pointer(said), b.pointer(said), c.pointer(false));
                    for (std::size_t p = 0; p < parts; ++p)
                        for (std::size_t i = 0; i < n * n; ++i)
                            CHECK(c.part[p][i] == Approx(product[p][i]).margin(1e-14));
                }
}

TEST_CASE("plane jets, dual numbers: a product leaves the parts of its destination that count as zeros",
          "[backend]") {
    Base base(1);
    const MatrixProduct product{
        .m = n, .n = n, .k = n, .stride_a = n, .stride_b = n, .stride_c = n, .beta = 1};
    Jet a(1, 0b111111U), b(7, 0b111111U), c(13, 0b111111U);
    const std::vector<std::vector<double>> before = c.part, all = expected(a, b, c, 1, 1);
    PlaneJetPointer<double> jets = c.pointer(false);
    jets.zeros = 0b101001;
    Jets(base).multiply(product, a.pointer(false), b.pointer(false), jets);
    for (std::size_t p = 0; p < parts; ++p)
        for (std::size_t i = 0; i < n * n; ++i)
            CHECK(c.part[p][i] ==
                  Approx((jets.zeros >> p & 1U) != 0 ? before[p][i] : all[p][i]).margin(1e-14));

    c.part = before;  // the first two parts as dual numbers
    const auto dual = [](Jet& jet, unsigned zeros) {
        return DualPointer<double>{{jet.part[0].data(), jet.part[1].data()}, zeros};
    };
    Dual<Base>(base).multiply(product, dual(a, 0), dual(b, 0), dual(c, 0b01));
    for (std::size_t p = 0; p < 2; ++p)
        for (std::size_t i = 0; i < n * n; ++i)
            CHECK(c.part[p][i] == Approx(p == 0 ? before[p][i] : all[p][i]).margin(1e-14));
}

}  // namespace plane_jets_test
