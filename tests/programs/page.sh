#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: page.sh PRETRAIN LANDSCAPE
# The page of a plane, of the line to another model and of a run without gnuplot: what was drawn is in it, it loads nothing, it
# names its command, which makes the same page again, and a resumed run writes it as well.
set -euo pipefail

pretrain="$1" landscape="$2"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for seed in 0 1; do
    "$pretrain" --method mae --data synthetic:64 --image 16 --patch 4 --width 16 --depth 1 --heads 2 --decoder-width 8 \
        --decoder-heads 2 --batch 16 --threads 1 --epochs 1 --seed "$seed" --out "run $seed" >out 2>error
done
has() { grep -qF -- "$2" "$1" || { echo "FAILED: $1 does not say: $2" && exit 1; }; }
lacks() { ! grep -qF -- "$2" "$1" || { echo "FAILED: $1 says: $2" && exit 1; }; }
pictures() { grep -o 'src="data:image' "$1" | wc -l; }
map=("$landscape" --checkpoint "run 0/checkpoint.safetensors" --data synthetic:64 --images 16 --threads 1 --page)

"${map[@]}" --grid=-1:1:5 --seed 3 --minima --out plane >out 2>error
has out 'wrote plane_page.html'
for text in "Numbers" "Loss at the centre" "±" "How far this goes" "another --seed gives another picture" "plane_contour.svg" \
    "--checkpoint &#39;run 0/checkpoint.safetensors&#39;" "<dt>normalization</dt>" "Local minima"; do
    has plane_page.html "$text"
done
for text in 'http://' 'https://' '<script'; do lacks plane_page.html "$text"; done
if command -v gnuplot >/dev/null; then
    [[ "$(pictures plane_page.html)" -ge 2 ]] || { echo "FAILED: no pictures" && exit 1; }
fi
cp plane_page.html first.html
"${map[@]}" --grid=-1:1:5 --seed 3 --minima --out plane >out 2>error
cmp first.html plane_page.html
rm plane_page.html
"${map[@]}" --grid=-1:1:5 --seed 3 --minima --resume --out plane >out 2>error
has plane_page.html 'Loss at the centre'

"${map[@]}" --to "run 1/checkpoint.safetensors" --grid=0:1:5 --out line >out 2>error
for text in "Barrier between the two models" "run 1/checkpoint.safetensors" "chosen by models"; do has line_page.html "$text"; done

mkdir empty
PATH="$folder/empty" "${map[@]}" --grid=-1:1:3 --out bare >out 2>error
has bare_page.html 'gnuplot was not found'
has bare_page.html 'Loss at the centre'
[[ "$(pictures bare_page.html)" == 0 ]]
"${map[@]}" --grid=-1:1:3 --no-figures --out bare >out 2>error
has bare_page.html '--no-figures was given'
# a page may not be an input
ln -s "../run 0/checkpoint.safetensors" empty/a_page.html
if "${map[@]}" --grid=-1:1:3 --out empty/a >out 2>error; then echo "FAILED: the checkpoint was overwritten" && exit 1; fi
has error 'would overwrite'
echo "pages of a plane, a line and without gnuplot"
