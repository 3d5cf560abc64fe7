// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/nn/parameter_layout.hpp>

namespace vitscape {

/// The parameters that `transfer` copied.
struct TransferRecord {
    std::vector<std::string> taken;   ///< names present in both models
    std::vector<std::string> kept;    ///< only in the second model: their values are unchanged
    std::vector<std::string> unused;  ///< only in the first model, such as a decoder
};

/// Copies the parameters that two models share by name, such as the encoder of a masked autoencoder into a
/// classifier (fine-tuning and linear probing, He et al. 2022, arXiv 2111.06377, section 4).
/// @param from, to  flat parameter vectors of the two layouts, each of the length of its layout.
/// @throws ShapeError, before anything is copied, if a vector has another length than its layout, a shared
/// parameter has another shape, or the models share no parameter at all.
template <class T, class U>
TransferRecord transfer(const ParameterLayout& from_layout, std::span<const T> from,
                        const ParameterLayout& to_layout, std::span<U> to) {
    const auto check_length = [](const char* which, std::size_t length, Index expected) {
        if (static_cast<Index>(length) != expected)
            throw ShapeError(message("the ", which, " model has ", expected, " parameters, ", length,
                                     " values were given for it"));
    };
    check_length("first", from.size(), from_layout.size());
    check_length("second", to.size(), to_layout.size());
    TransferRecord record;
    for (const ParameterInfo& target : to_layout.parameters()) {
        const ParameterInfo* source = from_layout.find(target.name);
        if (source == nullptr) {
            record.kept.push_back(target.name);
            continue;
        }
        if (source->slot.shape != target.slot.shape)
            throw ShapeError(message("the parameter '", target.name, "' has the shape ", source->slot.shape,
                                     " in the source model, the new model needs ", target.slot.shape,
                                     "; both need an encoder of the same size"));
        record.taken.push_back(target.name);
    }
    if (record.taken.empty())
        throw ShapeError("the two models share no parameter by name, so nothing can be transferred");
    for (const std::string& name : record.taken) {
        const ParameterSlot& source = from_layout.find(name)->slot;
        const ParameterSlot& target = to_layout.find(name)->slot;
        for (Index i = 0; i < source.shape.size(); ++i)
            to[static_cast<std::size_t>(target.offset + i)] =
                static_cast<U>(from[static_cast<std::size_t>(source.offset + i)]);
    }
    for (const ParameterInfo& source : from_layout.parameters())
        if (to_layout.find(source.name) == nullptr) record.unused.push_back(source.name);
    return record;
}

/// The same for vectors.
template <class T, class U>
TransferRecord transfer(const ParameterLayout& from_layout, const std::vector<T>& from,
                        const ParameterLayout& to_layout, std::vector<U>& to) {
    return transfer(from_layout, std::span<const T>(from), to_layout, std::span<U>(to));
}

}  // namespace vitscape
