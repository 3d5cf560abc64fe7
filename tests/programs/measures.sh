#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: measures.sh PRETRAIN LANDSCAPE CURVATURE
# Numbers at the points of a surface beside the loss: those at the centre are what other programs say of it, threads and a stop
# on the way do not change them, they are in all files and figures, and what a model or precision does not have is refused.
set -euo pipefail

pretrain="$1" landscape="$2" curvature="$3"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
cd "$folder"
need_python
# holds EXPRESSION FILE...: that an expression of python is true of the files' contents d, e, ...
holds() {
    python3 -c 'import json, sys
d, *more = [json.load(open(name)) for name in sys.argv[2:]]
e = more[0] if more else None
sys.exit(0 if eval(sys.argv[1]) else 1)' "$@" || fail "${*:2}: not $1"
}

model=(--data synthetic:200 --image 16 --patch 4 --width 16 --depth 1 --heads 2 --epochs 2 --batch 20 --lr 1e-3 --threads 1)
"$pretrain" --method supervised "${model[@]}" --out supervised >out 2>error
"$pretrain" --method mae --decoder-width 8 --decoder-heads 2 "${model[@]}" --out mae >out 2>error

look=(--checkpoint supervised/checkpoint.safetensors --data synthetic:200 --images 200)
all=(--measure loss,accuracy,calibration,gradient,weights,eigenvalues --lanczos-steps 30 --seed 3)
map=("$landscape" "${look[@]}" "${all[@]}" --grid=x:-1:1:3,y:0:1:2)
"${map[@]}" --threads 1 --formats npy,csv,vts --page --out one >out 2>error
grep -q 'the centre took .* for 6 points' error || fail "no expected time: $(cat error)"
names="accuracy_top1 accuracy_top5 calibration_error calibration_noise gradient_norm weight_norm eigenvalue_max eigenvalue_min eigenvalue_ratio"
holds "' '.join(n['name'] for n in d['numbers']) == '$names'" one.json
for name in $names; do
    grep -q "^$name at the centre" out || fail "$name at the centre is not said"
    [[ -s "one_$name.npy" ]] && grep -q "wrote one_$name.npy" out || fail "no one_$name.npy, or not named"
    grep -q "Name=\"$name\"" one.vts || fail "no $name in one.vts"
    head -n 1 one.csv | grep -q ",$name" || fail "no $name in one.csv"
    holds "all(v is not None for row in d['$name'] for v in row)" one.json
    if command -v gnuplot >/dev/null; then
        for figure in contour surface; do
            [[ -s "one_${figure}_$name.png" && -s "one_${figure}_$name.svg" ]] || fail "no one_${figure}_$name"
        done
    fi
done
grep -q 'largest eigenvalue' one_page.html && grep -q 'accuracy (top-1) alone' one_page.html || fail "the page does not say the numbers"
# the same by two workers of a job
"${map[@]}" --threads 1 --no-figures --job job --out shared >/dev/null 2>error &
"${map[@]}" --threads 1 --no-figures --job job --out shared >out 2>error.second || fail "a worker: $(cat error.second)"
wait "$!" || fail "a worker: $(cat error)"
cmp one.json shared.json || fail "workers change numbers"
# the centre, x = y = 0, is the point of the grid there, and what pretrain and curvature say of it
holds "all(abs(n['centre'] - d[n['name']][0][1]) < 1e-12 for n in d['numbers'])" one.json
"$curvature" "${look[@]}" --top 1 --trace-samples 0 --steps 30 --seed 3 --threads 1 --out curvature.json >out 2>error
holds "abs(d['numbers'][6]['centre'] - e['largest'][0]['value']) <= d['numbers'][6]['centre_error'] + e['largest'][0]['residual']" one.json curvature.json
holds "abs(d['numbers'][7]['centre'] - e['smallest'][0]['value']) <= d['numbers'][7]['centre_error'] + e['smallest'][0]['residual']" one.json curvature.json
holds "abs(d['numbers'][5]['centre'] / d['geometry']['theta_norm'] - 1) < 1e-9" one.json
"$landscape" "${look[@]}" --along gradient --dimensions 1 --grid=-1:1:3 --no-figures --out gradient >out 2>error
holds "abs(d['numbers'][4]['centre'] / e['metadata']['gradient_norm'] - 1) < 1e-5" one.json gradient.json
# the loss is that of a surface without measures
"$landscape" "${look[@]}" --grid=x:-1:1:3,y:0:1:2 --seed 3 --threads 2 --no-figures --out plain >out 2>error
cmp one.npy plain.npy || fail "measures change the loss"
! grep -q '"numbers"' plain.json || fail "numbers that were not asked for"

"${map[@]}" --threads 2 --no-figures --out two >out 2>error
cmp one.json two.json || fail "threads change numbers"
# stopped within a point, and gone on with
"${map[@]}" --threads 1 --no-figures --out stopped >out 2>error &
process=$!
for ((i = 0; i < 200; ++i)); do
    [[ ! -s stopped.json ]] || break
    sleep 0.02
done
kill -INT "$process" 2>/dev/null || true
status=0
wait "$process" || status=$?
[[ "$status" == 130 || "$status" == 0 ]] || fail "status $status after an interrupt: $(cat error)"
refuses "other numbers at its points" "$landscape" "${look[@]}" --grid=x:-1:1:3,y:0:1:2 --seed 3 --no-figures --resume --out stopped
refuses "at most 31 Lanczos steps" "${map[@]}" --lanczos-steps 31 --no-figures --resume --out stopped
"${map[@]}" --threads 1 --no-figures --resume --out stopped >out 2>error
cmp one.json stopped.json || fail "resumed to other numbers"

# a line, and a model without classes
"$landscape" --checkpoint mae/checkpoint.safetensors --data synthetic:200 --images 20 --dimensions 1 --grid=-1:1:3 \
    --measure gradient,weights,eigenvalues --lanczos-steps 8 --out line >out 2>error
holds "len(d['numbers']) == 5 and d['gradient_norm'][0][0] > 0" line.json
if command -v gnuplot >/dev/null; then [[ -s line_line_gradient_norm.png ]] || fail "no figure of a line"; fi
for measure in accuracy calibration; do
    refuses "possible are loss, gradient, weights and eigenvalues" "$landscape" --checkpoint mae/checkpoint.safetensors \
        --data synthetic:200 --images 20 --measure "$measure" --out refused
done
refuses "--measure takes one of" "$landscape" "${look[@]}" --measure sharpness --out refused
refuses "steps" "$landscape" "${look[@]}" --measure eigenvalues --lanczos-steps 1 --out refused
[[ -z "$(ls refused* 2>/dev/null)" ]] || fail "a refused request wrote $(ls refused*)"
# in bfloat16 accuracies are compared with those in float; a gradient has no error to compare rounding with
"$landscape" "${look[@]}" --precision bf16 --measure accuracy --grid=-0.5:0.5:3 --no-figures --out half >out 2>error || true
if grep -q 'computing in float' error; then
    ! grep -q '"precision"' half.json || fail "float is called bfloat16"
elif [[ -s half.json ]]; then
    holds "sum(p.get('number') == 'accuracy_top1' for p in d['metadata']['compared_with_float']) == 9" half.json
    refuses "rounding" "$landscape" "${look[@]}" --precision bf16 --measure gradient --out refused
else
    grep -q 'in low precision differs from that in float' error || fail "bfloat16: $(cat error)"
fi
((failed == 0)) || exit 1
echo "numbers at the points: the same as by other programs"
