// SPDX-License-Identifier: Apache-2.0
//
// A user-defined teacher: the student's mean over all steps so far, then over about the last hundred.
// prints: momentum after 1, 9 and 1000 steps: 0.5 0.9 0.99
// prints: the teacher follows, yes
#include <algorithm>
#include <iostream>

#include <vitscape/vitscape.hpp>

using namespace vitscape;

struct ShortMemory {
    double steps = 100;
    [[nodiscard]] double at(const StepCount& count) const { return 1 - 1 / std::min(steps, 1 + count.step); }
};
static_assert(MomentumSchedule<ShortMemory>);

int main() {
    const ShortMemory memory;
    std::cout << "momentum after 1, 9 and 1000 steps: " << memory.at({.step = 1}) << ' '
              << memory.at({.step = 9}) << ' ' << memory.at({.step = 1000}) << '\n';

    using Method = RcMae<RandomMasking, EmaTeacher<ShortMemory>>;
    Trainer trainer{Cpu<float>{},
                    Method({.encoder = {16, 4, {.width = 16, .depth = 1, .heads = 2}},
                            .decoder = {.width = 8, .depth = 1, .heads = 2}}),
                    AdamW{}, ConstantRate{1e-3}, 0};
    auto student = trainer.theta();
    trainer.fit(Synthetic(64, 16), {.epochs = 3, .batch = 16, .transform = {.side = 16}});
    auto teacher = trainer.teacher();
    axpby(-1, student, 1, teacher);  // displacements from the start
    axpby(1, trainer.theta(), -1, student);
    std::cout << "the teacher follows, "
              << (norm(teacher) > 0 && norm(teacher) < norm(student) && dot(teacher, student) > 0 ? "yes"
                                                                                                  : "no")
              << '\n';
}
