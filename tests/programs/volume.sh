#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: volume.sh PRETRAIN LANDSCAPE
# Volumes: the same by any number of threads, their layer at gamma = 0 is the plane of the same options, saved directions give
# the same volume again, and one that is stopped goes on to the same file.
set -euo pipefail

pretrain="$1" landscape="$2"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$pretrain" --method mae --data synthetic:64 --image 16 --patch 4 --width 16 --depth 1 --heads 2 --decoder-width 8 \
    --decoder-heads 2 --batch 16 --threads 1 --epochs 1 --out run >out 2>error
map=("$landscape" --checkpoint run/checkpoint.safetensors --data synthetic:64 --images 16 --seed 3)
three=(--dimensions 3 --grid=x:-1:1:5,y:-1:1:4,z:-1:1:3)
has() { grep -qF -- "$2" "$1" || { echo "FAILED: $1 does not say: $2" && exit 1; }; }
# the computed points of the layer z = 0, as a surface's file has them
layer() { awk -F, -v OFS=, 'NR == 1 || $3 == 0 { print $1, $2, $4, $5, $6 }' "$1"; }

"${map[@]}" "${three[@]}" --threads 1 --formats npy,csv,vts --page --save-directions d.safetensors --out one >out 2>error
for file in one.json one.npy one.csv one.vts one_page.html d.safetensors; do
    [[ -s "$file" ]] && has out "wrote $file"
done
if command -v gnuplot >/dev/null; then [[ -s one_slices.png ]] && has out 'wrote one_slices.svg'; fi
has one_page.html 'Loss at the centre'
has one_page.html '<dt>gamma</dt>'
has one.vts 'WholeExtent="0 4 0 3 0 2"'
[[ "$(wc -l <one.csv)" == 61 ]]
"${map[@]}" "${three[@]}" --threads 2 --no-figures --out two >out 2>error
cmp one.json two.json
"${map[@]}" "${three[@]}" --threads 1 --no-figures --directions d.safetensors --out again >out 2>error
cmp one.npy again.npy
for options in "" "--along gradient" "--orthogonal" "--only encoder"; do
    # shellcheck disable=SC2086
    "${map[@]}" $options --grid=x:-1:1:5,y:-1:1:4 --no-figures --out plane >out 2>error
    # shellcheck disable=SC2086
    "${map[@]}" $options "${three[@]}" --no-figures --out solid >out 2>error
    cmp plane.csv <(layer solid.csv) || { echo "FAILED: another plane with '$options'" && exit 1; }
    ! cmp -s <(awk -F, '$3 == 0' solid.csv | cut -d, -f4) <(awk -F, '$3 == 1' solid.csv | cut -d, -f4)
done
"${map[@]}" "${three[@]}" --along eigenvectors --no-figures --out extreme >out 2>error
[[ "$(grep -c '^eigenvalue' out)" == 3 ]]

# more numbers than the loss: those of the plane at gamma = 0, and of the model at the centre
numbers=(--measure weights,gradient)
"${map[@]}" "${numbers[@]}" --grid=x:-1:1:5,y:-1:1:4 --no-figures --out plane >out 2>error
"${map[@]}" "${numbers[@]}" "${three[@]}" --formats npy,csv,vts --page --out solid >out 2>error
has error 'points'
has out 'gradient_norm at the centre'
cmp plane.csv <(awk -F, -v OFS=, 'NR == 1 || $3 == 0 { print $1, $2, $4, $5, $6, $7, $8 }' solid.csv) ||
    { echo "FAILED: other numbers than the plane's" && exit 1; }
[[ "$(head -n 1 solid.csv)" == x,y,z,loss,standard_error,difference_standard_error,gradient_norm,weight_norm ]]
for file in solid_gradient_norm.npy solid_weight_norm.npy; do [[ -s "$file" ]] && has out "wrote $file"; done
has solid.vts 'Name="gradient_norm"'
has solid_page.html 'norm of the gradient'
if command -v gnuplot >/dev/null; then [[ -s solid_slices_gradient_norm.svg ]]; fi
cp solid.json before.json
"${map[@]}" "${numbers[@]}" "${three[@]}" --no-figures --resume --out solid >out 2>error
cmp before.json solid.json
if "${map[@]}" "${three[@]}" --no-figures --resume --out solid >out 2>error; then
    echo "FAILED: a volume with other numbers was resumed" && exit 1
fi
has error 'has other numbers at its points'

# stopped by Ctrl-C
"${map[@]}" --dimensions 3 --grid=-1:1:15 --no-figures --out whole >out 2>error
"${map[@]}" --dimensions 3 --grid=-1:1:15 --no-figures --out part >out 2>error &
process=$!
while kill -0 "$process" 2>/dev/null && ! grep -q 'directions' error; do sleep 0.01; done
sleep 0.1
kill -INT "$process"
status=0
wait "$process" || status=$?
[[ "$status" == 130 ]] && has error 'stopped after'
has part.json 'false'
"${map[@]}" --dimensions 3 --grid=-1:1:15 --no-figures --resume --out part >out 2>error
cmp part.json whole.json
if "${map[@]}" --dimensions 3 --grid=-1:1:13 --no-figures --resume --out part >out 2>error; then
    echo "FAILED: another grid was completed" && exit 1
fi
has error 'the volume to resume has 15 x 15 x 15 points'
"${map[@]}" --grid=-1:1:3 --no-figures --out flat >out 2>error
if "${map[@]}" --dimensions 3 --no-figures --resume --out flat >out 2>error; then
    echo "FAILED: a plane was completed to a volume" && exit 1
fi
has error 'no volume'
echo "volumes: the same by threads, as planes and after a stop"
