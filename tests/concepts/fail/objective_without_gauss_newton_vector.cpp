// SPDX-License-Identifier: Apache-2.0
// expect: an objective lacks gauss_newton_vector\(const Vector<B>& theta, const Vector<B>& v, Vector<B>& out\)
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/curvature/gauss_newton.hpp>
#include <vitscape/curvature/trace.hpp>
#include <vitscape/nn/parameter_layout.hpp>

using namespace vitscape;

using V = Vector<CpuPrimitives<double>>;

struct Bowl {
    CpuPrimitives<double> backend() const { return cpu; }
    const ParameterLayout& layout() const { return parameters; }
    double value(const V& theta) const { return dot(theta, theta); }
    double gradient(const V& theta, V& out) const {
        axpby(2, theta, 0, out);
        return value(theta);
    }
    CpuPrimitives<double> cpu{};
    ParameterLayout parameters{};
};

int main() {
    Bowl bowl;
    const V theta(bowl.cpu, 2);
    return static_cast<int>(trace(gauss_newton(bowl, theta)).value);
}
