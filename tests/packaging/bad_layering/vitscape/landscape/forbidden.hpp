// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/mae/masking.hpp>
