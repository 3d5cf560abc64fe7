// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

#include <xtensor/xtensor.hpp>

#include <vitscape/autograd/ops/losses.hpp>
#include <vitscape/autograd/ops/model_output.hpp>
#include <vitscape/autograd/ops/standardize.hpp>
#include <vitscape/core/fields.hpp>
#include <vitscape/methods/method.hpp>
#include <vitscape/methods/operation_count.hpp>
#include <vitscape/methods/patch_masker.hpp>
#include <vitscape/methods/teacher.hpp>
#include <vitscape/methods/trivial_loss.hpp>
#include <vitscape/nn/vit.hpp>

namespace vitscape {

namespace detail {
/// A teacher with data2vec's momentum, even if the schedule is chosen at run time and defaults to another one.
template <class Teacher>
[[nodiscard]] Teacher data2vec_teacher() {
    Teacher teacher{};
    if constexpr (requires { teacher.momentum.schedule = LinearMomentum{}; })
        teacher.momentum.schedule = LinearMomentum{};
    return teacher;
}
}  // namespace detail

template <class Masking = RandomMasking, class Teacher = EmaTeacher<LinearMomentum>>
struct Data2VecConfig {
    static_assert(require_masking_policy<Masking>());
    static_assert(require_teacher<Teacher>());

    VitShape encoder;
    Masking masking = with_ratio(Masking{}, 0.6);
    Teacher teacher = detail::data2vec_teacher<Teacher>();
    Index target_blocks =
        6;            ///< number of the teacher's last blocks averaged into the target; capped at the depth
    double beta = 2;  ///< where the smooth absolute error changes from quadratic to linear, positive
    EvaluatedWeights evaluate = EvaluatedWeights::student;  ///< what is tested, probed and measured

    static constexpr std::array<std::string_view, 1> newer_fields{"evaluate"};

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("encoder", self.encoder, "", "the Vision Transformer of the student and the teacher");
        visit("masking", self.masking, "masking", "which patches are masked");
        if constexpr (requires { self.teacher.momentum; })
            visit("momentum", self.teacher.momentum, "momentum",
                  "schedule of the teacher's momentum over the training");
        visit("target_blocks", self.target_blocks, "target-blocks",
              "how many of the teacher's last blocks make the target, at most all", Range::at_least(1));
        visit("beta", self.beta, "smooth-beta",
              "where the smooth absolute error turns from a square to a line", Range::above(0));
        visit("evaluate", self.evaluate, "evaluate", "whose weights are tested, probed and measured");
    }
};

/// data2vec for images (Baevski et al. 2022, arXiv 2202.03555): the student sees the image with the masked patches replaced by a
/// learned token; the teacher, an exponential moving average of the student, sees the whole image. The target of a masked patch is
/// the mean output of the teacher's last K blocks, each normalized over its features (eq. 3, layer normalization without
/// parameters); the student's normalized output passes through a linear layer, and the loss is the smooth absolute error over the
/// masked patches (eq. 4).
///
/// A `Method` with a teacher: `run_teacher` must be called between `prepare` and `losses`; the trainer does so. The last blocks of
/// both models are evaluated for masked tokens only, which leaves the loss unchanged.
template <class Masking = RandomMasking, class Teacher = EmaTeacher<LinearMomentum>>
class Data2Vec {
  public:
    using Config = Data2VecConfig<Masking, Teacher>;
    /// The name under which programs and files refer to the method.
    struct Card {
        static constexpr std::string_view name = "data2vec", title = "data2vec",
                                          loss = "data2vec, pre-training loss";
    };

    /// A batch as the student and the teacher read it.
    template <Backend B>
    struct Inputs {
        Index samples = 0;
        Tensor<B> visible, hidden;        // (samples, visible | masked, patch values), channel first
        IndexTensor<B> positions;         // (samples * (1 + patches))
        Tensor<B> table;                  // (1 + patches, width)
        Tensor<Master<B>> sum;            // (samples, masked, width): targets before rounding
        Tensor<B> targets;                // (samples, masked, width)
        std::vector<std::int32_t> order;  ///< (samples, patches): visible patches first
        std::vector<std::int32_t> staging_positions;

