#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

usage() {
    cat <<'EOF'
usage: scripts/setup.sh [--lint]

Installs the Debian packages that vitscape's programs and tests need and this machine lacks; does nothing when all are
there. Uses sudo where it is not run as root.

  --lint   also what scripts/lint.sh needs (clang-format, clang-tidy)
  --help   this text
EOF
}

packages=(
    g++ cmake ninja-build                   # to build
    libeigen3-dev libxtensor-dev            # the library's core
    libjpeg-dev libpng-dev libdnnl-dev      # image files, faster matrix products
    zlib1g-dev dataset-fashion-mnist        # packed images of MNIST's format, and such images
    libarchive-dev                          # tar archives of images
    libzip-dev                              # files of PyTorch
    nlohmann-json3-dev libxxhash-dev        # checkpoints and other files, their checksums
    libhdf5-dev                             # surfaces and directions for other programs
    libdlib-dev                             # models aligned with each other
    libcli11-dev                            # the programs' options
    catch2 libbenchmark-dev                 # tests, benchmarks
    libopenmpi-dev openmpi-bin              # several processes
    parallel                                # a way to start workers of a job
    gnuplot-nox python3-plotly              # figures; plotly.js for the interactive page
    doxygen                                 # the API reference
)
while (($#)); do
    case "$1" in
        --lint) packages+=(clang libomp-dev clang-format clang-tidy) ;;
        --help | -h) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
    shift
done
# The test under Slurm starts its own, as root. Not where these packages would make a service of it: on a machine with systemd.
((EUID != 0)) || [[ -d /run/systemd/system ]] || packages+=(slurm-wlm munge)

if ! command -v apt-get >/dev/null; then
    echo "setup.sh: this is no Debian system; please install what these packages hold: ${packages[*]}" >&2
    exit 0
fi

missing=()
for package in "${packages[@]}"; do
    if [[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]]; then
        missing+=("$package")
    fi
done
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
        echo "setup.sh: not root and no sudo; run as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "setup.sh: installing ${missing[*]}"
"${as_root[@]}" apt-get update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"
