#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: compare.sh PRETRAIN LANDSCAPE CURVATURE COMPARE
# A comparison writes its summary, figures and a whole page. Input that cannot work is refused before any work, and nothing
# that was there is lost.
set -euo pipefail

landscape="$2" curvature="$3" compare="$4"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
small=(--data synthetic:200 --test-data synthetic:60 --image 16 --patch 4 --width 16 --depth 1 --heads 2
    --decoder-width 16 --decoder-heads 2 --seeds 2 --batch 40 --lr 1e-3 --epochs 3 --probe-every 2 --probe-epochs 4 --pairs 2
    --rays 2 --mask-draws 1 --grid 5 --convex-planes 1 --convex-rays 4 --images 32 --curvature-images 16 --convex-images 8 --test-images 40 --lanczos-steps 8
    --trace-samples 2 --threads 1)
options=("${small[@]}" --normalize filter,layer --methods mae,rc-mae,supervised --arm scaled=rc-mae,momentum=scaled,momentum-steps=50
    --arm half=rc-mae,teacher-share=0.5 --arm averaged=rc-mae,consistency=0,evaluate=teacher
    --arm squared=supervised,classifier-loss=squared --arm start=mae,trained=false)

"$compare" "${options[@]}" --out "$folder/undisturbed" >"$folder/summary" 2>"$folder/log"
grep -q 'expected in all' "$folder/log"
grep -q "An EMA teacher widens the convex region" "$folder/summary"
grep -q "RC-MAE (momentum scaled, momentum-steps 50) improves the linear probe" "$folder/summary"
grep -q "MAE's minimum is wider than that of Supervised ViT (classifier-loss squared)" "$folder/summary"
grep -q 'not trained, as a control' "$folder/undisturbed/report.html"
grep -q '"trained": false' "$folder/undisturbed/plan.json"
grep -q 'Does pre-training pay?' "$folder/undisturbed/report.html"
grep -q '<h3>Stability</h3>' "$folder/undisturbed/report.html"
for taught in 'An EMA teacher' 'RC-MAE (teacher-share 0.5)' 'RC-MAE (consistency 0, evaluate teacher)'; do
    grep -qF "measured: $taught makes a training step this many times as long (ratio " "$folder/summary"
done
grep -q '"reference_steps": 50' "$folder/undisturbed/plan.json"
for kind in training classification; do
    for what in contour surface slice; do test -s "$folder/undisturbed/figures/${kind}_$what.png"; done
done
bash "$(dirname "$0")/../../scripts/check_report.sh" "$folder/undisturbed/report.html"

# the same study in Japanese: nothing is measured again, and nothing on the page is in English
english() {
    sed -e '/<style>/,/<\/style>/d' -e '/<dl lang="en"/,/<\/dl>/d' -e '/^<script/,$d' "$1" |
        sed -E -e 's/<[a-z0-9]+ [^>]*translate="no"[^>]*>[^<]*//g' -e 's/<\/?(strong|sup)>//g' -e 's/<[^>]*>/\n/g' |
        sed -E 's/\b(MAE|RC-MAE|SimMIM|ViT|EMA|ECE|MiB|JavaScript|vitscape compare|top-[15]|bfloat16|arXiv|Lee et al|He et al|Student|Holm|Kendall|[Gg]ranulated|Gauss-Newton|Transformer|layer|embeddings|decoder(_blocks)?|blocks|norm|head|e-[0-9]+|momentum(-steps)? (scaled|50)|teacher-share|consistency|evaluate teacher|classifier-loss squared)\b//g' |
        grep -E '[A-Za-z]{2,}' || true
}
before="$(find "$folder/undisturbed" -type f ! -name lock ! -name report.html ! -path '*/figures/*' -exec cksum {} + | sort)"
cp "$folder/undisturbed/report.html" "$folder/english.html"
"$compare" "${options[@]}" --language ja --resume --out "$folder/undisturbed" >/dev/null 2>"$folder/log"
cp "$folder/undisturbed/report.html" "$folder/japanese.html"
"$compare" "${options[@]}" --report-only --out "$folder/undisturbed" >/dev/null 2>"$folder/log"
cmp "$folder/english.html" "$folder/undisturbed/report.html"
grep -q '<html lang="ja">' "$folder/japanese.html"
(($(english "$folder/english.html" | wc -l) > 300)) || { echo "FAILED: English text is not found" && failed=1; }
left="$(english "$folder/japanese.html")"
[[ -z "$left" ]] || { echo "FAILED: not translated: $left" && failed=1; }
[[ -n "$(english "$folder/english.html")" ]] || { echo "FAILED: no English was found in English" && failed=1; }
bash "$(dirname "$0")/../../scripts/check_report.sh" "$folder/japanese.html"
test "$before" = "$(find "$folder/undisturbed" -type f ! -name lock ! -name report.html ! -path '*/figures/*' -exec cksum {} + | sort)" ||
    { echo "FAILED: another language changed results" && failed=1; }