        /// The signature changes whenever work on these inputs would read other memory.
        void add_to(Signature& signature) const {
            signature.add(static_cast<std::uint64_t>(samples)).add(visible.data()).add(hidden.data());
            signature.add(positions.data()).add(sum.data()).add(targets.data());
        }
    };

    /// @throws ConfigError for an invalid configuration.
    explicit Data2Vec(const Config& config)
        : config_(config),
          encoder_(VitEncoder::add(layout_, config.encoder)),
          masker_(config.encoder.grid(), config.masking),
          mask_token_(layout_.add("mask_token", {1, 1, width()}, ParameterKind::token,
                                  Initializer::truncated_normal(0.02))),
          norm_(add_layer_norm(layout_, "norm", config.encoder.transformer)),
          regression_(add_linear(layout_, "regression_head", width(), width())),
          position_embeddings_("pos_embed", width(), grid().side()) {
        config.encoder.require_no_registers("data2vec");
        check_ranges(config);
        config.teacher.check();
    }

    [[nodiscard]] const Config& config() const { return config_; }
    [[nodiscard]] const ParameterLayout& layout() const { return layout_; }
    [[nodiscard]] PatchGrid grid() const { return config_.encoder.grid(); }
    [[nodiscard]] const VitShape& encoder() const { return config_.encoder; }
    [[nodiscard]] const Teacher& teacher() const { return config_.teacher; }
    [[nodiscard]] EvaluatedWeights evaluated_weights() const { return config_.evaluate; }
    [[nodiscard]] Index visible() const { return masker_.visible(); }
    [[nodiscard]] Index masked() const { return masker_.masked(); }
    /// Number of blocks averaged into the target: `target_blocks`, or the depth if that is smaller.
    [[nodiscard]] Index target_blocks() const {
        return std::min(config_.target_blocks, config_.encoder.transformer.depth);
    }
    /// Tensors of a checkpoint that are not parameters: the fixed position embeddings.
    [[nodiscard]] std::vector<FixedTensor> fixed_tensors() const { return {position_embeddings_.tensor()}; }
    /// Takes the positions of a checkpoint. @throws ShapeError
    void take_fixed_tensors(std::span<const FixedTensor> stored) { position_embeddings_.take_from(stored); }

    /// Gathers the patches in `inputs.order`, which must be set. @throws ShapeError if it does not fit
    template <Backend B, class U>
    void prepare(B backend, const xt::xtensor<U, 4>& images, Inputs<B>& inputs) const {
        const auto samples = static_cast<Index>(images.shape(0));
        masker_.upload_patches(backend, images, samples, inputs.order, PatchOrder::channel_row_column, false,
                               inputs.visible, inputs.hidden);
        masker_.set_positions(backend, inputs.order, grid().count(), inputs.staging_positions,
                              inputs.positions);
        if (inputs.table.empty()) inputs.table = position_embeddings_.upload_to(backend);
        inputs.samples = samples;
        const Shape shape{samples, masked(), width()};
        if (inputs.targets.empty() || inputs.targets.shape() != shape) {
            inputs.targets = Tensor<B>(backend, shape);
            inputs.sum = Tensor<Master<B>>(vitscape::master(backend), shape);
        }
    }
    template <Backend B>
    void prepare(B backend, const Batch& batch, const MaskKey& key, Inputs<B>& inputs) const {
        masker_.draw(batch.samples, key, inputs.order);
        prepare(std::move(backend), batch.images, inputs);
    }

