#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: directions.sh PRETRAIN LANDSCAPE CURVATURE
# Surfaces along directions of every kind, of three trainings and the states that they kept: the files say what they are of, and
# numbers that two ways give are the same.
set -euo pipefail

pretrain="$1" landscape="$2" curvature="$3"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
cd "$folder"
need_python
# json FILE EXPRESSION: what an expression of python gives for the file's content d
json() { python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); m = d["metadata"]; print(eval(sys.argv[2]))' "$1" "$2"; }
# holds FILE EXPRESSION: that it is true
holds() { [[ "$(json "$1" "$2")" == True ]] || fail "$1: not $2"; }

model=(--method mae --data synthetic:200 --image 16 --patch 4 --width 16 --depth 1 --heads 2 --decoder-width 8
    --decoder-heads 2 --batch 20 --lr 3e-3 --warmup 0 --threads 1)
for seed in 0 1 2; do
    "$pretrain" "${model[@]}" --epochs 4 --keep-every 1 --seed "$seed" --out "$seed" >"$seed.out" 2>error
    grep -q "every 1 epochs in $seed/epochs" "$seed.out" || fail "pretrain does not say where it kept them"
done
[[ "$(cd 0/epochs && echo *.safetensors)" == "$(printf 'epoch-0000%d.safetensors ' 0 1 2 3 4 | sed 's/ $//')" ]] ||
    fail "kept: $(ls 0/epochs)"
cmp 0/checkpoint.safetensors 0/epochs/epoch-00004.safetensors || fail "the last state is another one than the checkpoint"
# a run that was stopped and goes on keeps the same states, also from one of them
mkdir -p again && cp 0/epochs/epoch-00002.safetensors again/checkpoint.safetensors
cp 0/epochs/epoch-00002.json again/checkpoint.json
"$pretrain" "${model[@]}" --epochs 4 --keep-every 2 --seed 0 --resume --out again >out 2>error
[[ "$(cd again/epochs && echo *.safetensors)" == epoch-00004.safetensors ]] || fail "resumed, kept: $(ls again/epochs)"
cmp 0/epochs/epoch-00004.safetensors again/epochs/epoch-00004.safetensors || fail "resumed from a kept state"

look=(--checkpoint 0/checkpoint.safetensors --data synthetic:200 --images 40 --threads 1)
figures=()
command -v gnuplot >/dev/null && figures=(png svg)
# draws NAME KIND OPTIONS...: KIND is line or plane
draws() {
    local name="$1" kind="$2" ending figure kinds=(contour surface)
    shift 2
    [[ "$kind" == line ]] && kinds=(line)
    "$landscape" "${look[@]}" "$@" --out "$name" >"$name.out" 2>error || { cat error && fail "$name" && return 0; }
    for ending in "${figures[@]}"; do
        for figure in "${kinds[@]}"; do
            [[ -s "${name}_$figure.$ending" ]] || fail "no ${name}_$figure.$ending"
        done
    done
    holds "$name.json" "all(all(row) for row in d['computed'])"
    if [[ "$kind" == line ]]; then holds "$name.json" "d['y'] == [0] and d['geometry']['delta_dot_eta'] is None or m['directions'] == 'curve'"; fi
}

draws plane plane --grid=-1:1:5 --seed 3 --save-directions plane.safetensors
draws row line --grid=-1:1:5 --seed 3 --dimensions 1
python3 - <<'CHECK' || fail "a line is the middle row of its plane"
import json
line, plane = json.load(open("row.json")), json.load(open("plane.json"))
assert all(abs(a - b) < 1e-6 for a, b in zip(line["loss"][0], plane["loss"][2]))
CHECK
draws read line --grid=-1:1:5 --dimensions 1 --directions plane.safetensors
cmp row.npy read.npy || fail "a line along a direction of a file"

