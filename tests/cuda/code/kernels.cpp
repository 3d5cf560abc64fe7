// SPDX-License-Identifier: Apache-2.0
//
// The kernels of a training and of a surface, compiled for a device so that kernel_table.sh can read what the compiler made of them.
// The program prints, for each: its type, the threads of a block, and the bytes of dynamic shared memory at the sizes of ViT-B/16.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <typeinfo>

#include <vitscape/backend/cuda/kernels/adamw.hpp>
#include <vitscape/backend/cuda/kernels/attention.hpp>
#include <vitscape/backend/cuda/kernels/cast.hpp>
#include <vitscape/backend/cuda/kernels/column_sums.hpp>
#include <vitscape/backend/cuda/kernels/cross_entropy.hpp>
#include <vitscape/backend/cuda/kernels/device_block.hpp>
#include <vitscape/backend/cuda/kernels/element_loss.hpp>
#include <vitscape/backend/cuda/kernels/gelu.hpp>
#include <vitscape/backend/cuda/kernels/layer_norm.hpp>
#include <vitscape/backend/cuda/kernels/layer_norm_backward.hpp>
#include <vitscape/backend/cuda/kernels/map.hpp>
#include <vitscape/backend/cuda/kernels/plane_point.hpp>

#include <cxxabi.h>

namespace {

using namespace vitscape;

template <class Kernel>
void print(int threads, std::size_t shared_bytes) {
    static volatile const void* kept = reinterpret_cast<const void*>(&detail::run_kernel<Kernel>);
    static_cast<void>(kept);
    const std::unique_ptr<char, decltype(&std::free)> name(
        abi::__cxa_demangle(typeid(Kernel).name(), nullptr, nullptr, nullptr), &std::free);
    std::printf("%s\t%d\t%zu\n", name.get(), threads, shared_bytes);
}
template <class... Kernels>
void print_all() {
    (print<Kernels>(Kernels::max_threads, Kernels::shared_bytes()), ...);
}
template <class T, int width>
void print_attention() {
    const AttentionShape shape{.samples = 256,
                               .tokens = 197,
                               .heads = 768 / width,
                               .head_width = width,
                               .first_query = 0,
                               .queries = 197};
    const AttentionDevice hopper{.shared_bytes = 232448, .multiprocessors = 132};
    const auto forward = attention_forward_launch<T>(shape, hopper),
               backward = attention_backward_launch<T>(shape, hopper);
    print<AttentionForward<T, width>>(forward.threads, static_cast<std::size_t>(forward.shared_bytes));
    print<AttentionBackward<T, width>>(backward.threads, static_cast<std::size_t>(backward.shared_bytes));
}

}  // namespace

int main() {
    using namespace kernels;
    using Rows = operand::Matrix<bfloat16*>;
    using Table = operand::Gathered<const bfloat16*>;
    print_all<
        AdamW, Cast<float, bfloat16>, PlanePointTo<bfloat16>, Gelu<bfloat16>, GeluAndDerivative<bfloat16>,
        LayerNorm<bfloat16>, LayerNormBackward<bfloat16>, LayerNorm<float>, LayerNormBackward<float>,
        ColumnSums<bfloat16>, AddPartialSums, Map<functor::Multiply, Rows, Rows, Rows>,
        Map<functor::Add, operand::Grouped<bfloat16*>, Rows, Table>,
        ElementLoss<bfloat16, functor::SquaredLoss>, ElementLossBackward<bfloat16, functor::SquaredLoss>,
        CrossEntropy<bfloat16>, CrossEntropyBackward<bfloat16>>();
    print_attention<bfloat16, 64>();
    print_attention<bfloat16, 32>();
    print_attention<float, 64>();
}