    /// Computes the targets of the masked patches by the teacher, which sees all patches.
    /// @param recorder  bound to the teacher's parameters
    template <Backend B>
    void run_teacher(Eval<B>& recorder, Inputs<B>& inputs) const {
        using P = typename B::Pointer;
        using Sums = typename Master<B>::Pointer;
        B& b = recorder.backend();
        const Index rows = inputs.samples * masked(), first = 1 + visible(), tokens = 1 + grid().count();
        const auto depth = static_cast<Index>(encoder_.blocks.size());
        vitscape::master(b).fill(rows * width(), 0, inputs.sum.data());
        const Variable<B> seen =
                              linear(recorder, recorder.constant(inputs.visible), encoder_.patch_embedding),
                          hidden =
                              linear(recorder, recorder.constant(inputs.hidden), encoder_.patch_embedding);
        Variable<B> x = concatenate_tokens<Eval<B>, B>(recorder, inputs.samples, width(),
                                                       {{.token = &encoder_.class_token, .count = 1},
                                                        {.rows = &seen, .count = visible()},
                                                        {.rows = &hidden, .count = masked()}});
        x = add_positions(recorder, x, inputs.table, inputs.positions);  // (samples, 1 + patches, width)
        for (Index i = 0; i < depth; ++i) {
            const bool last = i + 1 == depth;
            x = encoder_.blocks[static_cast<std::size_t>(i)].forward(recorder, x, last ? first : 0,
                                                                     last ? masked() : tokens);
            if (i < depth - target_blocks()) continue;
            const operand::Grouped<P> of_masked{x.data() + (last ? 0 : first) * width(), masked(),
                                                (last ? masked() : tokens) * width(), width()};
            add_standardized(recorder, rows, width(), norm_.epsilon, 1 / static_cast<double>(target_blocks()),
                             of_masked, inputs.sum);
        }
        b.map(rows, width(), functor::Identity{}, operand::Matrix<P>{inputs.targets.data(), width()},
              operand::Matrix<Sums>{inputs.sum.data(), width()});
    }

    /// The student's predictions of the targets: (samples, masked, width).
    template <Recorder R, class B = typename R::BackendType>
    Variable<B> predict_features(R& recorder, const Inputs<B>& inputs) const {
        Variable<B> x = encoder_.embed_masked(recorder, inputs.visible, mask_token_,
                                              masked());  // (samples, 1 + patches, width)
        x = add_positions(recorder, x, inputs.table, inputs.positions);
        x = run_blocks(recorder, encoder_.blocks, std::move(x), 1 + visible(), masked());
        return linear(recorder, layer_norm(recorder, x, norm_), regression_);
    }
    /// Smooth absolute error over each sample's masked patches: (samples).
    template <Recorder R, class B = typename R::BackendType>
    Variable<Master<B>> losses(R& recorder, const Inputs<B>& inputs) const {
        return smooth_absolute_error(recorder, model_output(recorder, predict_features(recorder, inputs)),
                                     inputs.targets, config_.beta);
    }
    /// The smooth absolute error of the best constant features; after `run_teacher`, whose features are the targets.
    template <Backend B>
    [[nodiscard]] double trivial_loss(const B& backend, const std::vector<Inputs<B>>& batches) const {
        return constant_prediction_loss(backend, functor::SmoothAbsoluteLoss<double>{config_.beta}, batches,
                                        [](const Inputs<B>& inputs) { return inputs.targets; });
    }

  private:
    [[nodiscard]] Index width() const { return config_.encoder.transformer.width; }

    Config config_;
    ParameterLayout layout_;
    VitEncoder encoder_;
    PatchMasker<Masking> masker_;
    ParameterSlot mask_token_;
    LayerNormParameters norm_;
    LinearParameters regression_;
    FixedPositions position_embeddings_;
};

/// Operations per image, as `Data2Vec` computes it. The points of a surface share the teacher's targets.
template <MaskingPolicy Masking, class Teacher>
OperationCount operation_count(const Data2VecConfig<Masking, Teacher>& config) {
    const Index patches = config.encoder.grid().count(),
                visible = config.masking.visible(config.encoder.grid()),
                width = config.encoder.transformer.width;
    detail::Products student, teacher;
    student.add_masked_encoder(config.encoder, visible);
    student.add(patches - visible, width, width);
    teacher.add_masked_encoder(config.encoder, visible);
    teacher.add(patches - visible, width, config.encoder.grid().size(), 0);  // the masked patches as well
    student.count.forward += teacher.count.forward;
    student.count.training += teacher.count.forward;
    return student.count;
}

}  // namespace vitscape
