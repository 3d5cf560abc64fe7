// SPDX-License-Identifier: Apache-2.0
// expect: a normalization policy lacks operator\(\)\(ParameterPair<B>\) const
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/landscape/normalization.hpp>

using namespace vitscape;

struct Halves {
    void operator()(double) const {}
};

int main() {
    const CpuPrimitives<double> cpu;
    const Vector<CpuPrimitives<double>> theta(cpu, 0);
    Vector<CpuPrimitives<double>> direction = theta;
    normalize(Halves{}, ParameterLayout{}, theta, direction);
}
