// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/autograd/ops/first_samples.hpp>
#include <vitscape/core/fields.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/methods/teacher.hpp>
#include <vitscape/methods/trivial_loss.hpp>

namespace vitscape {

template <class Masking = RandomMasking, class Teacher = EmaTeacher<>>
struct RcMaeConfig {
    static_assert(require_masking_policy<Masking>());
    VitShape encoder;
    TransformerShape decoder{.width = 512, .depth = 8, .heads = 16};
    Masking masking{};
    PixelLoss pixel_loss = PixelLoss::normalized;
    Teacher teacher{};
    double consistency = 1;    ///< weight of the consistency loss
    bool other_mask = false;   ///< the teacher sees different patches than the student
    double teacher_share = 1;  ///< of the images of a training batch that the teacher sees, in (0, 1]
    EvaluatedWeights evaluate = EvaluatedWeights::student;  ///< what is tested, probed and measured

    static constexpr std::array<std::string_view, 2> newer_fields{"teacher_share", "evaluate"};

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("encoder", self.encoder, "", "the Vision Transformer that encodes the visible patches");
        visit("decoder", self.decoder, "", "the Transformer that predicts the masked patches");
        visit("masking", self.masking, "masking",
              "which patches are masked; grid keeps every second row and column (ratio 0.75)");
        visit("pixel_loss", self.pixel_loss, "pixel-loss", "predict pixels, or pixels normalized per patch");
        if constexpr (requires { self.teacher.momentum; })
            visit(
                "momentum", self.teacher.momentum, "momentum",
                "the teacher's momentum: a cosine over the training (published), anew in every epoch as the "
                "authors' code has it (released), linear, scaled with the length of the training, or a copy "
                "every "
                "few steps");
        visit("consistency", self.consistency, "consistency",
              "weight of the consistency with the teacher; with 0 it only averages and is never run",
              Range::rate());
        visit("other_mask", self.other_mask, "other-mask", "the teacher sees other patches than the student");
        visit("teacher_share", self.teacher_share, "teacher-share",
              "part of each training batch that the teacher sees", Range::positive_share());
        visit("evaluate", self.evaluate, "evaluate", "whose weights are tested, probed and measured");
    }
};

/// Reconstruction-consistent masked autoencoder (Lee et al. 2023, arXiv 2210.02077): reconstruction + consistency
/// weight * mean over the masked patches of (student - teacher)^2 of their raw predictions, with no gradient through the
/// teacher. Without `other_mask` both see the same patches, gathered once.
///
/// With `teacher_share` s < 1 the teacher sees only the first k = max(1, round(s n)) of the n images of a training batch, which
/// are in random order, and saves its forward pass for the others. The mean loss of the batch is
///
///     1/n sum over i <= n of reconstruction_i + weight * 1/k sum over i <= k of consistency_i,
///
/// so its expectation over batches is that of s = 1. A share is a matter of training: an evaluation takes all images.
/// With a weight of 0 the teacher is an average of the student's parameters that is never run.
///
/// A `Method` with a teacher: `run_teacher` must be called between `prepare` and `losses`; the trainer does so.
template <class Masking = RandomMasking, class Teacher = EmaTeacher<>>
class RcMae {
    static_assert(require_teacher<Teacher>());
    using Student = MaskedAutoencoder<Masking>;

  public:
    using Config = RcMaeConfig<Masking, Teacher>;
    /// The name under which programs and files refer to the method.
    struct Card {
        static constexpr std::string_view name = "rc-mae", title = "RC-MAE",
                                          loss = "RC-MAE, pre-training loss";
    };

    /// A batch as both models read it.
    template <Backend B>
    struct Inputs : Student::template Inputs<B> {
        Index taught = 0;      ///< how many of the samples the teacher sees: the first ones
        Tensor<B> prediction;  // the teacher's, (taught, masked, patch values)
        typename Student::template Inputs<B> other_view;  ///< what the teacher sees if its mask differs
        IndexTensor<B>
            rows;  // the student's masked patches among the teacher's predictions, (taught * masked)

        void add_to(Signature& signature) const {
            Student::template Inputs<B>::add_to(signature);
            signature.add(static_cast<std::uint64_t>(taught)).add(prediction.data());
            if (other_view.samples > 0) {
                other_view.add_to(signature);
                signature.add(rows.data());
            }
        }
    };

