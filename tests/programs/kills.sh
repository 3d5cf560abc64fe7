#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: kills.sh PRETRAIN LANDSCAPE CURVATURE COMPARE [KILLS [SEED]]
# Kills pretrain, landscape and compare with SIGKILL at random moments, KILLS times in all (default 60), and lets them go on
# with --resume: their files must have the bytes of undisturbed runs. Not compared is what a
# clock or the memory says: seconds and speed in log.jsonl, and in a comparison plan.json, results.json and the rows of cost.
# The moments are drawn from SEED, which is printed.
set -euo pipefail

pretrain="$1" landscape="$2" compare="$4" kills="${5:-60}" seed="${6:-$RANDOM}"
RANDOM="$seed"
echo "seed $seed"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
export OMP_WAIT_POLICY=passive
model=(--image 16 --patch 4 --width 16 --depth 1 --heads 2 --threads 1)
decoder=(--decoder-width 8 --decoder-heads 2)

used=0
some() { count=$((kills * $1 / 60)) used=$((used + kills * $1 / 60)); }  # SHARE: that share of 60 kills, into `count`

timeless() { sed -E 's/"(seconds|images_per_second|checksum)":[^,}]*//g' "$1"; }
same_training() {
    cmp "$undisturbed/checkpoint.safetensors" "$1/checkpoint.safetensors" &&
        cmp "$undisturbed/checkpoint.json" "$1/checkpoint.json" &&
        cmp <(timeless "$undisturbed/log.jsonl") <(timeless "$1/log.jsonl")
}
train() {  # SHARE METHOD [OPTION...]
    local command=("$pretrain" --method "$2" "${model[@]}" --data synthetic:400 --batch 20 --lr 1e-3 --augment crop-flip
        --save-minutes 0.0002 "${@:3}")
    undisturbed="$folder/$2"
    "${command[@]}" --out "$undisturbed" >/dev/null 2>"$folder/log"
    some $1
    kill_often "$count" "$undisturbed-killed" 250 same_training "${command[@]}" --out "$undisturbed-killed" --resume
}
train 10 rc-mae "${decoder[@]}" --epochs 30
train 7 simmim --epochs 20
train 7 data2vec --epochs 20
train 8 supervised --epochs 20 --drop-path 0.2 --mixup 0.8 --cutmix 1 --random-erasing 0.25 --layer-decay 0.75

look=(--checkpoint "$folder/rc-mae/checkpoint.safetensors" --data synthetic:200 --images 40 --batch 16 --grid=-1:1:21 --seed 3
    --threads 1 --no-figures)
undisturbed="$folder/surface"
"$landscape" "${look[@]}" --out "$undisturbed/one" >/dev/null 2>"$folder/log"
same_surface() {
    local file
    for file in one.json one.npy one.csv; do cmp "$undisturbed/$file" "$1/$file" || return; done
}
some 18
kill_often "$count" "$folder/surface-killed" 200 same_surface "$landscape" "${look[@]}" --out "$folder/surface-killed/one" --resume

study=("$compare" "${model[@]}" "${decoder[@]}" --data synthetic:200 --test-data synthetic:60 --methods mae,rc-mae --seeds 1 --batch 40
    --lr 1e-3 --epochs 3 --probe-every 2 --probe-epochs 4 --pairs 2 --grid 5 --convex-planes 1 --convex-rays 4 --images 32 --curvature-images 16
    --convex-images 8 --test-images 40 --lanczos-steps 8 --trace-samples 2 --no-figures)
undisturbed="$folder/study"
"${study[@]}" --out "$undisturbed" >/dev/null 2>"$folder/log"
(($(lasting "$undisturbed" | wc -l) > 300)) || { echo "FAILED: too little of the report is compared" && failed=1; }
same_study() {
    local file
    cmp <(lasting "$undisturbed") <(lasting "$1") || return
    while read -r file; do cmp "$undisturbed/$file" "$1/$file" || return; done \
        < <(cd "$undisturbed" && find . -name '*.safetensors' -o -name '*.npy')
}
kill_often $((kills - used)) "$folder/study-killed" 600 same_study "${study[@]}" --out "$folder/study-killed" --resume
exit "$failed"
