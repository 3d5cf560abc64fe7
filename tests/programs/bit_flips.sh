#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: bit_flips.sh PRETRAIN LANDSCAPE CURVATURE COMPARE [FLIPS [SEED]]
# Flips one random bit, FLIPS times (default 5) in every file that a program reads back, wherever in the file it lies: each
# time the program must refuse the file by its name. The bits are drawn from SEED, which is printed.
set -euo pipefail

pretrain="$1" landscape="$2" curvature="$3" compare="$4" flips="${5:-5}" seed="${6:-$RANDOM}"
RANDOM="$seed"
echo "seed $seed"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
export OMP_WAIT_POLICY=passive
model=(--image 16 --patch 4 --width 16 --depth 1 --heads 2 --decoder-width 8 --decoder-heads 2 --threads 1)
total=0

# flipped FILE COMMAND...: COMMAND, which reads FILE, must refuse it with any of its bits flipped.
flipped() {
    local file="$1" size at byte i
    shift
    cp "$file" "$folder/whole"
    size="$(stat -c %s "$file")"
    for ((i = 0; i < flips; ++i)); do
        at=$(((RANDOM * 32768 + RANDOM) % size))
        byte="$(od -An -tu1 -j "$at" -N 1 "$file" | tr -d ' ')"
        # shellcheck disable=SC2059
        printf "\\x$(printf %x $((byte ^ (1 << RANDOM % 8))))" | dd of="$file" bs=1 seek="$at" conv=notrunc status=none
        refuses "$(basename "$file")" "$@"
        cp "$folder/whole" "$file"
        total=$((total + 1))
    done
    "$@" >/dev/null 2>"$folder/error" || { echo "FAILED: whole again, refused: $*" && cat "$folder/error" && failed=1; }
}

run=("$pretrain" "${model[@]}" --method rc-mae --data synthetic:64 --batch 16 --epochs 2 --out "$folder/run")
"${run[@]}" >/dev/null 2>"$folder/log"
checkpoint="$folder/run/checkpoint.safetensors"
look=(--checkpoint "$checkpoint" --data synthetic:64 --images 16 --threads 1)
map=("$landscape" "${look[@]}" --grid=-1:1:5 --no-figures)
"${map[@]}" --save-directions "$folder/directions.safetensors" --out "$folder/map" >/dev/null 2>"$folder/log"

flipped "$checkpoint" "${run[@]}" --resume
flipped "$folder/run/log.jsonl" "${run[@]}" --resume
flipped "$checkpoint" "$curvature" "${look[@]}" --top 1 --bottom 0 --trace-samples 0 --out "$folder/spectrum.json"
flipped "$checkpoint" "$pretrain" "${model[@]:0:10}" --threads 1 --method supervised --data synthetic:64 --batch 16 --epochs 1 \
    --init "$checkpoint" --out "$folder/tuned" --resume
flipped "$folder/directions.safetensors" "${map[@]}" --directions "$folder/directions.safetensors" --out "$folder/again"
if "${map[@]}" --save-directions "$folder/directions.h5" --out "$folder/map" >/dev/null 2>"$folder/log"; then
    flipped "$folder/directions.h5" "${map[@]}" --directions "$folder/directions.h5" --out "$folder/again"
else
    grep -q 'libhdf5-dev' "$folder/log"
fi
flipped "$folder/map.json" "${map[@]}" --out "$folder/map" --resume

study=("$compare" "${model[@]}" --data synthetic:200 --test-data synthetic:60 --methods mae,rc-mae --seeds 1 --batch 40 --epochs 1 --pairs 1
    --grid 3 --convex-planes 1 --convex-rays 4 --images 32 --curvature-images 16 --convex-images 8 --test-images 40 --lanczos-steps 8
    --trace-samples 2 --no-figures --out "$folder/study")
"${study[@]}" >/dev/null 2>"$folder/log"
cd "$folder/study"
for file in plan.json baselines.json */*/results.json; do flipped "$file" "${study[@]}" --resume; done
for file in rc-mae/*/*-surface-*.json; do flipped "$file" "${study[@]}" --report-only; done
rm rc-mae/*/results.json  # the training is read again
flipped rc-mae/seed-0/checkpoint.safetensors "${study[@]}" --resume

((total > 0)) || failed=1
((failed == 0)) && echo "$total bits flipped, $total times refused"
exit "$failed"
