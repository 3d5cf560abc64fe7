#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

usage() {
    cat <<'EOF'
usage: scripts/lint.sh [--format-only | --headers-only] [--installed] [HEADER...]

Checks that every source is formatted as .clang-format says and that clang-tidy, as .clang-tidy says, finds nothing in
the headers and the example programs. With headers named (include/vitscape/...), clang-tidy reads only these.

  --format-only    leave clang-tidy out
  --headers-only   clang-tidy reads the headers, not the programs
  --installed      take the tools that are there and install nothing
  --help           this text
EOF
}

tidy=1
programs=1
install=1
chosen=()
while (($#)); do
    case "$1" in
        --format-only) tidy=0 ;;
        --headers-only) programs=0 ;;
        --installed) install=0 ;;
        --help | -h) usage && exit 0 ;;
        -*) usage >&2 && exit 2 ;;
        *) chosen+=("$1") ;;
    esac
    shift
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
((!install)) || scripts/setup.sh --lint

git ls-files -z '*.hpp' '*.cpp' | xargs -0 clang-format --dry-run -Werror
((tidy)) || exit 0

# One translation unit of all headers (or the chosen ones), then the programs.
cmake --preset debug -DCMAKE_CXX_COMPILER=clang++ -DVITSCAPE_ENABLE_CUDA=OFF -DVITSCAPE_ENABLE_NATIVE=OFF -B build/lint >/dev/null
unit=build/lint/tests/packaging/headers/all_headers.cpp
units=("$unit")
if ((!${#chosen[@]})); then
    mapfile -t chosen < <(git ls-files 'include/*.hpp')
    ((!programs)) || mapfile -t -O 1 units < <(git ls-files 'examples/*.cpp' ':!examples/embed')
fi
printf '#include <%s>\n' "${chosen[@]#include/}" >"$unit"
printf '%s\0' "${units[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy -p build/lint --quiet --warnings-as-errors='*'
