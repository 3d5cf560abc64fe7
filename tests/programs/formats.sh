#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: formats.sh PRETRAIN LANDSCAPE
# A surface in each format that this build has: the files are there and named, no others are, and those of JSON, NumPy and
# CSV are the same as without the other formats. Directions as HDF5 give the same surface again. The curves for TensorBoard lie
# beside the log. Where the build has no HDF5, that is said at once.
set -euo pipefail

pretrain="$1" landscape="$2"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
train=("$pretrain" --method mae --data synthetic:64 --image 16 --patch 4 --width 16 --depth 1 --heads 2 --decoder-width 8
    --decoder-heads 2 --batch 16 --threads 1 --epochs 2 --out run)
"${train[@]}" --tensorboard >out 2>error
curves=(run/events.out.tfevents.*)
[[ "${#curves[@]}" == 1 && -s "${curves[0]}" ]] && grep -q "${curves[0]}" out || { echo "FAILED: no curves" && exit 1; }
"${train[@]}" --resume >out 2>error
[[ "$(ls run)" == "$(printf '%s\n' checkpoint.json checkpoint.safetensors "$(basename "${curves[0]}")" log.jsonl)" ]] ||
    { echo "FAILED: other files" && ls run && exit 1; }

map=("$landscape" --checkpoint run/checkpoint.safetensors --data synthetic:64 --images 16 --threads 1 --grid=x:-1:1:5,y:0:1:3
    --seed 3 --no-figures)
"${map[@]}" --out plain >out 2>error
formats=csv,vts,obj,npy
status=0
"${map[@]}" --formats h5 --out a >out 2>error || status=$?
if ((status == 0)); then
    formats+=,h5
    [[ "$(ls a.*)" == "$(printf '%s\n' a.h5 a.json)" ]] || { echo "FAILED: other files" && ls && exit 1; }
    cmp a.json plain.json
    [[ "$(head -c 4 a.h5 | tail -c 3)" == HDF ]]
    "${map[@]}" --save-directions d.h5 --out b >out 2>error
    grep -q 'wrote d.h5' out
    "${map[@]}" --directions d.h5 --out c >out 2>error
    cmp b.npy c.npy
    printf 'no HDF5' >bad.h5
    if "${map[@]}" --directions bad.h5 --out d >out 2>error; then echo "FAILED: bad.h5 was read" && exit 1; fi
    grep -q 'bad.h5 is not an HDF5 file' error
else
    grep -q 'libhdf5-dev' error
    for option in --save-directions --directions; do
        touch d.h5
        if "${map[@]}" "$option" d.h5 --out a >out 2>error; then echo "FAILED: no HDF5 is missing" && exit 1; fi
        grep -q 'libhdf5-dev' error
    done
    [[ -z "$(ls a.* 2>/dev/null)" ]] || { echo "FAILED: something was written" && ls && exit 1; }
fi
"${map[@]}" --formats "$formats" --out all >out 2>error
for ending in json ${formats//,/ }; do
    [[ -s "all.$ending" ]] && grep -q "all.$ending" out || { echo "FAILED: no all.$ending, or not named" && exit 1; }
done
for ending in json npy csv; do cmp "all.$ending" "plain.$ending"; done
grep -q 'WholeExtent="0 4 0 2 0 0"' all.vts
[[ "$(grep -c '^v ' all.obj) $(grep -c '^f ' all.obj)" == "15 8" ]]
"${map[@]}" --formats "$formats" --resume --out all >out 2>error
cmp all.json plain.json
echo "surfaces in ${formats//,/, } and json"
