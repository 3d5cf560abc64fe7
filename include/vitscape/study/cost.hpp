// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <nlohmann/json.hpp>

#include <vitscape/study/probing.hpp>

namespace vitscape {

/// The peak memory of a backend from here on, beyond its current use.
template <Backend B>
class PeakMemory {
  public:
    explicit PeakMemory(const B& backend) : backend_(backend), before_(backend.memory().bytes_in_use()) {
        backend.forget_peak_memory();
    }
    [[nodiscard]] std::size_t bytes() const { return backend_.memory().peak_bytes() - before_; }

  private:
    B backend_;
    std::size_t before_;
};

/// Callback: peak memory of training, not counting evaluations between epochs. To be constructed before the trainer.
template <Backend B>
class TrainingMemory {
  public:
    explicit TrainingMemory(const B& backend) : peak_(backend) {}
    template <class T>
    void on_step(T&, const StepRecord&) {
        if (!looked_) bytes_ = peak_.bytes();
    }
    template <class T>
    void on_epoch(T&, const EpochRecord&) {
        looked_ = true;
    }
    /// In bytes; null if no step was taken.
    [[nodiscard]] nlohmann::json json() const {
        return bytes_ > 0 ? nlohmann::json(bytes_) : nlohmann::json();
    }

  private:
    PeakMemory<B> peak_;
    std::size_t bytes_ = 0;
    bool looked_ = false;
};

/// Costs of a training besides time, and the number of operations of classification.
template <class T, Backend B>
[[nodiscard]] nlohmann::json training_cost(const T& trainer, const VitClassifier& classifier,
                                           const TrainingMemory<B>& memory) {
    nlohmann::json cost = {{"parameters", trainer.method().layout().size()},
                           {"teacher_parameters", trainer.teacher().size()},
                           {"peak_memory", memory.json()}};
    if constexpr (requires { operation_count(evaluated(trainer.method()).config()); }) {
        cost["training_operations"] = operation_count(evaluated(trainer.method()).config()).training;
        cost["inference_operations"] = operation_count(classifier.config()).forward;
    }
    return cost;
}

/// Cost of classifying images in memory: peak memory in bytes, including parameters.
template <Backend B>
[[nodiscard]] nlohmann::json inference_cost(const B& backend, const VitClassifier& classifier,
                                            const Vector<Master<B>>& theta, const Batch& batch) {
    const PeakMemory peak(backend);
    (void)logits_of(backend, classifier, theta, batch);
    const auto parameters = static_cast<std::size_t>(theta.size()) * sizeof(typename Master<B>::Scalar);
    return {{"batch", batch.size()}, {"peak_memory", peak.bytes() + parameters}};
}

}  // namespace vitscape
