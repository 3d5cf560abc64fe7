#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: kill_and_resume.sh PRETRAIN
# Kills a training of an RC-MAE, student and teacher, with SIGKILL at twenty random moments and resumes it each time;
# it must end with the bytes of an undisturbed one.
set -euo pipefail

pretrain="$1"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
options=(--method rc-mae --data synthetic:400 --image 16 --patch 4 --width 32 --depth 2 --heads 2 --decoder-width 16 --decoder-depth 1
    --decoder-heads 2 --epochs 60 --batch 20 --lr 1e-3 --augment crop-flip --threads 1 --save-minutes 0.0002)

"$pretrain" "${options[@]}" --out "$folder/undisturbed" 2>"$folder/log" >/dev/null
kill_often 20 "$folder/killed" "$pretrain" "${options[@]}" --out "$folder/killed" --resume
"$pretrain" "${options[@]}" --out "$folder/killed" --resume 2>>"$folder/log" >/dev/null
[[ "$(cut -d, -f1-3 "$folder/undisturbed/log.jsonl")" == "$(cut -d, -f1-3 "$folder/killed/log.jsonl")" ]]
cmp "$folder/undisturbed/checkpoint.safetensors" "$folder/killed/checkpoint.safetensors"
echo "killed 20 times, same bytes"
