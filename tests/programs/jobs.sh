#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: jobs.sh PRETRAIN LANDSCAPE CURVATURE COMPARE [KILLS [SEED]]
# Surfaces that several workers compute through a folder have the bytes of one process: 1, 2 and 4 workers with KILLS kills each
# (default 20), a worker that is stopped past its heartbeat and wakes up, one on a full disk, one whose clock is an hour ahead,
# flipped bits in any file of the job, a tile that was given up, a plane and a line. Another job, other options and other models are refused by name.
# The moments are drawn from SEED, which is printed.
set -euo pipefail

pretrain="$1" landscape="$2" kills="${5:-20}" seed="${6:-$RANDOM}"
RANDOM="$seed"
echo "seed $seed"
folder="$(mktemp -d)"
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../support/workers.sh"
export OMP_WAIT_POLICY=passive
cd "$folder"

two_models "$pretrain"
look=(--checkpoint one/checkpoint.safetensors --data synthetic:200 --images 40 --batch 16 --no-figures)
plane=("${look[@]}" --grid=-1:1:21 --seed 3)
"$landscape" "${plane[@]}" --threads 1 --out alone >out 2>error
"$landscape" "${look[@]}" --grid=-1:1:31 --to other/checkpoint.safetensors --minima --threads 1 --out alone-line >out 2>error

same() {  # PREFIX [REFERENCE]
    local ending
    for ending in .json .npy .csv; do
        cmp "${2:-alone}$ending" "$1$ending" || fail "$1$ending is not that of one process"
    done
}
# start JOB OUT [OPTION...]: one more worker
start() {
    work "$2" "$landscape" "${plane[@]}" --patience 1.5 --threads 1 --out "$2" --job "$1" "${@:3}"
}

for workers in 1 2 4; do
    with_kills "killed-$workers" "$workers" "$kills" 150
    same "killed-$workers"
done

# a worker stands still past its heartbeat, and wakes up with its tile in its hands; the job is joined by its folder alone
start frozen.job frozen
until_finished frozen.job 5
kill -STOP "${processes[0]}"
(mkdir -p elsewhere && cd elsewhere && "$landscape" --job ../frozen.job --threads 1 >../out 2>../error) || { fail "joining by the folder" && cat error; }
grep -q "as the plan says" error || fail "it is not said where paths are"
same frozen
kill -CONT "${processes[0]}"
finish frozen
same frozen
"$landscape" --job frozen.job >out 2>error && grep -q "is complete" out || fail "a complete job"
"$landscape" --job frozen.job --status >out 2>error && grep -Eq "^([0-9]+) of \1 tiles finished" out && grep -q complete out || fail "--status"
rm frozen.json
"$landscape" --job frozen.job >out 2>error || fail "merging again"
same frozen

# the disk of one worker becomes full, and the clock of another is an hour ahead where faketime is installed
if command -v prlimit >/dev/null; then
    "$landscape" "${plane[@]}" --patience 1.5 --threads 1 --out full --job full.job > >(cat >first.log) 2>&1 &
    first=$! status=0
    until_finished full.job 5
    prlimit --pid "$first" --fsize=0:0
    wait "$first" || status=$?
    ((status == 1)) && grep -q "landscape: cannot write .*full.job" first.log || { fail "status $status on a full disk" && cat first.log; }
    [[ -z "$(find full.job/tiles -name '*claim-*' -o -name '*.tmp')" ]] || fail "a worker on a full disk left its tile"
fi
start full.job full
if command -v faketime >/dev/null; then
    faketime -f +1h "$landscape" --job full.job --threads 1 >out 2>error || fail "a clock an hour ahead"
fi
finish full
same full

