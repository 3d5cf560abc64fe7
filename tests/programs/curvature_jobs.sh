#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: curvature_jobs.sh PRETRAIN LANDSCAPE CURVATURE COMPARE [KILLS [SEED]]
# Eigenvalues, trace, distribution and sharpness that several workers compute through a folder have the bytes of one process: 1, 2 and 4
# workers with KILLS kills each (default 10), one that is stopped past its heartbeat and wakes up, a stop, and workers of mpirun where it is
# found. Other images are refused. The moments are drawn from SEED, which is printed.
set -euo pipefail

pretrain="$1" curvature="$3" kills="${5:-10}" seed="${6:-$RANDOM}"
RANDOM="$seed"
echo "seed $seed"
folder="$(mktemp -d)"
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../support/workers.sh"
export OMP_WAIT_POLICY=passive
cd "$folder"

two_models "$pretrain"
look=(--checkpoint one/checkpoint.safetensors --data synthetic:200 --images 40 --batch 16 --threads 1 --top 2 --bottom 1 --lanczos-steps 30
    --trace-samples 21 --density-probes 9 --density-steps 8 --sharpness 0.5 --sharpness-steps 4 --no-figures)
"$curvature" "${look[@]}" --out alone.json >out 2>error
grep -q "^share of negative eigenvalues" out || { fail "the distribution" && cat out; }

same() { cmp alone.json "$1.json" || fail "$1.json is not that of one process"; }
# start JOB OUT [OPTION...]: one more worker
start() { work "$2" "$curvature" "${look[@]}" --patience 1.5 --out "$2.json" --job "$1" "${@:3}"; }

for workers in 1 2 4; do
    with_kills "killed-$workers" "$workers" "$kills" 200
    same "killed-$workers"
done

# a worker stands still past its heartbeat, and wakes up with its tile in its hands; the job is joined by its folder alone
start frozen.job frozen
until_finished frozen.job 1
kill -STOP "${processes[0]}"
(mkdir -p elsewhere && cd elsewhere && "$curvature" --job ../frozen.job --threads 1 >../out 2>../error) || { fail "joining by the folder" && cat error; }
same frozen
kill -CONT "${processes[0]}"
finish frozen
same frozen
"$curvature" --job frozen.job --status >out 2>error
grep -q "^16 of 16 tiles finished" out && grep -q "trace: 6 of 6 finished" out && grep -q "distribution: 3 of 3 finished" out ||
    { fail "--status" && cat out; }
"$curvature" --job frozen.job >out 2>error && grep -q "is complete: it wrote frozen.json" out || { fail "a complete job" && cat out error; }
rm frozen.json
"$curvature" --job frozen.job >out 2>error || { fail "merging again" && cat error; }
same frozen

start stopped.job stopped
until_finished stopped.job 1
stop_worker stopped stopped.job
start stopped.job stopped
finish stopped
same stopped

if command -v mpirun >/dev/null; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
    work launched mpirun -n 3 "$curvature" "${look[@]}" --out launched.json
    finish launched
    same launched
    grep -q "the 3 processes share the work through launched.json.job" launched.log || { fail "what is said of a job" && cat launched.log; }
fi

# what is refused, by name
start model.job model
until_finished model.job 1
kill -KILL "${processes[0]}"
wait "${processes[0]}" 2>/dev/null && fail "a worker that should be at work had ended"
processes=()
refuses "--seed is 5 here, and not given in the plan" "$curvature" "${look[@]}" --seed 5 --out model.json --job model.job
cp other/checkpoint.safetensors other/checkpoint.json one/
refuses "another model" "$curvature" --job model.job

((failed == 0)) && echo "the same bytes from any number of workers"
