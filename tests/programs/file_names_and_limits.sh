#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: file_names_and_limits.sh PRETRAIN LANDSCAPE
# File names that are no UTF-8, images that are too large, files that are damaged, and output that cannot be written.
set -euo pipefail

pretrain="$1" landscape="$2"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
pixel='iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
images="$folder/images "$'\xe9'
classes=("$images/cl"$'\xe9' "$images/Bäume")
for class in "${classes[@]}"; do
    mkdir -p "$class"
    for i in $(seq 8); do base64 -d >"$class/$i.png" <<<"$pixel"; done
done
small=(--method supervised --image 16 --patch 4 --width 16 --depth 1 --heads 2 --batch 8 --threads 1 --data "folder:$images")
"$pretrain" "${small[@]}" --epochs 2 --out "$folder/run" >/dev/null 2>"$folder/log"
grep -qF '"cl\\xE9"' "$folder/run/checkpoint.json"
look=(--checkpoint "$folder/run/checkpoint.safetensors" --data "folder:$images" --images 8 --grid=-1:1:3 --threads 1 --no-figures)
out="$folder/out "$'\xff'
"$landscape" "${look[@]}" --out "$out" >/dev/null 2>"$folder/log"
before="$(cksum <"$out.json")"
"$landscape" "${look[@]}" --out "$out" --resume >/dev/null 2>"$folder/log"
[[ "$(cksum <"$out.json")" == "$before" ]] || { echo "FAILED: resuming changed a surface that was complete" && failed=1; }

# the same images in a tar archive are the same training; without classes autoencoders are trained
tar -C "$images" --sort=name -cf "$folder/set.tar" .
"$pretrain" "${small[@]}" --data "tar:$folder/set.tar" --epochs 2 --out "$folder/packed" >/dev/null 2>"$folder/log"
grep -qF '"cl\\xE9"' "$folder/packed/checkpoint.json"
losses() { grep -o '"loss":[^,}]*' "$1/log.jsonl"; }
[[ "$(losses "$folder/packed")" == "$(losses "$folder/run")" ]] || { echo "FAILED: an archive was trained on in another way than its folder" && failed=1; }
tar -C "${classes[0]}" -cf "$folder/plain.tar" .
for data in "tar:$folder/plain.tar" "folder:${classes[0]}"; do
    refuses "supervised training needs images of at least 2 classes, $data has 0" "$pretrain" "${small[@]}" --data "$data" --out "$folder/a"
done
"$pretrain" "${small[@]}" --method mae --decoder-width 8 --decoder-heads 2 --data "tar:$folder/plain.tar" --epochs 1 --out "$folder/plain" >/dev/null 2>"$folder/log"
grep -qF '"classes":[]' <(tr -d ' \n' <"$folder/plain/checkpoint.json")

refuses '--max-pixels' "$pretrain" "${small[@]}" --max-pixels 0 --out "$folder/a"
truncate -s 60 "${classes[0]}/1.png"
refuses '1 of 16 files' "$pretrain" "${small[@]}" --epochs 2 --out "$folder/a"
base64 -d >"${classes[0]}/1.png" <<<"$pixel"

# one bit
cp "$folder/run/checkpoint.safetensors" "$folder/flipped.safetensors"
size="$(stat -c %s "$folder/flipped.safetensors")"
byte="$(od -An -tu1 -j $((size / 2)) -N 1 "$folder/flipped.safetensors" | tr -d ' ')"
# shellcheck disable=SC2059
printf "\\x$(printf %x $((byte ^ 4)))" | dd of="$folder/flipped.safetensors" bs=1 seek=$((size / 2)) conv=notrunc status=none
refuses 'flipped.safetensors is damaged' "$landscape" "${look[@]}" --checkpoint "$folder/flipped.safetensors" --out "$folder/a"
sed -i 's/"samples": 8/"samples": 9/' "$out.json"
refuses "is damaged" "$landscape" "${look[@]}" --out "$out" --resume

# output
refuses 'File too large' bash -c 'ulimit -f 8; exec "$@"' - "$pretrain" --data synthetic:64 --image 16 --patch 4 --width 64 --depth 2 --heads 2 \
    --epochs 1 --batch 16 --threads 1 --out "$folder/limited"

((failed == 0)) && echo "names, limits and damage: all as they should be"
