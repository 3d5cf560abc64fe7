// SPDX-License-Identifier: Apache-2.0
//
// The ends of the Hessian's spectrum and its trace at a checkpoint, with their errors; and the distribution of all eigenvalues and the
// sharpness, if they are asked for. One process computes them, or several workers of a job.
#include <chrono>
#include <cmath>
#include <iostream>
#include <optional>
#include <string>

#include <vitscape/core/error.hpp>
#include <vitscape/core/output_lock.hpp>
#include <vitscape/job/wait_for_lock.hpp>

#include "support/curvature_options.hpp"
#include "support/curvature_work.hpp"
#include "support/files.hpp"
#include "support/frozen_model.hpp"
#include "support/job_options.hpp"
#include "support/parted_work.hpp"

using namespace vitscape;
using namespace program;

namespace {

/// Of a product with the Hessian, in losses, about: it foretells the time until the first parts are finished.
constexpr double losses_of_a_step = 8;

template <class O, class B>
void measure(const CurvatureOptions& o, O& objective, const Vector<B>& theta,
             const nlohmann::json& description, const std::string& of) {
    const double loss = objective.value(theta);
    if (!std::isfinite(loss))
        throw NumericError(message("the loss at ", o.model.checkpoint, " is ", loss,
                                   ", so it has no curvature; was its training successful?"));
    CurvatureWork<O, B> curvature(o, objective, theta,
                                  {{"checkpoint", o.model.checkpoint},
                                   {"of", of},
                                   {"model", description.at("model")},
                                   {"data", o.model.data.source},
                                   {"images", objective.samples()},
                                   {"mask_seed", o.model.mask_seed},
                                   {"parameters", theta.size()},
                                   {"loss", loss}});
    if (o.job.active()) {
        const auto start = std::chrono::steady_clock::now();
        (void)objective.value(theta);
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        if (!PartedJob(o.job, "curvature")
                 .compute(curvature.all(), {loss, objective.samples()}, losses_of_a_step * seconds,
                          [&] { return wait_for_lock([&] { return OutputLock::of_files(o.out); }); }))
            return;
    } else {
        compute_alone(curvature.all());
    }
    std::cout << "wrote " << o.out << '\n';
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"The largest and smallest eigenvalues and the trace of the Hessian of a checkpoint's loss.",
                 "curvature"};
    CurvatureOptions o;
    o.add(app);
    return run_as_worker(app, o.job, argc, argv, [&](char** words) {
        o.check();
        take_device_of_worker(o.job, o.model.backend);
        o.model.backend.dispatch(words, HalfOnProcessors::not_offered);
        require_distinct({checkpoint_files("--checkpoint", o.model.checkpoint),
                          image_files("--data", o.model.data.source)},
                         o.outputs());
        std::optional<OutputLock> lock;  // workers of a job write only at its end
        if (!o.job.active()) lock.emplace(OutputLock::of_files(o.out));
        require_writable_file(o.out, "--out");
        with_frozen_model<HalfOnProcessors::not_offered>(
            o.model, [&](double parameters) { o.check_size(parameters); },
            [&](auto& objective, const auto& theta, const nlohmann::json& description, const std::string& of,
                const auto& /*in_float*/) { measure(o, objective, theta, description, of); });
    });
}
