// SPDX-License-Identifier: Apache-2.0
// expect: an objective lacks value\(const Vector<B>& theta\), the loss, a double
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/nn/parameter_layout.hpp>

using namespace vitscape;

using V = Vector<CpuPrimitives<double>>;

struct Bowl {
    CpuPrimitives<double> backend() const { return cpu; }
    const ParameterLayout& layout() const { return parameters; }
    double loss(const V& theta) const { return dot(theta, theta); }
    CpuPrimitives<double> cpu{};
    ParameterLayout parameters{};
};

int main() {
    Bowl bowl;
    const V theta(bowl.cpu, 2);
    return static_cast<int>(project(bowl, Plane{theta, theta, theta}, PlaneGrid{}).samples);
}