# extreme eigenvectors: curvature along them is the eigenvalue, which the program curvature finds as well
draws ends plane --along eigenvectors --grid=-0.01:0.01:3 --lanczos-steps 200
"$curvature" "${look[@]}" --top 1 --trace-samples 0 --out curvature.json >out 2>error
holds ends.json "[p['converged'] for p in m['eigenpairs']] == [True, True]"
holds ends.json "abs(d['geometry']['delta_norm'] / m['length'] - 1) < 1e-5 and abs(d['geometry']['delta_dot_eta']) < 1e-3 * m['length'] ** 2"
grep -q 'eigenvalue .* +- ' ends.out || fail "eigenvalues are not printed"
python3 - <<'CHECK' || fail "eigenvalues, and curvature along eigenvectors"
import json
d, c = json.load(open("ends.json")), json.load(open("curvature.json"))
largest, smallest = (p["value"] for p in d["metadata"]["eigenpairs"])
text = json.dumps(c)
assert any(abs(largest / v - 1) < 1e-2 for v in [c["largest"][0]["value"]] if v), text
assert abs(smallest - c["smallest"][0]["value"]) < 1e-2 * largest, text
middle = d["loss"][1]
bend = (middle[0] - 2 * middle[1] + middle[2]) / 0.01**2 / d["metadata"]["length"] ** 2
assert abs(bend / largest - 1) < 0.1, (bend, largest)
CHECK
draws top plane --along eigenvectors:top --grid=-0.01:0.01:3 --lanczos-steps 200
holds top.json "m['eigenpairs'][0]['value'] > m['eigenpairs'][1]['value'] > 0"
draws first line --along eigenvectors --grid=-0.01:0.01:3 --dimensions 1 --lanczos-steps 200
holds first.json "len(m['eigenpairs']) == 1"

# the gradient: its slope is its norm
draws steep plane --along gradient --grid=-0.001:0.001:3
holds steep.json "abs(d['geometry']['delta_dot_eta']) < 1e-4 * m['length'] ** 2"
holds steep.json "abs((d['loss'][1][2] - d['loss'][1][0]) / 0.002 / m['length'] / m['gradient_norm'] - 1) < 0.02"

# towards another model: its loss is at 1, and the barrier has an error
draws between line --to 1/checkpoint.safetensors
"$landscape" --checkpoint 1/checkpoint.safetensors --data synthetic:200 --images 40 --threads 1 --grid=0:0:1 --no-figures \
    --out other >out 2>error
holds between.json "abs(d['x'][20] - 1) < 1e-12 and d['x'][0] == -0.25 and d['x'][24] == 1.25"
python3 - <<'CHECK' || fail "the loss of the other model, or the barrier"
import json
d, other = json.load(open("between.json")), json.load(open("other.json"))
b, x, y = d["metadata"]["barrier"], d["x"], d["loss"][0]
assert abs(y[20] - other["centre"]["loss"]) < 1e-5
heights = {t: v - ((1 - t) * b["loss_from"] + t * b["loss_to"]) for t, v in zip(x, y) if 0 < t < 1 - 1e-9}
best = max(heights, key=heights.get)
assert b["at"] == best and abs(b["height"] - heights[best]) < 1e-6 and 0 < b["standard_error"] < 0.2 * abs(b["height"]) + 0.1
assert [m["name"] for m in d["metadata"]["marks"]] == ["θ", "θ′"] and d["metadata"]["marks"][1]["source"] == "1/checkpoint.safetensors"
CHECK
grep -q '^barrier .* +- .* at x = ' between.out || fail "the barrier is not printed"
draws beside plane --to 1/checkpoint.safetensors --dimensions 2 --grid=0:1:3
holds beside.json "abs(d['geometry']['delta_dot_eta']) < 1e-4 * d['geometry']['delta_norm'] * d['geometry']['eta_norm']"
cp between.json whole.json
draws between line --to 1/checkpoint.safetensors --resume
cmp between.json whole.json || fail "a line that was complete is resumed as another one"

