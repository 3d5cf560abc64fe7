#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

usage() {
    cat <<'EOF'
usage: scripts/test.sh [--preset NAME] [-D...]

Installs what is missing, builds vitscape and runs every test.

  --preset NAME   release (the default), debug, asan or tsan
  -D...           passed on to cmake, such as -DVITSCAPE_ENABLE_WERROR=ON
  --help          this text
EOF
}

preset=release
definitions=()
while (($#)); do
    case "$1" in
        --preset) preset="${2:?--preset needs a name}" && shift ;;
        -D*) definitions+=("$1") ;;
        --help | -h) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
    shift
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
case "$preset" in
    asan | tsan) scripts/setup.sh --lint ;; # their compiler is Clang
    *) scripts/setup.sh ;;
esac
cmake --preset "$preset" "${definitions[@]}"
cmake --build --preset "$preset"
ctest --preset "$preset"
