#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: published.sh PRETRAIN LANDSCAPE CURVATURE COMPARE, beside which lies export
# Models of PyTorch's libraries, written by them with random weights, have here the loss that they have there, and models from
# here have the same loss there: to 1e-5; so have whole surfaces of two of them, point by point, against the formulas of Li et al. in
# PyTorch on the directions saved here. Skipped where a Python with torch, timm and transformers is not found.
# With PUBLISHED_PHOTOS=FOLDER also ViT-B/16 and ViT-L/16 on eight photos of that folder.
set -euo pipefail

pretrain="$1" landscape="$2" compare="$4" export="$(dirname "$2")/export"
here="$(dirname "${BASH_SOURCE[0]}")"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
source "$here/../support/programs.sh"
export OMP_WAIT_POLICY=passive TRANSFORMERS_VERBOSITY=error TRANSFORMERS_OFFLINE=1
peer() { python3 "$here/../support/published_models.py" "$@"; }

photos="${PUBLISHED_PHOTOS:-}"
status=0
peer write "$folder" ${photos:+--large} >"$folder/models" 2>"$folder/error" || status=$?
if ((status == 77)); then
    cat "$folder/models"
    exit 77
fi
((status == 0)) || { cat "$folder/error" && exit 1; }

# equal NAME OURS THEIRS: to 1e-5 of the value
equal() {
    awk -v a="$2" -v b="$3" -v name="$1" 'BEGIN {
        far = (a - b) / b; if (far < 0) far = -far
        printf "%-18s here %.7g there %.7g relative difference %.1e\n", name, a, b, far
        exit !(b == b && far < 1e-5) }' || { echo "FAILED: $1" && failed=1; }
}
point=(--grid=0:0:1 --no-figures --precision float --save-inputs "$folder/inputs" --out "$folder/surface")
centre() { sed -n 's/.*"centre": {"loss":\([^,]*\),.*/\1/p' "$folder/surface.json"; }

while read -r name file options; do
    [[ "$name" != huggingface_dinov2 ]] || continue  # without a head, below
    case "$name" in
        *_base | *_large) of=(--data "folder:$photos" --images 8) ;;
        mae* | rc_mae | *_mae) of=(--data synthetic:40 --images 20) ;;
        *) of=(--data "folder:$folder/images" --images 10) ;;  # of five classes
    esac
    [[ "$options" != - ]] || options=
    if "$landscape" --checkpoint "$file" ${options:+$options} "${of[@]}" "${point[@]}" >"$folder/log" 2>&1; then
        grep "family" "$folder/log"
        equal "$name" "$(centre)" "$(peer loss "$name" "$folder/inputs")"
    else
        cat "$folder/log" && failed=1
    fi
done <"$folder/models"

# whole surfaces
for name in finetuned mae; do
    of=(--data synthetic:40 --images 20)
    [[ $name == mae ]] || of=(--data "folder:$folder/images" --images 10)
    "$landscape" --checkpoint "$folder/$name.pth" "${of[@]}" --grid=x:-1:1:5,y:-0.5:1:4 --precision float --no-figures --seed 5 \
        --save-inputs "$folder/inputs" --save-directions "$folder/directions.safetensors" --out "$folder/surface" >"$folder/log" 2>&1 ||
        { cat "$folder/log" && failed=1; }
    read -r difference unnormalized range <<<"$(peer surface $name "$folder/inputs" "$folder/directions.safetensors" "$folder/surface.json")"
    echo "$name, 20 points: largest relative difference $difference, of filter norms $unnormalized; largest loss over least $range"
    awk -v a="$difference" -v b="$unnormalized" -v r="$range" 'BEGIN { exit !(a < 1e-5 && b < 1e-5 && r > 1.05) }' ||
        { echo "FAILED: the surface of $name" && failed=1; }
done

# classes by name: the head's outputs are in another order than the folders
printf '%s\n' e d c b a >"$folder/classes"
"$landscape" --checkpoint "$folder/timm.safetensors" --classes "$folder/classes" --data "folder:$folder/images" --images 10 \
    "${point[@]}" >"$folder/log" 2>&1
[[ "$(peer labels "$folder/inputs")" == 4* ]] || { echo "FAILED: the first folder is the last output" && failed=1; }
equal "timm, by name" "$(centre)" "$(peer loss timm "$folder/inputs")"
printf '%s\n' e d c b >"$folder/classes"
refuses 'names 4 classes, the head of' "$landscape" --checkpoint "$folder/timm.safetensors" --classes "$folder/classes" \
    --data "folder:$folder/images" --images 10 "${point[@]}"
refuses 'has 5 classes without names' "$landscape" --checkpoint "$folder/timm.safetensors" --data synthetic:40 --images 10 "${point[@]}"

# an encoder alone has no loss, and is a start
for file in encoder.pth huggingface_dinov2/model.safetensors; do
    refuses 'holds an encoder without decoder and head' "$landscape" --checkpoint "$folder/$file" --data synthetic:40 --images 10 "${point[@]}"
    refuses 'holds an encoder without decoder and head' "$compare" --given "a=$folder/$file" --data synthetic:40 --out "$folder/none"
done
"$pretrain" --method supervised --image 32 --patch 8 --width 64 --depth 2 --heads 1 --data synthetic:40 --batch 20 --epochs 1 \
    --init "$folder/encoder.pth" --out "$folder/tuned" >/dev/null 2>"$folder/log"
grep -q 'starting with 29 of 31 parameters' "$folder/log" || { cat "$folder/log" && failed=1; }

# and back
small=(--image 16 --patch 4 --width 16 --depth 2 --heads 2 --data synthetic:40 --batch 20 --epochs 1)
"$pretrain" --method rc-mae "${small[@]}" --decoder-width 8 --decoder-heads 2 --out "$folder/ours" >/dev/null 2>&1
"$export" --checkpoint "$folder/ours/checkpoint.safetensors" --names huggingface --out "$folder/exported" >/dev/null
"$landscape" --checkpoint "$folder/exported/model.safetensors" --data synthetic:40 --images 20 "${point[@]}" >/dev/null 2>&1
equal "exported" "$(centre)" "$(peer read "$folder/exported" "$folder/inputs")"
"$pretrain" --method supervised "${small[@]}" --out "$folder/classifier" >/dev/null 2>&1
"$landscape" --checkpoint "$folder/classifier/checkpoint.safetensors" --data synthetic:40 --images 20 "${point[@]}" >/dev/null 2>&1
for names in timm huggingface; do
    "$export" --checkpoint "$folder/classifier/checkpoint.safetensors" --names $names --out "$folder/exported_$names" >/dev/null
done
equal "exported to timm" "$(centre)" "$(peer timm "$folder/exported_timm" "$folder/inputs" 10)"
equal "exported ViT" "$(centre)" "$(peer read "$folder/exported_huggingface" "$folder/inputs")"
((failed == 0)) && echo "the same losses"
