#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: bad_input.sh PRETRAIN LANDSCAPE CURVATURE
# Gives the programs input that cannot work. Each must end with status 1 and one sentence that names what is wrong, and
# nothing that was there may be lost.
set -euo pipefail

pretrain="$1" landscape="$2" curvature="$3"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
model=(--image 16 --patch 4 --width 16 --depth 1 --heads 2 --decoder-width 8 --decoder-heads 2)
small=("${model[@]}" --data synthetic:64 --epochs 1 --batch 16 --threads 1)

# models and options
refuses 'patch of 5 pixels does not divide' "$pretrain" "${small[@]}" --patch 5 --out "$folder/a"
refuses '3 heads do not divide the width 16' "$pretrain" "${small[@]}" --heads 3 --out "$folder/a"
refuses 'mask ratio lies between 0 and 1' "$pretrain" "${small[@]}" --mask-ratio 1 --out "$folder/a"
refuses 'mask ratio lies between 0 and 1' "$pretrain" "${small[@]}" --mask-ratio 0 --out "$folder/a"
refuses 'mask ratio of 0.99 leaves 0 of 16' "$pretrain" "${small[@]}" --mask-ratio 0.99 --out "$folder/a"
refuses '64 images, fewer than one batch of 65' "$pretrain" "${small[@]}" --batch 65 --out "$folder/a"
refuses 'learning rate' "$pretrain" "${small[@]}" --lr -1 --out "$folder/a"
recipe=("${small[@]}" --method supervised)
refuses 'drop path rate lies in [0, 1)' "$pretrain" "${recipe[@]}" --drop-path 1 --out "$folder/a"
refuses 'alpha of mixup' "$pretrain" "${recipe[@]}" --mixup -1 --out "$folder/a"
refuses 'alpha of cutmix' "$pretrain" "${recipe[@]}" --cutmix -1 --out "$folder/a"
refuses 'random erasing lies in [0, 1], 2 was given' "$pretrain" "${recipe[@]}" --random-erasing 2 --out "$folder/a"
refuses '--layer-decay lies between 0 (off) and 1' "$pretrain" "${recipe[@]}" --layer-decay 1.5 --out "$folder/a"
refuses '--mixup belongs to --method supervised' "$pretrain" "${small[@]}" --mixup 0.8 --out "$folder/a"
refuses 'is not a dataset' "$pretrain" "${small[@]}" --data nonsense:3 --out "$folder/a"

# folders of images
refuses "$folder/missing" "$pretrain" "${small[@]}" --data "folder:$folder/missing" --out "$folder/a"
mkdir -p "$folder/empty"
refuses "$folder/empty" "$pretrain" "${small[@]}" --data "folder:$folder/empty" --out "$folder/a"
mkdir -p "$folder/hollow/cats" "$folder/hollow/dogs"
printf 'no picture' >"$folder/hollow/dogs/1.jpg"
refuses 'cats' "$pretrain" "${small[@]}" --data "folder:$folder/hollow" --out "$folder/a"
rmdir "$folder/hollow/cats"
refuses '1.jpg' "$pretrain" "${small[@]}" --data "folder:$folder/hollow" --out "$folder/a"
refuses "$folder/missing" "$pretrain" "${small[@]}" --data "cifar10:$folder/missing" --out "$folder/a"

# output that cannot be written
: >"$folder/file"
refuses "$folder/file" "$pretrain" "${small[@]}" --out "$folder/file/below"
refuses '/dev/null' "$pretrain" "${small[@]}" --out /dev/null/below

# checkpoints
"$pretrain" "${small[@]}" --out "$folder/good" >/dev/null 2>&1
good="$folder/good/checkpoint.safetensors"
before="$(cksum <"$good")"
refuses 'give --resume' "$pretrain" "${small[@]}" --out "$folder/good"
refuses '(1, 1, 16), the model needs (1, 1, 24)' "$pretrain" "${small[@]}" --width 24 --out "$folder/good" --resume
refuses 'cls_token' "$pretrain" "${small[@]}" --width 24 --out "$folder/good" --resume
refuses 'peak' "$pretrain" "${small[@]}" --lr 0.5 --out "$folder/good" --resume
refuses "$folder/missing" "$pretrain" "${recipe[@]}" --init "$folder/missing" --out "$folder/a"
refuses "'cls_token' has the shape (1, 1, 16)" "$pretrain" "${recipe[@]}" --width 24 --init "$good" --out "$folder/a"
refuses 'has no teacher' "$pretrain" "${recipe[@]}" --init "$good" --init-from teacher --out "$folder/a"
[[ "$(cksum <"$good")" == "$before" ]] || { echo "FAILED: the checkpoint was changed" && failed=1; }
head -c 1000 "$good" >"$folder/cut.safetensors"
printf '\377\377\377\377\377\377\377\177{}' >"$folder/hostile.safetensors"
for program in "$landscape" "$curvature"; do
    more=(--data synthetic:64 --images 8 --threads 1 --out "$folder/result")
    refuses 'cut.safetensors' "$program" --checkpoint "$folder/cut.safetensors" "${more[@]}"
    refuses 'hostile.safetensors' "$program" --checkpoint "$folder/hostile.safetensors" "${more[@]}"
    refuses '--images 65' "$program" --checkpoint "$good" "${more[@]}" --images 65
done
refuses 'FROM:TO:STEPS' "$landscape" --checkpoint "$good" --data synthetic:64 --grid=1:2 --out "$folder/result"
refuses '1:-1:5' "$landscape" --checkpoint "$good" --data synthetic:64 --grid=1:-1:5 --out "$folder/result"

# a grid of one step has one place
refuses '1 step' "$landscape" --checkpoint "$good" --data synthetic:64 --images 8 --grid=-1:1:1 --out "$folder/result"

# a training that diverges says in which step, and what it had saved before can be read
diverges=("${small[@]}" --epochs 50 --lr 1e25 --warmup 1 --save-minutes 0 --out "$folder/diverged")
refuses 'in step 3 of epoch 1' "$pretrain" "${diverges[@]}"
refuses 'in step 3 of epoch 1' "$pretrain" "${diverges[@]}" --resume

# a device that is not there
if [[ ! -x "${pretrain}_cuda" ]]; then
    refuses 'which is built where a CUDA compiler is found' "$pretrain" "${small[@]}" --backend cuda --out "$folder/a"
elif ! command -v nvidia-smi >/dev/null; then
    for program in "$pretrain ${small[*]}" "$landscape --checkpoint $good --data synthetic:64" \
        "$curvature --checkpoint $good --data synthetic:64"; do
        [[ -x "${program%% *}_cuda" ]] || continue  # not built for devices
        refuses 'install one (nvidia-smi must list the GPU) or run with --backend cpu' \
            $program --backend cuda --precision bf16 --out "$folder/a"  # words of the program apart
    done
fi
refuses '--precision bf16 needs --backend cuda' \
    "$curvature" --checkpoint "$good" --data synthetic:64 --precision bf16 --out "$folder/a"
[[ ! -e "$folder/a/checkpoint.safetensors" ]] || { echo "FAILED: something was written for a request that was refused" && failed=1; }

((failed == 0)) && echo "all refused as they should be"
