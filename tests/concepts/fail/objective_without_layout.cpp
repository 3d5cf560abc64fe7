// SPDX-License-Identifier: Apache-2.0
// expect: an objective lacks layout\(\), the ParameterLayout
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/nn/parameter_layout.hpp>

using namespace vitscape;

using V = Vector<CpuPrimitives<double>>;

struct Bowl {
    CpuPrimitives<double> backend() const { return cpu; }
    double value(const V& theta) const { return dot(theta, theta); }
    CpuPrimitives<double> cpu{};
    ParameterLayout parameters{};
};

int main() {
    Bowl bowl;
    const V theta(bowl.cpu, 2);
    return static_cast<int>(project(bowl, Line{theta, theta}, Grid{}).samples);
}
