// SPDX-License-Identifier: Apache-2.0
//
// Another project's program: includes all of vitscape and says which libraries it was built with.
#include <iostream>

#include <Eigen/Core>
#if __has_include(<vitscape/vitscape.hpp>)
#include <vitscape/vitscape.hpp>
#endif
#include <xtensor/xarray.hpp>

#include <vitscape/core/version.hpp>

int main() {
    std::cout << "vitscape " << VITSCAPE_VERSION << ": Eigen xtensor"
#if defined(VITSCAPE_HAS_OPENMP)
              << " OpenMP"
#endif
#if defined(VITSCAPE_HAS_JPEG)
              << " JPEG"
#endif
#if defined(VITSCAPE_HAS_PNG)
              << " PNG"
#endif
#if defined(VITSCAPE_HAS_ZLIB)
              << " zlib"
#endif
#if defined(VITSCAPE_HAS_LIBZIP)
              << " libzip"
#endif
#if defined(VITSCAPE_HAS_ONEDNN)
              << " oneDNN"
#endif
#if defined(VITSCAPE_HAS_JSON)
              << " JSON"
#endif
#if defined(VITSCAPE_HAS_HDF5)
              << " HDF5"
#endif
#if defined(VITSCAPE_HAS_DLIB)
              << " dlib"
#endif
              << '\n';
}