# stopped, a bit flipped in each kind of file, and gone on with
start flipped.job flipped --tile-points 7
until_finished flipped.job 12
stop_worker flipped flipped.job
flip() {
    python3 - "$1" "$RANDOM" <<'PYTHON'
import sys
path, at = sys.argv[1], int(sys.argv[2])
data = bytearray(open(path, "rb").read())
data[at % len(data)] ^= 1 << at // 256 % 8
open(path, "wb").write(data)
PYTHON
}
if command -v python3 >/dev/null; then
    for file in $(find flipped.job/tiles -name '*.result' | sort | head -10) flipped.job/centre.agreed; do flip "$file"; done
    cp flipped.job/plan.json plan.json
    flip flipped.job/plan.json
    refuses flipped.job/plan.json "$landscape" --job flipped.job
    cp plan.json flipped.job/plan.json
fi
start flipped.job flipped --tile-points 7
finish flipped
same flipped

# a tile that was given up by workers elsewhere: the rest goes on, then each worker names it, and no file is written
start given.job given --tile-points 7
until_finished given.job 3
kill -INT "${processes[0]}"
wait "${processes[0]}" || true
processes=()
given=62  # the last of 63, of points 434 to 440; should it be finished already, not any more
rm -f given.job/tiles/00000/000000$given.result
echo "try 3 by elsewhere-1-0123456789ab: there is not enough memory" >given.job/tiles/00000/000000$given.failed
: >given.log
for ((i = 0; i < 2; ++i)); do start given.job given --tile-points 7; done
for process in "${processes[@]}"; do
    status=0
    wait "$process" || status=$?
    ((status == 1)) || fail "status $status of a worker of a tile that was given up"
done
processes=()
(($(grep -cF "landscape: no files were written: 1 tile was given up, all others are finished" given.log) == 2 &&
    $(grep -cF "tile $given, points 434 to 440: try 3 by elsewhere-1-0123456789ab: there is not enough memory" given.log) == 2)) ||
    { fail "a tile that was given up is not named by each worker" && cat given.log; }
(($(finished given.job) == 62)) && [[ -z "$(find . -maxdepth 1 -name 'given.*' ! -name given.job ! -name given.log)" ]] ||
    fail "beside a tile that was given up, not all others are finished, or files were written"
"$landscape" --job given.job --status >out 2>error && grep -q "^tile $given was given up: try 3" out || fail "--status of a tile that was given up"
rm given.job/tiles/*/*.failed
start given.job given --tile-points 7
finish given
same given

# a line towards another model, with its barrier and minima
for ((i = 0; i < 2; ++i)); do
    work line "$landscape" "${look[@]}" --grid=-1:1:31 --to other/checkpoint.safetensors --minima --threads 1 --out line --job line.job
done
finish line
same line alone-line
cmp alone-line_minima.json line_minima.json || fail "the minima of a job"

# what is refused, by name
refuses "--grid is -1:1:9 here, and -1:1:21 in the plan" "$landscape" "${look[@]}" --grid=-1:1:9 --seed 3 --out full --job full.job
refuses "--of is student here, and not given in the plan" "$landscape" "${plane[@]}" --of student --out full --job full.job
refuses "--out is another here" "$landscape" --out another --job full.job
refuses "no plan yet" "$landscape" --job none.job
refuses "no plan yet" "$landscape" --job none.job --status
refuses "--job" "$landscape" "${plane[@]}" --out x --status
refuses "--resume" "$landscape" "${plane[@]}" --out x --job x.job --resume
refuses "--patience" "$landscape" "${plane[@]}" --out x --job x.job --patience 0
mkdir mine && echo mine >mine/notes
refuses "holds notes and no job" "$landscape" "${plane[@]}" --out x --job mine
[[ "$(ls mine)" == notes ]] || fail "a folder of somebody was written to"
start model.job model
until_finished model.job 3
kill -KILL "${processes[0]}"
wait "${processes[0]}" 2>/dev/null && fail "a worker that should be at work had ended"
processes=()
cp other/checkpoint.safetensors other/checkpoint.json one/
refuses "another model" "$landscape" --job model.job

((failed == 0)) && echo "the same bytes from any number of workers"
