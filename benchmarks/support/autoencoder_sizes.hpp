// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <vitscape/methods/masked_autoencoder.hpp>

namespace vitscape::benchmarks {

/// small32 (the small CIFAR-10 model), tiny32 (ViT-Tiny, 32 pixels) or base224 (ViT-Base, 224 pixels).
inline MaskedAutoencoderConfig<> autoencoder_named(const std::string& size) {
    if (size == "tiny32") return {.encoder = vit_tiny(32, 4), .decoder = {128, 2, 4}};
    if (size == "base224") return {.encoder = vit_base()};
    return {.encoder = {32, 4, {96, 4, 3}}, .decoder = {64, 1, 4}};
}

}  // namespace vitscape::benchmarks
