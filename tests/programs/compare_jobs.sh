#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: compare_jobs.sh PRETRAIN LANDSCAPE CURVATURE COMPARE [KILLS [SEED]]
# A comparison that several workers compute through a folder has the bytes of one process, but for times: 1 and 2 workers with KILLS
# kills each (default 12), a worker that is stopped past its heartbeat and wakes up, workers that only train and workers that only do
# statistics, contestants that share a training, and a stop. What fails is named and given up; another study is refused by name.
# The moments are drawn from SEED, which is printed.
set -euo pipefail

compare="$4" kills="${5:-12}" seed="${6:-$RANDOM}"
RANDOM="$seed"
echo "seed $seed"
folder="$(mktemp -d)"
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../support/workers.sh"
export OMP_WAIT_POLICY=passive
cd "$folder"

model=(--image 16 --patch 4 --width 16 --depth 1 --heads 2 --decoder-width 8 --decoder-heads 2 --threads 1)
small=("${model[@]}" --data synthetic:200 --test-data synthetic:60 --batch 40 --lr 1e-3 --epochs 6 --probe-every 2 --probe-epochs 4
    --pairs 2 --rays 2 --mask-draws 1 --grid 5 --convex-planes 1 --convex-rays 4 --images 32 --curvature-images 16 --convex-images 8
    --test-images 40 --lanczos-steps 8 --trace-samples 2 --no-figures)
study=("${small[@]}" --methods mae,rc-mae,supervised --seeds 2)
"$compare" "${study[@]}" --out alone >out 2>error
(($(lasting alone | wc -l) > 300)) || fail "too little of the report is compared"

same() {  # STUDY [REFERENCE]: the same bytes of everything that no clock says
    local file reference="${2:-alone}"
    cmp <(lasting "$reference") <(lasting "$1") || fail "$1/report.json is not that of one process"
    cmp "$reference/baselines.json" "$1/baselines.json" || fail "$1/baselines.json"
    while read -r file; do cmp "$reference/$file" "$1/$file" || fail "$1/$file"; done \
        < <(cd "$reference" && find . -name '*.safetensors' -o -name '*.npy' -o -name 'checkpoint.json')
    [[ "$(cd "$reference" && find . -type f | sort)" == "$(cd "$1" && find . -type f | sort)" ]] ||
        { fail "$1 has other files" && diff <(cd "$reference" && find . -type f | sort) <(cd "$1" && find . -type f | sort) || true; }
}
# start JOB OUT [OPTION...]: one more worker of the study
start() {
    work "$2" "$compare" "${study[@]}" --patience 1.5 --out "$2" --job "$1" "${@:3}"
}

for workers in 1 2; do
    with_kills "killed-$workers" "$workers" "$kills" 500
    same "killed-$workers"
done

# a worker with statistics alone waits for trainings, which others do; the first one writes the report
start kinds.job kinds --take statistics
statistics="${processes[0]}"
for ((i = 0; i < 500; ++i)); do
    [[ ! -f kinds.job/plan.json ]] || break
    sleep 0.02
done
sleep 0.5
[[ "$(finished kinds.job)" == 0 ]] || fail "statistics before trainings"
"$compare" --job kinds.job --status >out 2>error || fail "--status"
grep -Eq "^0 of [0-9]+ tiles finished" out && grep -q "training: 0 of 7 finished, 0 claimed; 0 workers take them" out &&
    grep -Eq "statistics: 0 of [0-9]+ finished, 0 claimed; 1 worker takes them" out || { fail "--status" && cat out; }
"$compare" --job kinds.job --take training --threads 1 >out 2>error || { fail "a worker that trains" && cat error; }
grep -q "nothing is left to train" out || { fail "the end of a worker that trains" && cat out; }
grep -q "this worker computed 7 of " error || { fail "a worker that trains did something else" && cat error; }
finish kinds
grep -q "wrote kinds/report.html" kinds.log || fail "statistics did not write the report"
same kinds
"$compare" --job kinds.job --status >out 2>error && grep -Eq "^([0-9]+) of \1 tiles finished" out && grep -q complete out ||
    { fail "--status of a complete job" && cat out; }
