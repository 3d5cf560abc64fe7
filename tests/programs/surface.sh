#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: surface.sh PRETRAIN LANDSCAPE CURVATURE
# The way from images to a surface and a spectrum by both methods: the files are there, threads do not matter, saved
# directions give the same surface again.
set -euo pipefail

pretrain="$1" landscape="$2" curvature="$3"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for method in mae supervised; do
    "$pretrain" --method "$method" --data synthetic:200 --test-data synthetic:50 --image 16 --patch 4 --width 16 --depth 1 \
        --heads 2 --decoder-width 8 --decoder-heads 2 --epochs 2 --batch 20 --lr 1e-3 --out "$method" >out 2>error
    grep -q '"test_loss"' "$method/log.jsonl"
    look=(--checkpoint "$method/checkpoint.safetensors" --data synthetic:200 --images 40 --batch 16)
    map=("${look[@]}" --grid=-1:1:7 --seed 3 --no-figures)
    "$landscape" "${map[@]}" --threads 1 --save-directions d.safetensors --save-inputs i.safetensors --out one >out 2>error
    for file in one.json one.npy one.csv d.safetensors i.safetensors; do
        [[ -s "$file" ]] && grep -q "$file" out || { echo "FAILED: no $file, or not named" && exit 1; }
    done
    "$landscape" "${map[@]}" --threads 2 --out two >out 2>error
    cmp one.json two.json
    "$landscape" "${map[@]}" --threads 2 --resume --minima --out two >out 2>error  # the first one is the lowest point
    grep -q 'wrote two_minima.json' out && grep -q 'on this grid' out
    lowest="$(sed -n 's/.*"birth": *\([^,}]*\).*/\1/p' two_minima.json | head -n 1)"
    awk -F, -v lowest="$lowest" 'NR > 1 && (NR == 2 || $3 < least) { least = $3 }
        END { exit !(lowest != "" && lowest + 0 == least + 0) }' two.csv || { echo "FAILED: the lowest is not $lowest" && exit 1; }
    "$landscape" "${map[@]}" --directions d.safetensors --out three >out 2>error
    cmp one.npy three.npy
    "$curvature" "${look[@]}" --top 2 --trace-samples 4 --sharpness 0.5 --sharpness-steps 2 --out curvature.json >out 2>error
    grep -q '"standard_error"' curvature.json
    grep -q 'largest eigenvalues' out
    grep -q '^sharpness on the quotient at least [0-9.e-]* (of its starts: ' out && grep -q '^adaptive sharpness at least ' out
    grep -q '"quotient"' curvature.json
done
# in bfloat16, or in float with a sentence where the processor does not multiply in it
"$pretrain" --method mae --data synthetic:200 --image 16 --patch 4 --width 16 --depth 1 --heads 2 --decoder-width 8 \
    --decoder-heads 2 --epochs 1 --batch 20 --lr 1e-3 --precision bf16 --out half >out 2>error
"$landscape" --checkpoint half/checkpoint.safetensors --data synthetic:200 --images 40 --grid=-1:1:5 --no-figures \
    --precision bf16 --out half/surface >out 2>error
if grep -q 'computing in float' error; then
    ! grep -q '"precision"' half/checkpoint.json half/surface.json
else
    grep -q '"bf16"' half/checkpoint.json
    [[ "$(grep -o '"error"' half/surface.json | wc -l)" == 9 ]] && grep -q '"precision": *"bf16"' half/surface.json
fi
echo "both methods: same surfaces"
