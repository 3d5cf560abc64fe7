#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: fine_tune.sh PRETRAIN
# Fine-tunes the encoder of an RC-MAE's teacher with all of the supervised recipe, kills that at ten random moments and
# resumes it each time, at last without the pre-trained file; it must end with the bytes of an undisturbed one.
set -euo pipefail

pretrain="$1"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
model=(--data synthetic:200 --image 16 --patch 4 --width 32 --depth 2 --heads 2 --batch 20 --lr 1e-3 --augment crop-flip
    --threads 1)
"$pretrain" --method rc-mae "${model[@]}" --decoder-width 16 --decoder-heads 2 --epochs 2 --out "$folder/start" \
    >/dev/null 2>"$folder/log"
start="$folder/start/checkpoint.safetensors"
options=("${model[@]}" --method supervised --epochs 40 --drop-path 0.2 --mixup 0.8 --cutmix 1 --random-erasing 0.25
    --layer-decay 0.75 --label-smoothing 0.1 --init "$start" --save-minutes 0.0002)

"$pretrain" "${options[@]}" --init-from teacher --out "$folder/undisturbed" 2>"$folder/log" >/dev/null
grep -q 'starting with 29 of 31 parameters' "$folder/log"  # all but the head
"$pretrain" "${options[@]}" --init-from student --epochs 1 --out "$folder/student" 2>"$folder/log" >/dev/null
# images of another size: the start's positions are interpolated, and kept
"$pretrain" "${options[@]}" --image 24 --epochs 1 --out "$folder/larger" 2>"$folder/log" >/dev/null
grep -q 'starting with 29 of 31 parameters' "$folder/log"
"$pretrain" "${options[@]}" --image 24 --epochs 1 --out "$folder/larger" --resume 2>"$folder/log" >/dev/null
same() { cmp "$folder/undisturbed/checkpoint.safetensors" "$1/checkpoint.safetensors"; }
kill_often 10 "$folder/killed" 400 same "$pretrain" "${options[@]}" --init-from teacher --out "$folder/killed" --resume
rm "$start"
"$pretrain" "${options[@]}" --init-from teacher --out "$folder/killed" --resume 2>>"$folder/log" >/dev/null
cmp "$folder/undisturbed/checkpoint.safetensors" "$folder/killed/checkpoint.safetensors"

again=("$pretrain" "${options[@]}" --init-from teacher --out "$folder/killed" --resume)
refuses 'recipe/drop_path was 0.2, now it is 0.3' "${again[@]}" --drop-path 0.3
refuses 'recipe/layer_decay was 0.75, now it is nothing' "${again[@]}" --layer-decay 0
refuses 'mixup' "${again[@]}" --mixup 0.5
refuses 'recipe/policies' "${again[@]}" --random-erasing 0
refuses 'start/from' "${again[@]}" --init-from student
((failed == 0)) && echo "killed 10 times, same bytes; other options were refused"