"$compare" --job kinds.job >out 2>error && grep -q "is complete: it wrote kinds/report.json" out || fail "a complete job"
rm kinds/report.json kinds/mae/seed-1/results.json
"$compare" --job kinds.job >out 2>error || { fail "merging again" && cat error; }
same kinds
"$compare" "${study[@]}" --out kinds --report-only >out 2>error || { fail "the report of a job's study" && cat error; }
same kinds

# a worker stands still past its heartbeat while it trains, and wakes up; the other one joined by the folder alone
start frozen.job frozen --epochs 40
until_finished frozen.job 1
sleep 0.2
kill -STOP "${processes[0]}"
(mkdir -p elsewhere && cd elsewhere && "$compare" --job ../frozen.job --threads 1 >../out 2>../error) || { fail "joining by the folder" && cat error; }
kill -CONT "${processes[0]}"
finish frozen
"$compare" "${study[@]}" --epochs 40 --out longer >out 2>error
same frozen longer

# stopped, and gone on with; contestants that share a training, fine-tuning, and images without a share of their labels
variants=("${small[@]}" --seeds 1 --methods mae,supervised --label-noise 0,0.2 --arm start=mae,trained=false --tune-epochs 2 --tune-shares 0.5)
"$compare" "${variants[@]}" --out variants >out 2>error
work shared "$compare" "${variants[@]}" --patience 1.5 --out shared --job shared/job
until_finished shared/job 4
stop_worker shared shared/job
for take in training statistics; do
    work shared "$compare" "${variants[@]}" --patience 1.5 --out shared --job shared/job --take "$take"
done
finish shared
mv shared/job shared.job
rm variants/from_scratch.json shared/from_scratch.json  # of times
same shared variants

# a training that fails is tried again, and then given up with all that needs it
mkdir -p broken/mae && : >broken.log
"$compare" "${small[@]}" --methods mae --seeds 1 --out broken --job broken.job >out 2>error && fail "somebody's folder" || true
grep -q "is not empty (mae)" error || { fail "somebody's folder" && cat error; }
rm -rf broken broken.job
start broken.job broken --take statistics
until [[ -f broken.job/plan.json ]]; do sleep 0.02; done
mkdir -p broken/mae/seed-0 && echo mine >broken/mae/seed-1
"$compare" --job broken.job --take training --threads 1 >out 2>error || true
status=0
wait "${processes[0]}" || status=$?
processes=()
((status == 1)) && grep -q "MAE, seed 1: training" broken.log && grep -q "it needs tile" broken.log || { fail "status $status of a training that fails" && cat broken.log; }
[[ ! -e broken/report.json ]] || fail "a report without all results"
rm broken/mae/seed-1 broken.job/tiles/*/*.failed
"$compare" --job broken.job --threads 1 >out 2>error || { fail "after what was wrong was mended" && cat error; }
same broken

# mpirun starts workers, which need no --job
if command -v mpirun >/dev/null; then
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun --oversubscribe -n 3 "$compare" "${study[@]}" --patience 1.5 \
        --out launched >out 2>error || { fail "mpirun" && cat error; }
    (($(grep -c "^this worker computed [1-9]" error) > 1)) || { fail "the workers of mpirun" && cat error; }
    (($(grep -c "wrote launched/report.html" out) == 1 && $(grep -c "another worker wrote the report" out) == 2)) ||
        { fail "what the workers of mpirun say" && cat out; }
    mv launched/job launched.job
    same launched
fi

# what is refused, by name
refuses "--batch is 20 here, and 40 in the plan" "$compare" "${study[@]}" --batch 20 --out killed-1 --job killed-1.job
refuses "--out is another here" "$compare" --out another --job killed-1.job
refuses "no plan yet" "$compare" --job none.job
refuses "no plan yet" "$compare" --job none.job --status
refuses "alone holds a comparison that is no part of this job" "$compare" "${study[@]}" --out alone --job new.job
refuses "give --take" "$compare" "${study[@]}" --statistics-backend cuda --out x --job x.job
refuses "is for workers of a job" "$compare" "${study[@]}" --statistics-backend cuda --out x
mkdir mine && echo mine >mine/notes
refuses "holds notes and no job" "$compare" "${study[@]}" --out x --job mine
[[ "$(ls mine)" == notes ]] || fail "a folder of somebody was written to"

((failed == 0)) && echo "the same bytes from any number of workers"