    /// @throws ConfigError for an invalid configuration.
    explicit RcMae(const Config& config)
        : config_(config), student_({config.encoder, config.decoder, config.masking, config.pixel_loss}) {
        check_ranges(config);
        config.teacher.check();
    }

    [[nodiscard]] const Config& config() const { return config_; }
    /// The autoencoder shared by the student and the teacher.
    [[nodiscard]] const Student& student() const { return student_; }
    /// The student alone: reconstruction without consistency.
    [[nodiscard]] const Student& reconstruction() const { return student_; }
    [[nodiscard]] const VitShape& encoder() const { return config_.encoder; }
    [[nodiscard]] const Teacher& teacher() const { return config_.teacher; }
    [[nodiscard]] EvaluatedWeights evaluated_weights() const { return config_.evaluate; }
    /// A share of each batch would be another one of its parts.
    [[nodiscard]] std::string reads_whole_batch() const {
        if (config_.teacher_share == 1 || only_reconstructs()) return {};
        return message("the teacher sees a share of ", config_.teacher_share,
                       " of each batch (--teacher-share)");
    }
    /// Whether the loss is the reconstruction and nothing else.
    [[nodiscard]] bool only_reconstructs() const { return config_.consistency == 0; }
    [[nodiscard]] const ParameterLayout& layout() const { return student_.layout(); }
    [[nodiscard]] PatchGrid grid() const { return student_.grid(); }
    [[nodiscard]] Index visible() const { return student_.visible(); }
    [[nodiscard]] Index masked() const { return student_.masked(); }
    [[nodiscard]] std::vector<FixedTensor> fixed_tensors() const { return student_.fixed_tensors(); }
    void take_fixed_tensors(std::span<const FixedTensor> stored) { student_.take_fixed_tensors(stored); }

    /// For an evaluation: the teacher sees all images.
    template <Backend B>
    void prepare(B backend, const Batch& batch, const MaskKey& key, Inputs<B>& inputs) const {
        prepare_batch(std::move(backend), batch, key, taught(batch.size(), 1), inputs);
    }
    /// For a step of the training: the teacher sees `teacher_share` of the images.
    template <Backend B>
    void prepare_training(B backend, const Batch& batch, const MaskKey& key, Inputs<B>& inputs) const {
        prepare_batch(std::move(backend), batch, key, taught(batch.size(), config_.teacher_share), inputs);
    }
    /// For an evaluation of images of any type with `inputs.order` set, and one mask for both.
    template <Backend B, class U>
    void prepare(B backend, const xt::xtensor<U, 4>& images, Inputs<B>& inputs) const {
        student_.prepare(backend, images, inputs);
        take_prediction(backend, taught(images.shape(0), 1), inputs);
    }

    /// Computes the predictions of the teacher that the student should match.
    /// @param recorder  bound to the teacher's parameters
    template <Backend B>
    void run_teacher(Eval<B>& recorder, Inputs<B>& inputs) const {
        if (inputs.taught == 0) return;
        using P = typename B::Pointer;
        const Index size = grid().size(), rows = inputs.taught * masked();
        const operand::Matrix<P> to{inputs.prediction.data(), size};
        if (config_.other_mask) {
            const Variable<B> all = student_.predict(recorder, inputs.other_view, 1, grid().count());
            recorder.backend().map(rows, size, functor::Identity{}, to,
                                   operand::Gathered<P>{all.data(), inputs.rows.data(), size});
        } else {
            const Variable<B> masked_ones =
                student_.predict(recorder, inputs.first(inputs.taught), 1 + visible(), masked());
            recorder.backend().copy(rows * size, masked_ones.data(), inputs.prediction.data());
        }
    }
    /// reconstruction + weight * samples / taught * consistency of each sample, of those that the teacher did not see the
    /// reconstruction alone: (samples).
    template <Recorder R, class B = typename R::BackendType>
    Variable<Master<B>> losses(R& recorder, const Inputs<B>& inputs) const {
        const Variable<B> prediction =
            model_output(recorder, student_.predict(recorder, inputs, 1 + visible(), masked()));
        const Variable<Master<B>> reconstruction = squared_error(recorder, prediction, inputs.targets);
        if (inputs.taught == 0) return reconstruction;
        const double each = static_cast<double>(inputs.samples) / static_cast<double>(inputs.taught);
        return add_losses(
            recorder, reconstruction, config_.consistency * each,
            squared_error(recorder, first_samples(recorder, prediction, inputs.taught), inputs.prediction));
    }
    /// Of reconstruction + weight * consistency on all images, after `run_teacher`.
    template <Backend B>
    [[nodiscard]] double trivial_loss(const B& backend, const std::vector<Inputs<B>>& batches) const {
        const auto targets = [](const Inputs<B>& inputs) { return inputs.targets; };
        const auto teacher = [](const Inputs<B>& inputs) { return inputs.prediction; };
        if (only_reconstructs())
            return constant_prediction_loss(backend, functor::SquaredLoss{}, batches, targets);
        return constant_prediction_loss(backend, batches, targets, config_.consistency, teacher);
    }

