#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: adaptive.sh PRETRAIN LANDSCAPE
# A surface by refinement in place of a grid: what it states is true of its files, no interpolated number is among the computed
# ones, a stop on the way changes nothing, and what needs a grid is refused.
set -euo pipefail

pretrain="$1" landscape="$2"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
cd "$folder"
need_python

"$pretrain" --method mae --data synthetic:64 --image 16 --patch 4 --width 16 --depth 1 --heads 2 --decoder-width 8 \
    --decoder-heads 2 --batch 16 --threads 1 --epochs 2 --out run >out 2>error
map=("$landscape" --checkpoint run/checkpoint.safetensors --data synthetic:64 --images 16 --seed 3 --grid=-1:1:17)
refine=("${map[@]}" --tolerance 0.01 --held-out 20)
"${refine[@]}" --threads 1 --out one >out 2>error
[[ "$(ls one* | grep -vE 'png|svg')" == "$(printf '%s\n' one_adaptive.csv one_adaptive.json one_interpolated.npy one_interpolated_computed.npy)" ]] ||
    fail "other files: $(ls one*)"
python3 - <<'CHECK' || fail "the files do not hold what is said"
import json, re, struct
d, said = json.load(open("one_adaptive.json")), open("out").read()
points, held_out = d["points"], [p for p in d["points"] if p[5]]
assert d["bounded"] == ("tolerance 0.01 met" in said) == (d["error"]["largest"] <= 0.01), said
assert f"{len(points) - len(held_out)} points and {len(held_out)} held-out ones" in said, said
assert "of the 289 of the grid" in said and "with 95 % confidence" in said, said
assert len(held_out) % 20 == 0 and d["metadata"]["directions"] == "gaussian"
rows = open("one_adaptive.csv").read().split()
assert len(rows) == 1 + len(points) and rows[0].endswith(",held_out")
assert sum(row.endswith(",1") for row in rows) == len(held_out)
def npy(name):  # the numbers behind the header of an array of 17 x 17
    data = open(name, "rb").read()
    header = data[10:10 + struct.unpack("<H", data[8:10])[0]].decode()
    assert "(17, 17)" in header, header
    size, form = (8, "<d") if "f8" in header else (1, "<B")
    start = 10 + struct.unpack("<H", data[8:10])[0]
    return [struct.unpack(form, data[start + i * size:start + (i + 1) * size])[0] for i in range(289)]
loss, computed = npy("one_interpolated.npy"), npy("one_interpolated_computed.npy")
known = {(p[0], p[1]): p[2] for p in points}
marked = 0
for i in range(289):
    x, y = -1 + (i % 17) / 8, -1 + (i // 17) / 8
    assert (computed[i] == 1) == ((x, y) in known), (x, y)
    if computed[i]:
        marked += 1
        assert loss[i] == known[x, y]
assert 25 <= marked <= 289
CHECK
if command -v gnuplot >/dev/null; then [[ -s one_adaptive_contour.png && -s one_adaptive_contour.svg ]] || fail "no figures"; fi
"${refine[@]}" --threads 2 --no-figures --out two >out 2>error
cmp one_adaptive.json two_adaptive.json || fail "threads change the points"
# from a part of the points, as a kill leaves it, to the same ones
"${map[@]}" --tolerance 0.5 --held-out 20 --threads 1 --no-figures --out part >out 2>error
"${refine[@]}" --threads 1 --no-figures --resume --out part >out 2>error
python3 - <<'CHECK' || fail "resumed to other points"
import json
one, part = json.load(open("one_adaptive.json")), json.load(open("part_adaptive.json"))
assert {tuple(p) for p in one["points"]} <= {tuple(p) for p in part["points"]}
CHECK
# where points run out
"${map[@]}" --tolerance 1e-7 --most-points 90 --held-out 20 --threads 1 --no-figures --formats json --out few >out 2>error
grep -q 'tolerance 1e-07 NOT met: the interpolation is wrong by' out || fail "a bound that is not there: $(cat out)"
grep -q -- '--most-points gives more' out || fail "no remedy"
[[ "$(ls few*)" == few_adaptive.json ]] || fail "other files: $(ls few*)"
# along a line
"${map[@]}" --dimensions 1 --grid=-1:1:33 --tolerance 0.005 --threads 1 --out line >out 2>error
grep -q 'of the 33 of the grid' out || fail "a line: $(cat out)"
if command -v gnuplot >/dev/null; then [[ -s line_adaptive_line.png ]] || fail "no figure of a line"; fi
refuses "--measure needs a grid" "${refine[@]}" --measure weights --out refused
refuses "--minima needs a grid" "${refine[@]}" --minima --out refused
refuses "--formats vts holds a grid" "${refine[@]}" --formats vts --out refused
refuses "--tolerance takes" "${map[@]}" --tolerance -1 --out refused
refuses "allow more" "${refine[@]}" --most-points 9 --out refused
[[ -z "$(ls refused* 2>/dev/null | grep -v lock)" ]] || fail "a refused request wrote $(ls refused*)"
((failed == 0)) || exit 1
echo "a refined surface: what is stated holds"
