// SPDX-License-Identifier: Apache-2.0
//
// The ends of the Hessian's spectrum and its trace at a checkpoint, with their errors; and its sharpness, if that is asked for.
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>

#include <vitscape/core/output_lock.hpp>
#include <vitscape/curvature/lanczos.hpp>
#include <vitscape/curvature/trace.hpp>
#include <vitscape/landscape/adaptive_sharpness.hpp>
#include <vitscape/landscape/quotient_sharpness.hpp>

#include "support/files.hpp"
#include "support/frozen_model.hpp"

using namespace vitscape;

namespace {

struct Options {
    program::FrozenModelOptions model;
    std::string out;
    Index top = 5, bottom = -1, steps = 200, trace_samples = 30, sharpness_steps = 20;
    double tolerance = 1e-3, sharpness = 0;
    std::uint64_t seed = 0;
};

void add_options(CLI::App& app, Options& o) {
    using namespace program;
    o.model.add(app);
    add_number(app, "--top", o.top, Range::count(0, 1e6), "how many of the largest eigenvalues");
    add_number(app, "--bottom", o.bottom, Range::count(-1, 1e6),
               "how many of the smallest ones; -1: as many as --top");
    add_number(app, "--trace-samples", o.trace_samples, Range::count(2, 1e9).or_else(0),
               "random vectors for the trace; 0: no trace");
    add_number(app, "--lanczos-steps,--steps", o.steps, Range::count(1, 1e9),
               "products with the Hessian at most, for the eigenvalues");
    add_number(app, "--tolerance", o.tolerance, Range::tolerance(),
               "residual at which an eigenvalue counts as found, over the largest one");
    add_number(
        app, "--sharpness", o.sharpness, Range::at_least(0),
        "also the largest rises of the loss that are found for perturbations of this norm relative to the "
        "parameters: on the quotient by the symmetries of attention, and element by element; 0: neither");
    add_number(app, "--sharpness-steps", o.sharpness_steps, Range::count(1, 1e6),
               "of ascent in each of three starts, for each of the two");
    add_number(app, "--seed", o.seed, Range::seed(),
               "of the start vector, the trace's vectors and the starts of sharpness");
    add_name(app, "--out", o.out, "FILE", "JSON file to write")->required();
}

/// The vectors that span the space that eigenvalues are looked for in, and their coefficients.
void check_size(const Options& o, double parameters) {
    const double vectors = std::min(static_cast<double>(o.steps), parameters);
    const Index bottom = o.bottom < 0 ? o.top : o.bottom, wanted = o.top + bottom;
    if (wanted == 0) return;
    require_memory(
        message("--lanczos-steps ", o.steps, " with ", static_cast<Index>(parameters), " parameters"),
        vectors * (4 * parameters + 8 * vectors), o.model.backend.memory(), "fewer steps need less");
    if (static_cast<double>(o.steps) < std::min(static_cast<double>(wanted), parameters))
        throw ConfigError(message("--lanczos-steps ", o.steps, " cannot give --top ", o.top, " and --bottom ",
                                  bottom, " eigenvalues; about 10 steps per eigenvalue are typical"));
}

nlohmann::json values(const auto& pairs) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& pair : pairs)
        list.push_back({{"value", pair.value}, {"residual", pair.residual}, {"converged", pair.converged}});
    return list;
}

