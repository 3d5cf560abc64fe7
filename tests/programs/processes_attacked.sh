#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: processes_attacked.sh PRETRAIN LANDSCAPE CURVATURE COMPARE [KILLS [FLIPS [SEED]]]
# A training by several processes with --reproducible loses nothing: of 2 to 4 processes one is killed at a random moment, KILLS times (default
# 6), and another number of them goes on; the disk of the one that writes becomes full; a second training is started in the same folder; a
# bit is flipped in what --resume reads, FLIPS times (default 2) in each file. The bytes are those of an undisturbed process, and what cannot
# go on ends in one sentence. The moments are drawn from SEED, which is printed.
set -euo pipefail

pretrain="$1" kills="${5:-6}" flips="${6:-2}" seed="${7:-$RANDOM}"
RANDOM="$seed"
echo "seed $seed"
folder="$(mktemp -d)"
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../support/launched.sh"

# the state is saved after each step
long=("$pretrain" --image 16 --patch 4 --width 16 --depth 1 --heads 2 --data synthetic:200 --test-data synthetic:300 --lr 1e-3 --augment crop-flip
    --method rc-mae --decoder-width 8 --decoder-heads 2 --batch 50 --reproducible 12 --save-minutes 0.001 --epochs 100)
"${long[@]}" --out "$folder/undisturbed" >/dev/null 2>"$folder/log"
# ended SENTENCE: all processes end by themselves within a minute, one of them with it
ended() {
    local start=$SECONDS status=0
    wait "$run" || status=$?
    run=0
    ((status != 0 && status != 124 && SECONDS - start < 60)) || fail "status $status after $((SECONDS - start)) s: $1"
    grep -q -- "$1" "$folder/error" || { fail "no sentence '$1'" && cat "$folder/error"; }
}

out="$folder/killed" resume=() killed=0 ends=0
while ((killed < kills)); do
    processes=$((RANDOM % 3 + 2))
    start_by "$processes" "${long[@]}" --out "$out" "${resume[@]}"
    saved "$out"
    sleep "$(printf '0.%03d' $((RANDOM % 1000)))"
    mapfile -t ranks < <(ranks_of "$out" 2>/dev/null || true)
    if ((${#ranks[@]} == processes)) && kill -KILL "${ranks[RANDOM % processes]}" 2>/dev/null; then
        killed=$((killed + 1))
        status=0
        wait "$run" || status=$?
        run=0
        ((status != 124)) || fail "the others go on without the one that was killed"
        # where they had found each other, which the launcher's own text may precede
        ((status == 0 || ${#resume[@]} == 1)) && ! grep -q '^resuming after' "$folder/error" ||
            grep -q 'pretrain: process [0-3] of [2-4] has ended' "$folder/error" ||
            { fail "no sentence about a process that was killed" && cat "$folder/error"; }
    else  # it had come to its end
        wait "$run" || { fail "a training that nobody disturbed" && cat "$folder/error"; }
        run=0
    fi
    resume=(--resume)
    if [[ -e "$out/checkpoint.json" ]] && grep -q '"epoch": *100\b' "$out/checkpoint.json"; then
        by 3 "${long[@]}" --out "$out" --resume >/dev/null 2>"$folder/log" || { fail "going on at the end" && cat "$folder/log"; }
        same "$folder/undisturbed" "$out" || fail "another result after $killed kills"
        ends=$((ends + 1)) resume=()
        rm -r "$out"
    fi
done
by 2 "${long[@]}" --out "$out" "${resume[@]}" >/dev/null 2>"$folder/log" || { fail "going on after $killed kills" && cat "$folder/log"; }
same "$folder/undisturbed" "$out" || fail "another result after $killed kills"
[[ -z "$(find "$out" -name '*.tmp' -o -name 'lock')" ]] || fail "left behind: $(ls "$out")"
echo "$killed processes killed, $((ends + 1)) results compared"

# the disk of process 0 becomes full
if command -v prlimit >/dev/null; then
    out="$folder/full"
    start_by 3 "${long[@]}" --out "$out"
    saved "$out"
    prlimit --pid "$(ranks_of "$out" | head -n 1)" --fsize=0:0
    ended "pretrain: cannot write $out"
    (($(grep -c '^pretrain: ' "$folder/error") == 1)) || { fail "a full disk: not one sentence" && cat "$folder/error"; }
    by 2 "${long[@]}" --out "$out" --resume >/dev/null 2>"$folder/log" || { fail "after a full disk" && cat "$folder/log"; }
    same "$folder/undisturbed" "$out" || fail "another result after a full disk"
fi

# two trainings in one folder: the second one is refused, and the first one goes on until it is stopped
out="$folder/two"
start_by 2 "${long[@]}" --epochs 100000 --out "$out"
saved "$out"
mapfile -t ranks < <(ranks_of "$out")
mv "$folder/error" "$folder/first"  # it goes on writing to it
once "another process writes to" 2 "${long[@]}" --epochs 100000 --out "$out" --resume
kill -TERM "${ranks[0]}" || fail "the first of two trainings is gone"
wait "$run" && fail "a stopped training ends with 0"
run=0
grep -q 'pretrain: stopped by the user in epoch' "$folder/first" || { fail "the first of two trainings" && cat "$folder/first"; }

# flipped bits
out="$folder/flipped" flipped=0
cp -r "$folder/undisturbed" "$out"
for file in checkpoint.safetensors log.jsonl; do
    for ((i = 0; i < flips; ++i)); do
        size="$(stat -c %s "$out/$file")"
        at=$(((RANDOM * 32768 + RANDOM) % size))
        byte="$(od -An -tu1 -j "$at" -N 1 "$out/$file" | tr -d ' ')"
        # shellcheck disable=SC2059
        printf "\\x$(printf %x $((byte ^ (1 << RANDOM % 8))))" | dd of="$out/$file" bs=1 seek="$at" conv=notrunc status=none
        once "$file" 2 "${long[@]}" --out "$out" --resume
        cp "$folder/undisturbed/$file" "$out/$file"
        flipped=$((flipped + 1))
    done
done
echo "$flipped bits flipped, $flipped times refused"
same "$folder/undisturbed" "$out" || fail "what was refused changed the folder"

((failed == 0)) && echo "nothing was lost"