# through three models: the third is where its mark says
draws three plane --to 1/checkpoint.safetensors --to2 2/checkpoint.safetensors --grid=0:1:3
x="$(json three.json "m['marks'][2]['x']")" y="$(json three.json "m['marks'][2]['y']")"
drawn=("${figures[@]}") figures=()
draws third plane --to 1/checkpoint.safetensors --to2 2/checkpoint.safetensors "--grid=x:$x:$x:1,y:$y:$y:1" # one point: no figure
figures=("${drawn[@]}")
"$landscape" --checkpoint 2/checkpoint.safetensors --data synthetic:200 --images 40 --threads 1 --grid=0:0:1 --no-figures \
    --out other >out 2>error
[[ "$(json third.json "round(d['loss'][0][0], 4)")" == "$(json other.json "round(d['loss'][0][0], 4)")" ]] ||
    fail "the third model is not where its mark is"
draws around plane --to 1/checkpoint.safetensors --to2 2/checkpoint.safetensors
holds around.json "d['x'][0] < min(0, $x) and d['x'][-1] > 1 and d['y'][-1] > $y"

# the way of a training
draws way plane --trajectory 0/epochs
holds way.json "[p['name'] for p in m['path']] == ['epoch 0', 'epoch 1', 'epoch 2', 'epoch 3', 'θ']"
holds way.json "m['explained'][0] > m['explained'][1] > 0 and sum(m['explained']) <= 1 + 1e-9"
holds way.json "abs(m['path'][0]['x'] ** 2 + m['path'][0]['y'] ** 2) <= 1 + 1e-6 and m['path'][0]['x'] > 0"
draws straight line --trajectory 0/epochs --dimensions 1
[[ "$(json straight.json "m['path'][1]['x'] == json.load(open('way.json'))['metadata']['path'][1]['x']")" == True ]] ||
    fail "the first direction of the way"
"$landscape" --checkpoint 0/checkpoint.safetensors --data synthetic:200 --images 40 --threads 1 --trajectory 0/epochs --dimensions 3 --grid=0:1:2 \
    --no-figures --out solid >out 2>error || { fail "a volume around the way" && cat error; }
holds solid.json "len(m['explained']) == 3 and m['explained'][2] > 0 and m['path'][-1]['z'] == 0"
holds solid.json "0 < abs(m['path'][0]['z']) < 1 and [p['y'] for p in m['path']] == [p['y'] for p in json.load(open('way.json'))['metadata']['path']]"

# a curve has no higher barrier than the straight line
draws curve line --to 1/checkpoint.safetensors --curve bezier --curve-steps 60 --curve-rate 3e-3
python3 - <<'CHECK' || fail "the barrier of a curve"
import json
straight, curve = (json.load(open(name + ".json"))["metadata"]["barrier"] for name in ("between", "curve"))
assert curve["height"] < straight["height"], (curve, straight)
assert abs(curve["loss_to"] - straight["loss_to"]) < 1e-5
CHECK
draws bent plane --to 1/checkpoint.safetensors --curve chain --curve-steps 10 --dimensions 2
holds bent.json "len(m['path']) == 21 and abs(m['path'][20]['x'] - 1) < 1e-6"

# aligned: the same function, closer; a control in random order; and what was only reordered is recovered exactly
if "$landscape" "${look[@]}" --to 1/checkpoint.safetensors --align --grid=0:1:5 --no-figures --out tried >out 2>error; then
    draws unaligned line --to 1/checkpoint.safetensors --grid=0:1:5
    draws both line --to 1/checkpoint.safetensors --grid=0:1:5 --align --save-aligned 1/aligned.safetensors
    for ending in json npy csv; do cmp "unaligned.$ending" "both.$ending" || fail "--align changes the line itself"; done
    for ending in "${figures[@]}"; do [[ -s "both_aligned_line.$ending" ]] || fail "no both_aligned_line.$ending"; done
    grep -q '^θ′ aligned: barrier .* +- .* lower by .* +- ' both.out || fail "the aligned barrier is not printed"
    grep -q '^θ′ in random order: barrier .* +- ' both.out || fail "the control is not printed"
    python3 - <<'CHECK' || fail "the line to an aligned model"