template <class O, class B>
void measure(const Options& o, O& objective, const Vector<B>& theta, const nlohmann::json& description,
             const std::string& of) {
    const auto operation = hessian(objective, theta);
    const auto stop = [] {
        if (interrupted()) throw Interrupted("stopped; the output file holds what was finished before");
    };
    nlohmann::ordered_json result = {{"checkpoint", o.model.checkpoint}, {"of", of},
                                     {"model", description.at("model")}, {"data", o.model.data.source},
                                     {"images", objective.samples()},    {"mask_seed", o.model.mask_seed},
                                     {"parameters", theta.size()},       {"loss", objective.value(theta)}};
    std::unique_ptr<ProgressBar> bar;
    if (o.top > 0 || o.bottom > 0) {
        const auto spectrum = lanczos(
            operation,
            {.largest = o.top,
             .smallest = o.bottom < 0 ? o.top : o.bottom,
             .steps = o.steps,
             .tolerance = o.tolerance,
             .seed = o.seed,
             .verify = false,
             .progress = [&](const LanczosProgress& p) {
                 if (!bar)
                     bar = std::make_unique<ProgressBar>("eigenvalues", p.limit, "products", p.products - 1);
                 bar->update(p.products, [&] { return message("relative residual ", p.residual); });
                 stop();
             }});
        bar.reset();
        result["largest"] = values(spectrum.largest);
        result["smallest"] = values(spectrum.smallest);
        result["converged"] = spectrum.converged();
        result["products"] = spectrum.products;
        write_json(o.out, result);
        std::cout << "largest eigenvalues ";
        for (const auto& pair : spectrum.largest) std::cout << "  " << pair.value << " +- " << pair.residual;
        std::cout << "\nsmallest eigenvalues";
        for (const auto& pair : spectrum.smallest) std::cout << "  " << pair.value << " +- " << pair.residual;
        std::cout << '\n';
        if (!spectrum.converged())
            std::cout << "not all eigenvalues reached the tolerance; their residuals say how far they are, "
                         "--lanczos-steps gives "
                         "more\n";
    }
    if (o.trace_samples > 0) {
        const TraceEstimate estimate = trace(
            operation,
            {.samples = o.trace_samples, .seed = o.seed, .work = {.progress = [&](Index done, Index total) {
                                                             if (!bar)
                                                                 bar = std::make_unique<ProgressBar>(
                                                                     "trace", total, "products", done - 1);
                                                             bar->update(done);
                                                             stop();
                                                         }}});
        bar.reset();
        result["trace"] = {{"value", estimate.value},
                           {"standard_error", estimate.standard_error},
                           {"samples", estimate.samples}};
        write_json(o.out, result);
        std::cout << "trace " << estimate.value << " +- " << estimate.standard_error << '\n';
    }
    if (o.sharpness > 0) {
        const auto look = [&](const char* key, const char* name, const auto& sharpness) {
            WorstCaseOptions options{.steps = o.sharpness_steps, .seed = o.seed};
            options.work.progress = [&](Index done, Index total) {
                if (!bar) bar = std::make_unique<ProgressBar>(name, total, "losses", done - 1);
                bar->update(done);
                stop();
            };
            const WorstCaseRise found = sharpness(options);
            bar.reset();
            result["sharpness"]["radius"] = o.sharpness;
            result["sharpness"][key] = {{"rise", found.rise}, {"starts", found.starts}};
            write_json(o.out, result);
            std::cout << name << " at least " << found.rise << " (of its starts:";
            for (const double start : found.starts) std::cout << ' ' << start;
            std::cout << ")\n";
        };
        look("quotient", "sharpness on the quotient", [&](const WorstCaseOptions& options) {
            return quotient_sharpness(objective, theta, o.sharpness, options);
        });
        look("adaptive", "adaptive sharpness", [&](const WorstCaseOptions& options) {
            return worst_case_adaptive_sharpness(objective, theta, o.sharpness, options);
        });
    }
    std::cout << "wrote " << o.out << '\n';
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"The largest and smallest eigenvalues and the trace of the Hessian of a checkpoint's loss.",
                 "curvature"};
    Options o;
    add_options(app, o);
    return program::run(app, argc, argv, [&] {
        o.model.backend.dispatch(argv, program::HalfOnProcessors::not_offered);
        program::require_distinct({program::checkpoint_files("--checkpoint", o.model.checkpoint),
                                   program::image_files("--data", o.model.data.source)},
                                  {{"--out", o.out}, {"--out", o.out + ".lock"}});
        const OutputLock lock = OutputLock::of_files(o.out);
        require_writable_file(o.out, "--out");
        program::with_frozen_model<program::HalfOnProcessors::not_offered>(
            o.model, [&](double parameters) { check_size(o, parameters); },
            [&](auto& objective, const auto& theta, const nlohmann::json& description, const std::string& of,
                const auto& /*in_float*/) { measure(o, objective, theta, description, of); });
    });
}
