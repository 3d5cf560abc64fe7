#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

# The demonstration takes under ten minutes on two cores, building included.
options=(--data synthetic:3000 --test-data synthetic:1000 --methods mae,rc-mae,supervised --seeds 2 --epochs 12 --warmup 1
    --image 32 --patch 4 --width 64 --depth 3 --heads 4 --decoder-width 48 --batch 100 --lr 1e-3 --augment none
    --pairs 2 --grid 9 --convex-planes 1 --convex-rays 4 --images 80 --curvature-images 40 --convex-images 20 --lanczos-steps 25
    --trace-samples 6 --mask-draws 1 --spectrum-probes 2 --spectrum-steps 12 --ascent-steps 5 --probe-epochs 30)

usage() {
    cat <<'EOF'
usage: scripts/demo.sh [FOLDER]

Installs what is missing, builds the program compare, trains a masked autoencoder with and without a teacher and a supervised
vision transformer on the built-in images, probes them, looks at the losses around them and writes a report with pictures and
numbers. Everything goes to FOLDER (demo where none is given). Started again after an interruption, it goes on where it was.

  --help   this text
EOF
}

case "${1:-}" in
    --help | -h) usage && exit 0 ;;
    -*) usage >&2 && exit 2 ;;
esac
(($# <= 1)) || { usage >&2 && exit 2; }

folder="$(realpath -m "${1:-$(dirname "${BASH_SOURCE[0]}")/../demo}")"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup.sh
cmake --preset release -DVITSCAPE_ENABLE_TESTS=OFF -DVITSCAPE_ENABLE_BENCHMARKS=OFF -DVITSCAPE_ENABLE_CUDA=OFF -B build/demo
cmake --build build/demo --target compare
build/demo/examples/compare "${options[@]}" --out "$folder" --resume

echo
echo "Open $folder/report.html; the figures are in $folder/figures, every number is in $folder/report.json."