  private:
    /// How many images of a batch the teacher sees if it sees this share of them.
    [[nodiscard]] Index taught(std::size_t images, double share) const {
        if (only_reconstructs()) return 0;
        return std::max<Index>(1, std::llround(share * static_cast<double>(images)));
    }
    template <Backend B>
    void prepare_batch(B backend, const Batch& batch, const MaskKey& key, Index taught,
                       Inputs<B>& inputs) const {
        student_.prepare(backend, batch, key, inputs);
        if (config_.other_mask && taught > 0) {
            student_.draw_masks(std::span(batch.samples).first(static_cast<std::size_t>(taught)), key,
                                inputs.other_view.order, Purpose::teacher_masking);
            student_.prepare_first(backend, batch.images, taught, inputs.other_view);
            set_rows(backend, inputs);
        }
        take_prediction(backend, taught, inputs);
    }
    template <Backend B>
    void take_prediction(const B& backend, Index taught, Inputs<B>& inputs) const {
        inputs.taught = taught;
        const Shape shape{taught, masked(), grid().size()};
        if (taught > 0 && (inputs.prediction.empty() || inputs.prediction.shape() != shape))
            inputs.prediction = Tensor<B>(backend, shape);
    }
    /// The teacher predicts all patches in its own order; finds the student's masked patches among them.
    template <Backend B>
    void set_rows(const B& backend, Inputs<B>& inputs) const {
        const auto patches = static_cast<std::size_t>(grid().count());
        std::vector<std::int32_t>& rows = inputs.staging_positions;
        std::vector<std::int32_t> place(patches);
        rows.clear();
        for (std::size_t sample = 0; sample < inputs.other_view.order.size() / patches; ++sample) {
            const std::size_t first = sample * patches;
            for (std::size_t i = 0; i < patches; ++i)
                place[static_cast<std::size_t>(inputs.other_view.order[first + i])] =
                    static_cast<std::int32_t>(first + i);
            for (auto i = static_cast<std::size_t>(visible()); i < patches; ++i)
                rows.push_back(place[static_cast<std::size_t>(inputs.order[first + i])]);
        }
        inputs.rows.assign(backend, rows);
    }

    Config config_;
    Student student_;
};

/// Without a teacher only the reconstruction remains.
template <class Masking>
class RcMae<Masking, NoTeacher> : public MaskedAutoencoder<Masking> {
  public:
    using Config = RcMaeConfig<Masking, NoTeacher>;
    /// @throws ConfigError for an invalid configuration.
    explicit RcMae(const Config& config)
        : MaskedAutoencoder<Masking>({config.encoder, config.decoder, config.masking, config.pixel_loss}) {}
};

/// The same plus a forward pass of the teacher, which with its own mask predicts all patches; in training of its share of the
/// images. The points of a surface share its predictions. Without consistency it is never run.
template <MaskingPolicy Masking, class Teacher>
OperationCount operation_count(const RcMaeConfig<Masking, Teacher>& config) {
    const PatchGrid grid = config.encoder.grid();
    const Index masked = grid.count() - config.masking.visible(grid);
    OperationCount count = detail::autoencoder_operations(config, masked);
    if (config.consistency == 0) return count;
    const double teacher =
        detail::autoencoder_operations(config, config.other_mask ? grid.count() : masked).forward;
    count.forward += teacher;
    count.training += config.teacher_share * teacher;
    return count;
}

}  // namespace vitscape
