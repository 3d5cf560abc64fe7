// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#if defined(WITH_STUDY)
#include <vitscape/study/page/html_report.hpp>
#endif
#if defined(WITH_CUDA)
#include <vitscape/backend/thrust/thrust.hpp>
#endif
#if defined(WITH_CUDNN)
#include <vitscape/backend/cuda/cudnn.hpp>
#endif
#if defined(WITH_MPI)
#include <vitscape/distributed/mpi.hpp>
#endif

int main() {
    std::cout << "components:";
#if defined(WITH_STUDY)
    static_assert(!vitscape::detail::page_style.empty());
    std::cout << " study";
#endif
#if defined(WITH_CUDA)
    static_assert(vitscape::FusedAttention<vitscape::Cuda<vitscape::bfloat16>>);
    (void)vitscape::gpu::available();
    std::cout << " cuda";
#endif
#if defined(WITH_CUDNN)
    static_assert(vitscape::FusedAttention<vitscape::CudaWithCudnn<vitscape::bfloat16>>);
    std::cout << " cudnn";
#endif
#if defined(WITH_MPI)
    static_assert(vitscape::Communicator<vitscape::Mpi>);
    std::cout << " mpi";
#endif
    std::cout << '\n';
}
