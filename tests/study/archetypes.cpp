// SPDX-License-Identifier: Apache-2.0
//
// A study of a method, measures and a claim that have nothing but what the concepts name.
#include <string>
#include <tuple>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/open_dataset.hpp>
#include <vitscape/study/comparison.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace archetypes_test {

using namespace vitscape;

namespace {

/// The loss at the solution.
struct LossArchetype {
    static constexpr std::string_view key = "height";
    template <class Self, class Visitor>
    static void fields(Self&, Visitor&) {}
    void check() const {}
    [[nodiscard]] double seconds(const LossSpeed& speed) const { return 16 * speed.value; }
    template <Backend B, class O>
    [[nodiscard]] nlohmann::json compute(LossAround<B, O>& around) const {
        return around.loss(16).value(around.theta());
    }
    void rows(Rows& rows) const {
        rows.add({.key = "height", .group = "own", .name = "loss at the solution"},
                 [](const JsonValue& result) { return number_of(result); });
    }
};

/// The seed.
struct RunArchetype {
    static constexpr std::string_view key = "number";
    template <class Self, class Visitor>
    static void fields(Self&, Visitor&) {}
    void check() const {}
    [[nodiscard]] double seconds(const RunSpeed&) const { return 0; }
    template <Backend B, class M>
    [[nodiscard]] nlohmann::json compute(const TrainedRun<B, M>& run) const {
        return run.seed;
    }
    void rows(Rows& rows) const {
        rows.add({.key = "number", .group = "own", .name = "seed"},
                 [](const JsonValue& result) { return number_of(result); });
    }
};

struct ClaimArchetype {
    std::string text = "the seeds are 3 and 4", source;
    bool optional = false;
    [[nodiscard]] std::vector<ClaimTerm> needs() const { return {{"own.number", "only"}}; }
    [[nodiscard]] Verdict judge(const Evidence& evidence) const {
        const auto seeds = evidence.values(needs().front());
        return {.primary = {.test = evidence.name("own.number")},
                .verdict = seeds == std::vector<double>{3, 4} ? "supported" : "contradicted"};
    }
};
static_assert(Measure<LossArchetype> && Measure<RunArchetype> && Claim<ClaimArchetype>);
static_assert(!MeasuresLosses<RunArchetype> && !MeasuresRuns<LossArchetype>);

/// A masked autoencoder that hides all but what a method and its encoder must have.
class MethodArchetype {
    using Model = MaskedAutoencoder<>;

  public:
    MethodArchetype() : model_({{16, 4, {.width = 16, .depth = 1, .heads = 2}}, {16, 1, 2}}) {}
    template <Backend B>
    using Inputs = Model::Inputs<B>;
    [[nodiscard]] const ParameterLayout& layout() const { return model_.layout(); }
    [[nodiscard]] PatchGrid grid() const { return model_.grid(); }
    [[nodiscard]] std::vector<FixedTensor> fixed_tensors() const { return model_.fixed_tensors(); }
    [[nodiscard]] VitShape encoder() const { return model_.encoder(); }
    template <Backend B>
    void prepare(const B& backend, const Batch& batch, MaskKey key, Inputs<B>& inputs) const {
        model_.prepare(backend, batch, key, inputs);
    }
    template <class R, Backend B>
    [[nodiscard]] auto losses(R& recorder, const Inputs<B>& inputs) const {
        return model_.losses(recorder, inputs);
    }

  private:
    Model model_;
};
nlohmann::json describe(const MethodArchetype&) { return {{"method", "archetype"}}; }
static_assert(ComparableMethod<MethodArchetype, Cpu<float>>);
static_assert(!ClassifyingMethod<MethodArchetype, Cpu<float>> &&
              !ReconstructingMethod<MethodArchetype, Cpu<float>>);

using Measures = std::tuple<LossArchetype, RunArchetype>;

struct Study {
    test::TemporaryFolder folder;
    [[nodiscard]] auto make(std::vector<AnyClaim> claims, bool resume = false) const {
        ComparisonPlan plan{.seeds = {3, 4},
                            .schedule = {.peak = 1e-3, .warmup_epochs = 0},
                            .probe = {.epochs = 2, .warmup_epochs = 0}};
        plan.training = {.epochs = 1, .batch = 20, .transform = {.side = 16}};
        Comparison study{Cpu<float>{},
                         open_dataset("synthetic:60", {.side = 16}),
                         open_dataset("synthetic:30", {.test = true, .side = 16}),
                         plan,
                         {.out = folder.path() / "study", .resume = resume, .figures = false},
                         Measures{},
                         std::move(claims)};
        study.add("only", "The only one", MethodArchetype{});
        return study;
    }
};

}  // namespace

TEST_CASE("a study of archetypes: what the concepts name is all that it takes", "[compare]") {
    const Study study;
    const WrittenReport written = study.make({ClaimArchetype{}}).run();
    const auto& report = written.report;
    std::vector<std::string> keys;
    for (const auto& row : report.at("measures")) keys.push_back(row.at("key"));
    CHECK(keys == std::vector<std::string>{"training.height", "classification.height", "own.number"});
    const auto& height = report.at("measures").at(0);
    CHECK(height.at("loss") == "training");
    CHECK(height.at("better") == "neither");
    for (const auto& value : height.at("values").at("only")) CHECK(value.at("value") > 0.1);
    CHECK(report.at("claims").at(0).at("verdict") == "not judged");  // after one epoch nothing was learned
    CHECK(report.at("correlations").empty());
    CHECK(std::filesystem::file_size(study.folder.path() / "study" / "report.html") > 1000);

    // what is there is not done again, and the report is the same
    CHECK(study.make({ClaimArchetype{}}, true).run().report == report);
    CHECK_THROWS_AS(study.make({ClaimArchetype{}}).run(), StudyExists);
}

TEST_CASE("a study refuses before any work what its claims and measures cannot do", "[compare]") {
    const Study study;
    const LargerClaim typo{
        .text = "typo", .source = "", .row = "training.hight", .larger = "only", .smaller = "only"};
    CHECK_THROWS_AS(study.make({typo}).run(), ConfigError);
    CHECK_FALSE(std::filesystem::exists(study.folder.path() / "study"));
    CHECK_THROWS_AS(describe_measures(std::tuple{RunArchetype{}, RunArchetype{}}), ConfigError);
    CHECK_THROWS_AS(describe_measures(std::tuple{SurfaceMeasure{.grid = 4}}), ConfigError);
    CHECK_THROWS_AS(describe_measures(std::tuple{EigenvalueMeasure{.steps = 2}}), ConfigError);
}

}  // namespace archetypes_test
