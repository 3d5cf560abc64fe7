#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

# The sizes of the demonstration: under ten minutes on two cores, building included.
images=synthetic:5000         # the built-in ten classes of textured shapes
model=(--image 32 --patch 4 --width 96 --depth 4 --heads 3)
decoder=(--decoder-width 64 --decoder-depth 1 --decoder-heads 4 --mask-ratio 0.75)
training=(--epochs 10 --batch 100 --lr 1e-3 --warmup 1 --weight-decay 0.05 --augment none --seed 0)
surface=(--images 500 --grid=-1:1:21 --normalize filter --seed 1)
curvature=(--images 200 --top 5 --trace-samples 8)

usage() {
    cat <<'EOF'
usage: scripts/demo.sh [FOLDER]

Installs what is missing, builds the programs, trains a masked autoencoder and a supervised vision transformer on the
built-in images, draws the loss surface of each and measures its curvature. Everything is written to FOLDER (demo where
none is given). Started again after an interruption, it goes on where it was.

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
cmake --build build/demo
programs=build/demo/examples

for method in mae supervised; do
    out="$folder/$method"
    echo "== $method: training"
    "$programs/pretrain" --method "$method" --data "$images" "${model[@]}" "${decoder[@]}" "${training[@]}" \
        --out "$out" --resume
    echo "== $method: loss surface"
    "$programs/landscape" --checkpoint "$out/checkpoint.safetensors" --data "$images" "${surface[@]}" \
        --out "$out/surface" --resume
    echo "== $method: curvature"
    "$programs/curvature" --checkpoint "$out/checkpoint.safetensors" --data "$images" "${curvature[@]}" \
        --out "$out/curvature.json"
done

echo
echo "The pictures:"
find "$folder" -name '*.png' -o -name '*.svg' | sort | sed 's/^/  /'
echo "The numbers: log.jsonl, surface.json and curvature.json beside them."