"$landscape" --checkpoint "$folder/undisturbed/rc-mae/seed-1/classifier.safetensors" --data synthetic:200 --images 20 \
    --grid=-1:1:3 --out "$folder/again" --no-figures >/dev/null 2>"$folder/log"  # a probe is a checkpoint like others

# a surface is one around the weights that the training says are evaluated
look() { "$landscape" --checkpoint "$folder/undisturbed/averaged/seed-1/checkpoint.safetensors" --data synthetic:200 --images 20 \
    --grid=-1:1:3 --out "$folder/$1" --no-figures "${@:2}" >/dev/null 2>"$folder/log"; }
look said
look student --of student
look teacher --of teacher
cmp "$folder/said.json" "$folder/teacher.json"
cmp "$folder/said.npy" "$folder/teacher.npy"
cmp -s "$folder/said.npy" "$folder/student.npy" && { echo "FAILED: student and teacher have one surface" && failed=1; }
grep -q '"of": *"teacher"' "$folder/said.json"
"$curvature" --checkpoint "$folder/undisturbed/averaged/seed-1/checkpoint.safetensors" --data synthetic:200 --images 20 \
    --top 0 --bottom 0 --trace-samples 2 --out "$folder/curvature.json" >/dev/null 2>"$folder/log"
grep -q '"of": *"teacher"' "$folder/curvature.json"
# a finished study needs its small files only, but for the pictures of reconstructions
mkdir "$folder/moved"
(cd "$folder/undisturbed" && find . -name '*.json' -o -name '*.npy' | tar -cf - -T -) | tar -xf - -C "$folder/moved"
"$compare" "${options[@]}" --out "$folder/moved" --resume >/dev/null 2>"$folder/log"
grep -qE 'training for|linear probes' "$folder/log" && { echo "FAILED: work was repeated without checkpoints" && failed=1; }
pictureless() { lasting "$1" | sed -e '/^ "reconstructions": \[\],/d' -e '/^ "reconstructions": \[$/,/^ \]/d'; }
cmp <(pictureless "$folder/undisturbed") <(pictureless "$folder/moved") || failed=1
# shares of the images, wrong labels and fine-tuning: what does not read labels is trained once
variants=("${small[@]}" --seeds 1 --methods mae,supervised --data-share 0.5,1 --label-noise 0,0.2 --pairs 1 --no-figures
    --arm noisy=mae,data-share=1,label-noise=0.4 --tune-epochs 2 --tune-shares 0.1,1 --tune-lr 2e-3 --tune-layer-decay 0.8)
"$compare" "${variants[@]}" --out "$folder/variants" >"$folder/summary" 2>"$folder/log"
grep -q 'MAE, 50 % of the images, 20 % of the labels wrong' "$folder/summary"
grep -q 'raw pixels, linear probe, 50 % of the images' "$folder/summary"
grep -q 'Pre-training pays' "$folder/summary"
grep -q '"fine-tuning.gain_10_at_time"' "$folder/variants/report.json"
grep -q '"title": "MAE (data-share 1, label-noise 0.4)"' "$folder/variants/report.json"
bash "$(dirname "$0")/../../scripts/check_report.sh" "$folder/variants/report.html"
at() { echo "$folder/variants/$1/seed-0/checkpoint.safetensors"; }
cmp "$(at mae)" "$(at mae@noise-0.2)" && cmp "$(at mae)" "$(at noisy)" && cmp "$(at mae@data-0.5)" "$(at mae@data-0.5@noise-0.2)"
for other in mae@data-0.5 supervised@noise-0.2 supervised@data-0.5; do
    ! cmp -s "$(at "${other%%@*}")" "$(at "$other")" || { echo "FAILED: $other was not trained" && failed=1; }
