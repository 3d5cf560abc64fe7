#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

# The demonstration is to take about ten minutes on two cores, building included. Masked autoencoders learn slowly: this model, this
# number of images and this length, of the training and of the probe, are what lets both rise above a linear probe of the raw pixels.
options=(--data idx:/usr/share/datasets/fashion-mnist --limit-per-class 2000 --methods mae,rc-mae,supervised --seeds 1
    --image 16 --patch 4 --width 128 --depth 2 --heads 4 --decoder-width 64 --decoder-depth 1 --decoder-heads 4
    --epochs 20 --warmup 1 --batch 64 --lr 2e-3 --pooling average --probe-every 10 --probe-epochs 250
    --pairs 1 --grid 11 --convex-planes 1 --convex-rays 24 --images 60 --curvature-images 32 --convex-images 20 --lanczos-steps 20
    --trace-samples 4 --mask-draws 1 --spectrum-probes 2 --spectrum-steps 10 --ascent-steps 5)

usage() {
    cat <<'EOF'
usage: scripts/demo.sh [FOLDER]

Installs what is missing, builds the program compare, trains a masked autoencoder with and without a teacher and a supervised
vision transformer on 20,000 photographs of clothes (Fashion-MNIST), probes them, looks at the losses around them and writes a
report with pictures and numbers. Everything goes to FOLDER (demo where none is given). Started again after an interruption, it goes on where it was.

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
