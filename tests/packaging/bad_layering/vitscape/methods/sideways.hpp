// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/curvature/lanczos.hpp>
