// SPDX-License-Identifier: Apache-2.0
// expect: a teacher's momentum schedule lacks at\(const StepCount&\) const
#include <vitscape/methods/rc_mae.hpp>

using namespace vitscape;

struct Growing {
    double at(double step, double steps) const { return step / steps; }
};

int main() { const RcMae<RandomMasking, EmaTeacher<Growing>> method({.encoder = vit_tiny(32, 4)}); }
