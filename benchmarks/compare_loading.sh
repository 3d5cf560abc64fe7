#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Loads the images of folders for training with this library (load_images) and as PyTorch users do it (load_images_peer.py),
# turn by turn, and prints images per second of one thread as a table: the median, the least and the greatest of the rounds,
# and the ratio of the library to each peer.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build_dir=$here/../build
pythons=python3
kinds="pillow draft torchvision"
side=224
rounds=5
epochs=1

usage() {
    cat <<TEXT
Usage: compare_loading.sh [options] FOLDER...
  --build-dir DIR       where load_images was built                          [$build_dir]
  --pythons "P ..."     Pythons with torchvision, e.g. one with Pillow and
                        one with Pillow-SIMD                                 [$pythons]
  --kinds "K ..."       peers: pillow, draft, torchvision                    [$kinds]
  --side N              pixels of the inputs                                 [$side]
  --rounds N            turns of each program                                [$rounds]
  --epochs N            of the folder in each turn, after one of warm-up     [$epochs]
TEXT
}

fail() {
    echo "compare_loading.sh: $1" >&2
    exit 2
}

folders=()
while [ $# -gt 0 ]; do
    case $1 in
        --help | -h) usage; exit 0 ;;
        --build-dir | --pythons | --kinds | --side | --rounds | --epochs)
            [ $# -ge 2 ] || fail "$1 needs a value"
            name=${1#--}
            printf -v "${name//-/_}" '%s' "$2"
            shift 2
            ;;
        --*) fail "unknown option '$1'; see --help" ;;
        *) folders+=("$1"); shift ;;
    esac
done
((${#folders[@]})) || fail "no folder of images was named; see --help"

load_images=
for candidate in "$build_dir"/{benchmarks/,bin/,}{load_images,benchmark_load_images}; do
    if [ -x "$candidate" ] && [ -f "$candidate" ]; then
        load_images=$candidate
        break
    fi
done
[ -n "$load_images" ] || fail "no load_images in '$build_dir'; build the benchmarks or name their folder with --build-dir"
for python in $pythons; do
    "$python" -c 'import torchvision' 2>/dev/null || fail "'$python' has no torchvision; name one that has it with --pythons"
done

lines=$(mktemp)
trap 'rm -f "$lines"' EXIT

# keep FOLDER COMMAND...: the last line of the command's output, with the folder's name put into it.
keep() {
    local folder=$1 json
    shift
    json=$("$@" | tail -n 1)
    [ "${json:0:1}" = "{" ] || fail "this gave no measurement: $*"
    printf '{"folder": "%s", %s\n' "$(basename "$folder")" "${json#\{}" >>"$lines"
}

for folder in "${folders[@]}"; do
    for ((round = 0; round < rounds; ++round)); do
        echo "$folder: round $((round + 1)) of $rounds" >&2
        common=(--side "$side" --epochs "$epochs" --first-epoch "$((round * (epochs + 1)))" "$folder")
        keep "$folder" "$load_images" "${common[@]}"
        keep "$folder" "$load_images" "${common[@]}" --reduced
        first=1
        for python in $pythons; do
            for kind in $kinds; do
                # torchvision's own decoder is the same whatever Pillow is.
                [ "$kind" != torchvision ] || ((first)) || continue
                keep "$folder" "$python" "$here/load_images_peer.py" "${common[@]}" --kind "$kind"
            done
            first=0
        done
    done
done

model=$(awk -F': *' '/^model name/ { print $2; exit }' /proc/cpuinfo)
echo "${model:-unknown processor}, one thread, inputs of $side x $side, $rounds rounds; load before the end: $(cut -d' ' -f1 /proc/loadavg) on $(nproc --all) cores"
"${pythons%% *}" - "$lines" <<'PYTHON'
import json
import statistics
import sys

folders = {}
for line in open(sys.argv[1], encoding="utf-8"):
    entry = json.loads(line)
    folders.setdefault(entry["folder"], {}).setdefault(entry["program"], []).append(entry["images_per_second"])
for folder, programs in folders.items():
    print(f"\n| {folder} | images per second | vitscape / this | reduced / this |\n| --- | --- | --- | --- |")
    for program, rates in programs.items():
        digits = 0 if min(rates) >= 100 else 1
        spread = f"{statistics.median(rates):.{digits}f} [{min(rates):.{digits}f}, {max(rates):.{digits}f}]"
        ratios = [
            f"{statistics.median(ours / theirs for ours, theirs in zip(programs[name], rates)):.2f}"
            for name in ("vitscape", "vitscape, reduced")
        ]
        print(f"| {program} | {spread} | {ratios[0]} | {ratios[1]} |")
PYTHON
