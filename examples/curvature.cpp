// SPDX-License-Identifier: Apache-2.0
//
// The ends of the Hessian's spectrum and its trace at a checkpoint, with their errors.
#include <iostream>
#include <memory>
#include <string>

#include <vitscape/core/output_lock.hpp>
#include <vitscape/curvature/lanczos.hpp>
#include <vitscape/curvature/trace.hpp>

#include "support/frozen_model.hpp"

using namespace vitscape;

namespace {

struct Options {
    program::FrozenModelOptions model;
    std::string out;
    Index top = 5, bottom = -1, steps = 200, trace_samples = 30;
    double tolerance = 1e-3;
    std::uint64_t seed = 0;
};

void add_options(CLI::App& app, Options& o) {
    o.model.add(app);
    app.add_option("--top", o.top, "how many of the largest eigenvalues");
    app.add_option("--bottom", o.bottom, "how many of the smallest ones; -1: as many as --top");
    app.add_option("--trace-samples", o.trace_samples, "random vectors for the trace; 0: no trace");
    app.add_option("--steps", o.steps, "products with the Hessian at most, for the eigenvalues");
    app.add_option("--tolerance", o.tolerance,
                   "residual at which an eigenvalue counts as found, over the largest one");
    app.add_option("--seed", o.seed, "of the start vector and the trace's vectors");
    app.add_option("--out", o.out, "JSON file to write")->required();
}

nlohmann::json values(const auto& pairs) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& pair : pairs)
        list.push_back({{"value", pair.value}, {"residual", pair.residual}, {"converged", pair.converged}});
    return list;
}

template <class O, class B>
void measure(const Options& o, O& objective, const Vector<B>& theta, const nlohmann::json& description) {
    const auto operation = hessian(objective, theta);
    const auto stop = [] {
        if (interrupted()) throw Interrupted("stopped; the output file holds what was finished before");
    };
    nlohmann::ordered_json result = {{"checkpoint", o.model.checkpoint}, {"model", description.at("model")},
                                     {"data", o.model.data.source},      {"images", objective.samples()},
                                     {"mask_seed", o.model.mask_seed},   {"parameters", theta.size()},
                                     {"loss", objective.value(theta)}};
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
                         "--steps gives "
                         "more\n";
    }
    if (o.trace_samples > 0) {
        const TraceEstimate estimate = trace(
            operation,
            {.probes = o.trace_samples, .seed = o.seed, .work = {.progress = [&](Index done, Index total) {
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
    std::cout << "wrote " << o.out << '\n';
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"The largest and smallest eigenvalues and the trace of the Hessian of a checkpoint's loss.",
                 "curvature"};
    Options o;
    add_options(app, o);
    return program::run(app, argc, argv, [&] {
        o.model.backend.dispatch(argv);
        if (o.top < 0 || o.trace_samples < 0 || o.trace_samples == 1 || o.steps < 1)
            throw ConfigError("--top is at least 0, --steps at least 1, --trace-samples 0 or at least 2");
        const OutputLock lock = OutputLock::of_files(o.out);
        require_writable_file(o.out);
        program::with_frozen_model(
            o.model, [&](auto& objective, const auto& theta, const nlohmann::json& description) {
                measure(o, objective, theta, description);
            });
    });
}
