#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: one_run.sh PRETRAIN LANDSCAPE CURVATURE COMPARE
# While a program writes to an output, a second one that is to write there ends with a sentence that says whose it is,
# --resume or not, and changes nothing. When the first is killed, the next one has the output.
set -euo pipefail

pretrain="$1" landscape="$2" curvature="$3" compare="$4"
folder="$(mktemp -d)"
first=0
trap '((first == 0)) || kill -KILL "$first" 2>/dev/null; rm -rf "$folder"' EXIT
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
export OMP_WAIT_POLICY=passive
model=(--image 16 --patch 4 --width 16 --depth 1 --heads 2 --decoder-width 8 --decoder-heads 2 --threads 1)

# in_use LOCK RESULT COMMAND...: COMMAND, which takes minutes, is refused while another one works, and then not
in_use() {
    local lock="$1" result="$2" before
    shift 2
    "$@" >"$folder/first" 2>&1 &
    first=$!
    for ((i = 0; i < 200; ++i)); do
        [[ -s "$lock" && -n "$(ls -A "$result" 2>/dev/null)" ]] && break
        sleep 0.05
    done
    [[ -s "$lock" ]] || { echo "FAILED: no lock of $1" && cat "$folder/first" && failed=1 && return 0; }
    before="$(cat "$lock")"
    refuses "process $first on $(uname -n): $(basename "$1")" "$@"
    [[ "$1" == "$curvature" ]] || refuses "process $first on $(uname -n)" "$@" --resume
    [[ "$(cat "$lock")" == "$before" ]] || { echo "FAILED: $lock was changed" && failed=1; }
    kill -0 "$first" || { echo "FAILED: the first $1 is gone" && cat "$folder/first" && failed=1; }
    kill -KILL "$first"
    wait "$first" 2>/dev/null || true
    [[ -e "$lock" ]] || { echo "FAILED: $lock went with nobody to remove it" && failed=1; }
    first=0
}

run=("$pretrain" "${model[@]}" --data synthetic:64 --batch 16)
"${run[@]}" --epochs 1 --out "$folder/good" >/dev/null 2>&1
[[ ! -e "$folder/good/lock" ]] || { echo "FAILED: a lock was left" && failed=1; }
good=(--checkpoint "$folder/good/checkpoint.safetensors" --data synthetic:64 --images 32 --threads 1)

in_use "$folder/long/lock" "$folder/long" "${run[@]}" --epochs 100000 --out "$folder/long"
timeout -s INT 2 "${run[@]}" --epochs 100000 --out "$folder/long" --resume >/dev/null 2>"$folder/error" || status=$?
((${status:-0} == 124)) || { echo "FAILED: what was killed is not resumed" && cat "$folder/error" && failed=1; }
mkdir "$folder/surfaces" "$folder/spectra"
in_use "$folder/surfaces/a.lock" "$folder/surfaces" "$landscape" "${good[@]}" --grid=-1:1:301 --no-figures --out "$folder/surfaces/a"
"$landscape" "${good[@]}" --grid=-1:1:2 --no-figures --out "$folder/surfaces/b" >/dev/null 2>&1 ||
    { echo "FAILED: another surface of the folder" && failed=1; }
in_use "$folder/spectra/a.json.lock" "$folder/spectra" "$curvature" "${good[@]}" --top 0 --bottom 0 --trace-samples 100000 --out "$folder/spectra/a.json"
in_use "$folder/study/lock" "$folder/study" "$compare" "${model[@]}" --data synthetic:200 --images 32 --curvature-images 8 --convex-images 8 --epochs 10000 --batch 32 --methods mae --seeds 1 --no-figures --out "$folder/study"

((failed == 0)) && echo "one run for each output"