import json
d, a, r = (json.load(open(name + ".json")) for name in ("both", "both_aligned", "both_random"))
for other in (a, r):
    assert all(abs(other["loss"][0][i] - d["loss"][0][i]) < 1e-5 for i in (0, 4))
    b, m = d["metadata"]["barrier"], other["metadata"]["barrier"]
    assert abs(b["height"] - m["height"] - m["lower_by"]) < 1e-6 and m["lower_by_standard_error"] > 0
    assert other["metadata"]["length_before"] == d["metadata"]["length"]
assert a["metadata"]["length"] < d["metadata"]["length"] and a["metadata"]["length"] < r["metadata"]["length"]
assert (a["metadata"]["order"], r["metadata"]["order"]) == ("aligned", "random")
CHECK
    cp both_aligned.json whole.json
    draws both line --to 1/checkpoint.safetensors --grid=0:1:5 --align --resume
    cmp both_aligned.json whole.json || fail "an aligned line that was complete is resumed as another one"
    # the aligned file is the same model, and aligning it again with the first one finds that nothing is left to do
    "$landscape" --checkpoint 1/aligned.safetensors --data synthetic:200 --images 40 --threads 1 --grid=0:0:1 --no-figures \
        --out reordered >out 2>error
    holds reordered.json "abs(d['loss'][0][0] - json.load(open('both.json'))['loss'][0][4]) < 1e-5"
    "$landscape" --checkpoint 1/checkpoint.safetensors --to 1/aligned.safetensors --align --data synthetic:200 --images 40 \
        --threads 1 --grid=0:1:3 --no-figures --out itself >itself.out 2>error
    grep -q '^θ′ aligned: it is θ' itself.out || fail "a reordered model is not recovered"
    holds itself.json "m['barrier']['height'] > 0"
else
    grep -q 'libdlib-dev' error || fail "--align: $(cat error)"
fi

# a part of the parameters: the others stay, the parts' squared lengths add up
for part in encoder decoder; do
    draws "$part" plane --grid=-1:1:3 --seed 3 --only "$part" --save-directions "$part.safetensors"
done
draws all plane --grid=-1:1:3 --seed 3
holds all.json "abs(sum(json.load(open(p + '.json'))['geometry']['delta_norm'] ** 2 for p in ('encoder', 'decoder')) / d['geometry']['delta_norm'] ** 2 - 1) < 1e-5"
draws block plane --grid=-1:1:3 --only 'blocks.0.*' --only norm.weight
holds block.json "m['only'] == ['blocks.0.*', 'norm.weight']"
draws part plane --along eigenvectors --grid=-0.01:0.01:3 --only 'blocks.0.mlp.*' --lanczos-steps 200
holds part.json "m['eigenpairs'][0]['value'] <= json.load(open('ends.json'))['metadata']['eigenpairs'][0]['value'] * 1.001"

# bad ones
"$pretrain" "${model[@]}" --epochs 1 --width 24 --heads 3 --out wide >out 2>error
mkdir none one
cp 0/epochs/epoch-00001.safetensors one
refuses_with() { local words="$1"; shift; refuses "$words" "$landscape" "${look[@]}" --grid=-1:1:3 --no-figures --out refused "$@"; }
refuses_with 'shape' --to wide/checkpoint.safetensors
refuses_with 'give no direction' --to 0/checkpoint.safetensors
refuses_with 'lie on a line' --to 1/checkpoint.safetensors --to2 1/checkpoint.safetensors
refuses_with 'another training than --checkpoint' --trajectory 1/epochs
refuses_with 'has 0 checkpoints' --trajectory none
refuses_with 'has 1 checkpoints' --trajectory one
refuses_with "called 'bloks.*'" --only 'bloks.*'
refuses_with 'does not move' --only 'norm.*'
refuses_with 'between whole models' --to 1/checkpoint.safetensors --align --only 'blocks.0.*'
refuses_with 'would both write' --to 1/checkpoint.safetensors --align --save-aligned refused_aligned.json
refuses_with 'is of a plane' --to 1/checkpoint.safetensors --grid=x:0:1:3,y:0:1:3
[[ ! -e refused.json ]] || fail "a refused surface was written"
((failed == 0)) && echo "surfaces along directions of every kind"
