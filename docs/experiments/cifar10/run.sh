#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

usage() {
    cat <<'EOF'
usage: run.sh COMPARE CIFAR FOLDER [OPTION...]
       run.sh --pack FOLDER

The experiment of this page. COMPARE is the program (build/release/examples/compare), CIFAR a folder with the images of CIFAR-10 as
train/CLASS/*.jpg and test/CLASS/*.jpg. The study in FOLDER goes on where it was; a new FOLDER begins with the finished runs that
are packed here, all.tar.xz and seed-*.tar.xz. Ctrl-C or a time limit (timeout -s INT 100m run.sh …) ends a piece of it.
OPTION goes to the program, such as --threads 1 or --report-only.

  --pack   pack the finished runs in FOLDER to where this script is: results, predictions and surfaces, no checkpoints
  --help   this text
EOF
}

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
packed() { tar -C "$folder" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cJf "$here/$1" -T -; }

case "${1:-}" in
    --help | -h) usage && exit 0 ;;
    --pack)
        folder="$(realpath "${2:?--pack needs the folder of the study}")"
        cd "$folder"
        find . -maxdepth 1 -name '*.json' ! -name report.json | packed all.tar.xz
        for seed in 0 1 2 3 4; do
            mapfile -t runs < <(grep -ls '"complete": true' ./*/seed-$seed/results.json | xargs -r -n 1 dirname)
            ((${#runs[@]} == 0)) || find "${runs[@]}" -name results.json -o -name '*-surface-*.json' -o -name '*.npy' |
                packed seed-$seed.tar.xz
        done
        exit 0
        ;;
esac
(($# >= 3)) || { usage >&2 && exit 2; }
compare="$(realpath "$1")" cifar="$2" folder="$(realpath -m "$3")"
shift 3

if [[ ! -e "$folder/plan.json" ]]; then
    mkdir -p "$folder"
    for archive in "$here"/*.tar.xz; do [[ ! -e "$archive" ]] || tar -C "$folder" -xJf "$archive"; done
fi
cd "$cifar"  # the plan keeps the names of the folders
exec "$compare" --data folder:train --limit-per-class 2000 --test-data folder:test --mean 0.5,0.5,0.5 --std 0.5,0.5,0.5 \
    --patch 8 --width 64 --depth 2 --heads 4 --decoder-width 48 --batch 100 --lr 2e-3 --warmup 2 --epochs 24 --seeds 5 \
    --methods mae,rc-mae,supervised,data2vec --arm scaled=rc-mae,momentum=scaled --arm copies=rc-mae,momentum=copy,copy-every=100 \
    --arm averaged=rc-mae,consistency=0,evaluate=teacher --arm squared=supervised,classifier-loss=squared \
    --arm start=mae,trained=false --pooling average --probe-epochs 40 --probe-every 6 --tune-epochs 6 --tune-shares 0.1,1 --pairs 2 \
    --resume --out "$folder" "$@"
