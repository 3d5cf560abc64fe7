#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: processes.sh PRETRAIN
# Trains by 1, 2, 3 and 4 processes of mpirun: with --reproducible to the same bytes, without to the same losses up to
# rounding. A killed process ends all, its run goes on with another number of them, to the same bytes; what cannot work is
# refused in one sentence.
set -euo pipefail

pretrain="$1"
folder="$(mktemp -d)"
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../support/launched.sh"

losses() { sed -E 's/.*"loss":([^,]*),.*"test_loss":([^,}]*).*/\1 \2/' "$1/log.jsonl"; }
close() {  # FOLDER FOLDER: all losses agree to rounding, in float
    paste <(losses "$1") <(losses "$2") | awk 'function far(a, b) { return (a - b) ^ 2 > 1e-8 * b * b }
        far($1, $3) || far($2, $4) { bad = 1 } END { exit bad || NR == 0 }'
}

model=(--image 16 --patch 4 --width 16 --depth 1 --heads 2 --data synthetic:200 --test-data synthetic:300 --lr 1e-3
    --augment crop-flip)
declare -A methods=(
    [taught]="--method rc-mae --decoder-width 8 --decoder-heads 2 --batch 50 --epochs 3"
    # an odd batch, which mixing pairs, in steps of three
    [mixed]="--method supervised --drop-path 0.2 --mixup 0.8 --cutmix 1 --random-erasing 0.25 --batch 27 --accumulate 3 --clip-norm 1 --epochs 3")
for name in "${!methods[@]}"; do
    read -ra options <<<"${methods[$name]}"
    command=("$pretrain" "${model[@]}" "${options[@]}")
    "${command[@]}" --out "$folder/$name-1" >/dev/null 2>"$folder/log"
    "${command[@]}" --reproducible 12 --out "$folder/$name-r1" >/dev/null 2>"$folder/log"
    ! cmp -s "$folder/$name-1/checkpoint.safetensors" "$folder/$name-r1/checkpoint.safetensors" ||
        fail "$name: parts of a batch are added as before, so that equal bytes say nothing"
    close "$folder/$name-1" "$folder/$name-r1" || fail "$name: other losses with --reproducible"
    for processes in 2 3 4; do
        by $processes "${command[@]}" --reproducible 12 --out "$folder/$name-r$processes" >"$folder/out" 2>"$folder/log" ||
            fail "$name: $processes processes: $(cat "$folder/log")"
        same "$folder/$name-r1" "$folder/$name-r$processes" || fail "$name: other bytes by $processes processes"
        ((processes == 3)) || {
            by $processes "${command[@]}" --out "$folder/$name-$processes" >"$folder/out" 2>"$folder/log" ||
                fail "$name: $processes processes: $(cat "$folder/log")"
            close "$folder/$name-1" "$folder/$name-$processes" || fail "$name: other losses by $processes processes"
            (($(grep -c '^epoch 3/3' "$folder/log") == 1 && $(grep -c '^wrote' "$folder/out") == 1)) ||
                fail "$name: $processes processes do not speak as one: $(cat "$folder/log")"
        }
    done
done
grep -q '1 threads, float in each of 4 processes' "$folder/log" || fail "the number of processes is not said"

# A killed process, of many epochs; the state is saved after each step.
long=("$pretrain" "${model[@]}" --method mae --decoder-width 8 --decoder-heads 2 --batch 50 --reproducible 12 --epochs 30 --save-minutes 0.001)
"${long[@]}" --out "$folder/undisturbed" >/dev/null 2>"$folder/log"
for killed in 0 1; do
    out="$folder/killed-$killed"
    start_by 3 "${long[@]}" --out "$out"
    saved "$out"
    mapfile -t ranks < <(ranks_of "$out")
    [[ ${#ranks[@]} == 3 ]] || fail "there are ${#ranks[@]} processes: $(cat "$folder/error")"
    start=$SECONDS
    kill -KILL "${ranks[$killed]}"
    status=0
    wait "$run" || status=$?
    run=0
    ((status != 0 && status != 124)) || fail "status $status after a process was killed"
    ((SECONDS - start < 60)) || fail "all end after $((SECONDS - start)) s"
    grep -q 'pretrain: process [012] of 3 has ended .*--resume goes on from it' "$folder/error" ||
        fail "no sentence about a process that was killed: $(cat "$folder/error")"
    by $((killed == 0 ? 4 : 2)) "${long[@]}" --out "$out" --resume >/dev/null 2>"$folder/log" || fail "resume: $(cat "$folder/log")"
    grep -q '^resuming after' "$folder/log" || fail "it did not go on: $(cat "$folder/log")"
    same "$folder/undisturbed" "$out" || fail "another result after process $killed was killed"
done

# A stop that one process hears of stops all at the same step.
start_by 2 "${long[@]}" --epochs 100000 --out "$folder/stopped"
saved "$folder/stopped"
kill -TERM "$(ranks_of "$folder/stopped" | tail -n 1)"
wait "$run" && fail "a stopped run ends with 0"
run=0
(($(grep -c 'pretrain: stopped by the user in epoch' "$folder/error") == 1)) || fail "stop: $(cat "$folder/error")"

# One sentence, of process 0, where something is wrong.
short=("$pretrain" "${model[@]}" --method mae --decoder-width 8 --decoder-heads 2 --batch 50 --epochs 1)
once '--reproducible 4 cannot be shared evenly by 3 processes' 3 "${short[@]}" --reproducible 4 --out "$folder/new"
once '--batch 3 has not enough images for 4 processes' 4 "${short[@]}" --batch 3 --out "$folder/new"
once 'for --mixup or --cutmix, which take them in pairs' 3 "$pretrain" "${model[@]}" --method supervised --mixup 1 --batch 5 --out "$folder/new"
once 'the teacher sees a share of 0.5 of each batch' 2 "$pretrain" "${model[@]}" --method rc-mae --teacher-share 0.5 --batch 50 --out "$folder/new"
once 'train-images-idx3-ubyte is missing' 2 "${short[@]}" --data "idx:$folder/nowhere" --out "$folder/new"
once 'no option is called --wrong' 2 "${short[@]}" --wrong --out "$folder/new"
[[ ! -e "$folder/new" ]] || fail "what was refused left a folder"
once 'exists; give --resume' 2 "${short[@]}" --out "$folder/taught-1"
once 'training/parts was 12, now it is 6' 2 "${long[@]}" --reproducible 6 --out "$folder/undisturbed" --resume
refuses 'the launcher started 4 processes, but MPI connects 1' env PMI_RANK=0 PMI_SIZE=4 "${short[@]}" --out "$folder/new"
(($(by 2 "$pretrain" --help | grep -c '^ *--reproducible ') == 1)) || fail "--help is not said once"
((failed == 0)) && echo "1, 2, 3 and 4 processes train alike"