done
refuses '@noise-0.2/noise_seed was 0, now it is 5' "$compare" "${variants[@]}" --label-noise-seed 5 --resume --out "$folder/variants"
refuses '/measures/fine_tuning/epochs was 2, now it is 3' "$compare" "${variants[@]}" --tune-epochs 3 --resume --out "$folder/variants"
"$compare" "${small[@]}" --seeds 1 --methods mae --no-figures --tune-epochs 100000 --out "$folder/tuning" >/dev/null 2>"$folder/tuning_log" &
process=$!
for ((i = 0; i < 600; ++i)); do
    ! grep -qs 'fine tuning' "$folder/tuning_log" || break
    sleep 0.1
done
kill -INT "$process" && start="${EPOCHREALTIME/./}" status=0
wait "$process" || status=$?
((status == 130 && ${EPOCHREALTIME/./} - start < 5000000)) ||
    { echo "FAILED: a stop of fine-tuning ended with $status after $((${EPOCHREALTIME/./} - start)) us" && failed=1; }

before="$(find "$folder/undisturbed" -type f ! -name lock -exec cksum {} + | sort)"
refuses '200 images, fewer than one batch of 300' "$compare" "${options[@]}" --batch 300 --out "$folder/a"
refuses 'is too small' "$compare" "${options[@]}" --budget 0.001 --out "$folder/b"
refuses 'at least 3' "$compare" "${options[@]}" --grid 4 --out "$folder/c"
refuses 'give --resume' "$compare" "${options[@]}" --out "$folder/undisturbed"
refuses '/plan/batch was 40, now it is 20' "$compare" "${options[@]}" --batch 20 --resume --out "$folder/undisturbed"
refuses '/plan/batch was 40, now it is 20' "$compare" "${options[@]}" --batch 20 --report-only --out "$folder/undisturbed"
refuses 'holds no comparison to report on' "$compare" "${options[@]}" --report-only --out "$folder/d"
mkdir -p "$folder/one_class/only" "$folder/full" && echo mine >"$folder/full/thesis.txt"
refuses 'is not empty' "$compare" "${options[@]}" --out "$folder/full"
for i in $(seq 50); do
    base64 -d >"$folder/one_class/only/$i.png" <<<'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
done
refuses "data: all 50 images of folder:$folder/one_class are of the class 'only'" "$compare" "${options[@]}" \
    --data "folder:$folder/one_class" --test-data "folder:$folder/one_class" --out "$folder/e"
refuses 'methods supervised learns the classes of images' "$compare" "${options[@]}" \
    --data "folder:$folder/one_class/only" --test-data "folder:$folder/one_class/only" --out "$folder/e"
refuses '--label-noise 0.2 of mae needs images with classes' "$compare" "${small[@]}" --methods mae --label-noise 0.2 \
    --data "folder:$folder/one_class/only" --test-data "folder:$folder/one_class/only" --out "$folder/e"
cp -r "$folder/one_class" "$folder/classes" && cp -r "$folder/classes/only" "$folder/classes/other"
mkdir "$folder/held_out" && cp -r "$folder/classes/other" "$folder/held_out/" && ln -s ../classes/only "$folder/held_out/only"
for held_out in classes held_out; do  # the same files, by name and by a link
    refuses 'only/1.png is a training image as well (--data)' "$compare" "${options[@]}" \
        --data "folder:$folder/classes" --test-data "folder:$folder/$held_out" --out "$folder/e"
done
refuses 'held-out images' "$compare" "${options[@]}" --data "folder:$folder/one_class" --test-data '' --out "$folder/e"
cp -r "$folder/undisturbed" "$folder/incomplete" && rm "$folder/incomplete/rc-mae/seed-1/results.json"
refuses 'not complete' "$compare" "${options[@]}" --report-only --out "$folder/incomplete"
"$compare" "${options[@]}" --epochs 2000 --no-figures --out "$folder/busy" >/dev/null 2>>"$folder/log" &
process=$!
sleep 3
refuses 'another process writes to' "$compare" "${options[@]}" --epochs 2000 --resume --out "$folder/busy"
kill -INT "$process" 2>/dev/null || kill -TERM "$process"
status=0
wait "$process" || status=$?
((status == 130)) || { kill -KILL "$process" 2>/dev/null; echo "FAILED: a stop ended with $status" && failed=1; }
test "$before" = "$(find "$folder/undisturbed" -type f ! -name lock -exec cksum {} + | sort)" || { echo "FAILED: a file changed" && failed=1; }
test "$(cat "$folder/full/thesis.txt")" = mine
exit "$failed"
