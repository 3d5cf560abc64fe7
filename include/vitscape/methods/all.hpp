// SPDX-License-Identifier: Apache-2.0
//
// All methods available to the programs. A new method is its header and one line here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <vitscape/methods/any_masking.hpp>
#include <vitscape/methods/data2vec.hpp>
#include <vitscape/methods/description.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/methods/simmim.hpp>
#include <vitscape/methods/vit_classifier.hpp>

namespace vitscape {

/// A list of method types; `Any` holds one of them.
template <CardedMethod... Methods>
struct MethodList {
    using Any = std::variant<Methods...>;
    /// Calls `work.operator()<M>()` for each method.
    template <class Work>
    static void for_each(const Work& work) {
        (work.template operator()<Methods>(), ...);
    }
    /// "mae, rc-mae and supervised"
    [[nodiscard]] static std::string names() {
        std::string text;
        std::size_t count = 0;
        for_each([&]<class M>() {
            ++count;
            text += message(count == 1 ? "" : count == sizeof...(Methods) ? " and " : ", ", M::Card::name);
        });
        return text;
    }
    /// The method called `name`, constructed by `make.operator()<M>()`. @throws ConfigError if the list has no such name
    template <class Make>
    [[nodiscard]] static Any make(std::string_view name, const Make& make) {
        std::optional<Any> made;
        for_each([&]<class M>() {
            if (name == M::Card::name) made.emplace(make.template operator()<M>());
        });
        if (!made) throw ConfigError(message("unknown method '", name, "'; known are ", names()));
        return *std::move(made);
    }
};

using AllMethods = MethodList<MaskedAutoencoder<AnyMasking>,               //
                              RcMae<AnyMasking, EmaTeacher<AnyMomentum>>,  //
                              SimMim<AnyMasking>,                          //
                              Data2Vec<AnyMasking, EmaTeacher<AnyMomentum>>, VitClassifier>;
/// Any method that a checkpoint can name.
using AnyMethod = AllMethods::Any;

/// Inverse of `describe`.
/// @throws IoError if the description is incomplete, ConfigError if it names something unknown or invalid.
[[nodiscard]] inline AnyMethod method_from(const JsonValue& description) {
    return AllMethods::make(description.at("method").to<std::string>(), [&]<class M>() {
        typename M::Config config;
        read_fields(description, config);
        return M(config);
    });
}
[[nodiscard]] inline AnyMethod method_from(const nlohmann::json& description) {
    return method_from(JsonValue(description, "the description of the model"));
}

}  // namespace vitscape
