#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: kill_and_resume.sh PRETRAIN
# Kills trainings with SIGKILL at random moments and resumes them each time; they must end with the bytes of undisturbed
# ones: an RC-MAE, student and teacher, and methods with mask tokens, without and with a teacher.
set -euo pipefail

pretrain="$1"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
resumes() {  # METHOD KILLS EPOCHS [OPTION...]
    local method="$1" kills="$2" options
    options=(--method "$method" --data synthetic:400 --image 16 --patch 4 --width 32 --depth 2 --heads 2 --epochs "$3"
        --batch 20 --lr 1e-3 --augment crop-flip --threads 1 --save-minutes 0.0002 "${@:4}")
    local undisturbed="$folder/$method" killed="$folder/$method-killed"
    "$pretrain" "${options[@]}" --out "$undisturbed" 2>"$folder/log" >/dev/null
    kill_often "$kills" "$killed" "$pretrain" "${options[@]}" --out "$killed" --resume
    "$pretrain" "${options[@]}" --out "$killed" --resume 2>>"$folder/log" >/dev/null
    [[ "$(cut -d, -f1-3 "$undisturbed/log.jsonl")" == "$(cut -d, -f1-3 "$killed/log.jsonl")" ]]
    cmp "$undisturbed/checkpoint.safetensors" "$killed/checkpoint.safetensors"
    echo "$method: killed $kills times, same bytes"
}
resumes rc-mae 20 60 --decoder-width 16 --decoder-depth 1 --decoder-heads 2
resumes simmim 5 15
resumes data2vec 5 15
