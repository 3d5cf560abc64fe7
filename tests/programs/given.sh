#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: given.sh PRETRAIN LANDSCAPE CURVATURE COMPARE, beside which lies export
# Weights that a comparison trained, exported and given to another one, have there the numbers that they had: losses, surfaces,
# probes. Nothing is trained for them, no claim is tested with them, and a file that changed is refused.
set -euo pipefail

compare="$4" export="$(dirname "$4")/export"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
export OMP_WAIT_POLICY=passive
model=(--image 16 --patch 4 --width 16 --depth 1 --heads 2 --decoder-width 8 --decoder-heads 2)
study=(--data synthetic:200 --test-data synthetic:60 --batch 40 --lr 1e-3 --epochs 2 --probe-epochs 4 --pairs 1 --rays 2 --mask-draws 1
    --grid 3 --convex-planes 1 --convex-rays 4 --images 32 --curvature-images 16 --convex-images 8 --test-images 40 --lanczos-steps 8
    --trace-samples 2 --threads 1 --no-figures)

"$compare" "${study[@]}" "${model[@]}" --methods mae,rc-mae,supervised --seeds 1 --out "$folder/trained" >/dev/null 2>"$folder/log"
at() { echo "$folder/trained/$1/seed-0/checkpoint.safetensors"; }
"$export" --checkpoint "$(at mae)" --names timm --out "$folder/exported" >/dev/null
file="$folder/exported/a,b.safetensors"  # a name may have a comma
mv "$folder/exported/model.safetensors" "$file"

# given alone: images are as the first model says, and nothing is trained
given=("${study[@]}" --seeds 3 --given "back=$file,heads=2,decoder-heads=2" --given "taught=$(at rc-mae)" --given "head=$(at supervised)")
"$compare" "${given[@]}" --out "$folder/given" >"$folder/summary" 2>"$folder/log"
grep -q 'back: a,b.safetensors: family mae .* pixels of mean 0.485, 0.456, 0.406 and deviation 0.229, 0.224, 0.225' "$folder/log" ||
    { echo "FAILED: it is not said what the file was taken for" && cat "$folder/log" && failed=1; }
! grep -q 'training for' "$folder/log" || { echo "FAILED: something was trained" && failed=1; }
grep -q 'back (given): .* of measures from the first seed' "$folder/log"
grep -q 'back (given) is a given model, one set of weights: no claim is tested with it' "$folder/summary"
bash "$(dirname "$0")/../../scripts/check_report.sh" "$folder/given/report.html"
grep -q '"checksum": "xxh3-64:' "$folder/given/plan.json"

# part STUDY METHOD SEED RESULT: one entry of results.json
part() { awk -v start=" \"$4\":" '/^ "/ { on = index($0, start) == 1 } on { sub(/,$/, ""); print }' "$folder/$1/$2/seed-$3/results.json"; }
same() {
    local name="$3"
    [[ -n "$1" && "$1" == "$2" ]] || { echo "FAILED: $name differs" && diff <(echo "$1") <(echo "$2") | head -5 && failed=1; }
}
while read -r name method; do
    for result in training.eigenvalues training.trace training.spectrum training.half_gain training.surface-0 training.convex-0 \
        training.adaptive_sharpness training.weight_noise rounding robustness probe; do
        same "$(part trained "$method" 0 "$result")" "$(part given "$name" 0 "$result")" "$result of $name"
        [[ "$result" != training.* ]] ||
            same "$(part given "$name" 0 "$result")" "$(part given "$name" 2 "$result")" "$result of $name with another seed"
    done
    solution() { part "$1" "$2" 0 solution | grep -E '^  "(loss|trivial_loss|gradient_norm)"'; }
    same "$(solution trained "$method")" "$(solution given "$name")" "the solution of $name"
done <<'NAMES'
back mae
taught rc-mae
head supervised
NAMES
same "$(part trained rc-mae 0 total.trace)" "$(part given taught 0 total.trace)" "the total loss"
cmp "$folder/trained/mae/seed-0/training-surface-0.npy" "$folder/given/back/seed-0/training-surface-0.npy" || failed=1

# a finished study is not done again; the same file under the same name is asked for
"$compare" "${given[@]}" --resume --out "$folder/given" >/dev/null 2>"$folder/log"
! grep -qE 'linear probes|reading' "$folder/log" || { echo "FAILED: work was repeated" && failed=1; }
cp "$(at mae)" "$folder/kept" && cp "$file" "$folder/exported/kept"
"$export" --checkpoint "$(at rc-mae)" --names timm --out "$folder/exported" >/dev/null
mv "$folder/exported/model.safetensors" "$file"
before="$(find "$folder/given" -type f ! -name lock -exec cksum {} + | sort)"
refuses '/methods/back/given/checksum was "xxh3-64:' "$compare" "${given[@]}" --resume --out "$folder/given"
refuses '/methods/back/given/checksum was "xxh3-64:' "$compare" "${given[@]}" --report-only --out "$folder/given"
[[ "$before" == "$(find "$folder/given" -type f ! -name lock -exec cksum {} + | sort)" ]] || { echo "FAILED: a file changed" && failed=1; }

# beside what is trained: the paper's claims name the model, and none is judged with it
"$compare" "${study[@]}" "${model[@]}" --methods rc-mae --seeds 3 --given "mae=$(at mae)" --out "$folder/beside" >"$folder/summary" 2>"$folder/log"
grep -q 'not judged: An EMA teacher widens the minimum' "$folder/summary" || { echo "FAILED: a claim" && cat "$folder/summary" && failed=1; }
! grep -qE '^(supported|contradicted|inconclusive|measured): ' "$folder/summary" || { echo "FAILED: a claim was judged" && failed=1; }
grep -q 'there are no trainings to test it over (mae (given): given, one set of weights' "$folder/beside/report.json"
bash "$(dirname "$0")/../../scripts/check_report.sh" "$folder/beside/report.html"
refuses 'images of 16 pixels, here 32, patches of 4 pixels, here 8; give --image 16 --patch 4, or leave the model out, or add ,image=32' \
    "$compare" "${study[@]}" "${model[@]}" --image 32 --patch 8 --methods mae --given "back=$folder/exported/kept,heads=2,decoder-heads=2" --out "$folder/no"
for set in data test; do
    mkdir -p "$folder/$set"/{one,two}
    for i in $(seq 50); do
        base64 -d <<<'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==' |
            tee "$folder/$set/one/$i.png" >"$folder/$set/two/$i.png"
    done
done
refuses 'has a head of 10 classes, folder:' "$compare" "${study[@]}" --given "head=$(at supervised)" \
    --data "folder:$folder/data" --test-data "folder:$folder/test" --out "$folder/no"
refuses 'classifies images, and folder:' "$compare" "${study[@]}" --given "head=$(at supervised)" \
    --data "folder:$folder/data/one" --test-data "folder:$folder/test/one" --out "$folder/no"
[[ ! -e "$folder/no" || -z "$(find "$folder/no" -type f ! -name lock)" ]] || { echo "FAILED: what was refused left files" && failed=1; }
((failed == 0)) && echo "the same numbers"
exit "$failed"
