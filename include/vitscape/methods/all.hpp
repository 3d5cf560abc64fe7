// SPDX-License-Identifier: Apache-2.0
//
// The methods that programs know. A new one is its header and a line here.
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

/// Methods of different types; `Any` holds one of them.
template <CardedMethod... Methods>
struct MethodList {
    using Any = std::variant<Methods...>;
    /// Calls `work.operator()<M>()` for each of them.
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
    /// The method called `name` as `make.operator()<M>()` makes it. @throws ConfigError for a name that is not in the list
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
/// One of the methods that a checkpoint can name.
using AnyMethod = AllMethods::Any;

/// The method that `describe` described.
/// @throws IoError where the description is incomplete; ConfigError where it names something unknown or impossible.
[[nodiscard]] inline AnyMethod method_from(const nlohmann::json& description) {
    try {
        return AllMethods::make(description.at("method").get<std::string>(), [&]<class M>() {
            typename M::Config config;
            read_fields(description, config);
            return M(config);
        });
    } catch (const nlohmann::json::exception& error) {
        throw IoError(message("the description of the model is incomplete: ", error.what()));
    }
}

}  // namespace vitscape
