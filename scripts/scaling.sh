#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures how a training on processors scales with the number of processes, or computes a model of it on devices.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build_dir=$root/build/release
rounds=9
processes="1 2 4"
batch=96
parts=12
mode=measure

usage() {
    cat <<TEXT
Usage: scripts/scaling.sh [options]

Trains an autoencoder by several processes of one thread each and prints images per second, the median of all rounds, and how many times
the speed of the first number of processes that is: the median of the ratios of trainings that follow each other, with quartiles in
brackets. Every other round goes backwards. "over-subscribed" says that there are more processes than processors. Strong scaling: one
batch shared by all; weak scaling: a batch for each process. Wants mpirun and a quiet machine; about a minute and a half for each round.
Stopped by Ctrl-C it prints what the complete rounds measured.

  --build-dir DIR     where pretrain was built                              [$build_dir]
  --rounds N          measurements of each configuration                    [$rounds]
  --processes "N N"   numbers of processes                                  [$processes]
  --batch N           images of the shared batch, and of each process's     [$batch]
  --parts N           of --reproducible, a multiple of each number          [$parts]
  --model             prints the model of 8, 64 and 512 devices instead (docs/distributed.md); measures nothing
TEXT
}
fail() {
    echo "scaling.sh: $1" >&2
    exit 2
}
while (($#)); do
    case $1 in
        --help | -h) usage; exit 0 ;;
        --model) mode=model; shift ;;
        --build-dir | --rounds | --processes | --batch | --parts)
            (($# >= 2)) || fail "$1 needs a value"
            name=${1#--}
            printf -v "${name//-/_}" '%s' "$2"
            shift 2
            ;;
        *) fail "unknown option '$1'; see --help" ;;
    esac
done

# The parameters of MAE, base, 224 pixels; its measured speed on one H200 (docs/backends.md); and published bandwidths in one direction:
# NVLink 4 of a device within a machine, and between machines the eight ports of InfiniBand NDR (50 GB/s each) of a machine of eight
# devices, which eight rings through all machines share.
model() {
    awk -v parameters=111655680 -v speed=5615 -v chunk=33554432 -v inside=450e9 -v between=400e9 'BEGIN {
        bytes = 4 * parameters
        printf "a sum: %.0f MB; one device: %.1f ms for 256 images\n\n", bytes / 1e6, 256 / speed * 1e3
        print "| devices | a sum in a ring, ms | scaling | images of a device | its step, ms | waits for the sum, ms | efficiency |"
        print "| ---: | ---: | --- | ---: | ---: | ---: | ---: |"
        for (devices = 8; devices <= 512; devices *= 8) {
            ring = 2 * (devices - 1) / devices / (devices > 8 ? between : inside)
            for (weak = 1; weak >= 0; --weak) {
                images = weak ? 256 : 4096 / devices
                step = images / speed
                exposed = bytes * ring - step * 2 / 3  # the backward pass, during which all but the last chunk is summed
                if (exposed < chunk * ring) exposed = chunk * ring
                printf "| %d | %.1f | %s | %d | %.1f | %.1f | %.1f %% |\n", devices, 1e3 * bytes * ring,
                    weak ? "weak" : "strong, 4096 images", images, 1e3 * step, 1e3 * exposed, 100 * step / (step + exposed)
            }
        }
    }'
}
if [[ $mode == model ]]; then
    model
    exit 0
fi

pretrain=$build_dir/examples/pretrain
[[ -x $pretrain ]] || fail "no pretrain in '$build_dir/examples'; build it or name the folder with --build-dir"
command -v mpirun >/dev/null || fail "mpirun is missing; on Debian: apt install openmpi-bin"
processors=$(env -u OMP_NUM_THREADS nproc)
load=$(awk -v cores="$processors" '$1 > 0.5 * cores { print $1 }' /proc/loadavg)
[[ -z $load ]] || echo "warning: a load of $load before the start; measure on a quiet machine" >&2
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
export OMPI_MCA_btl_vader_single_copy_mechanism=none

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# train NAME PROCESSES BATCH [OPTION...]: the mean speed of two epochs of three steps each, after one
train() {
    local name=$1 number=$2 batch=$3
    shift 3
    mpirun -n "$number" "$pretrain" --method mae --image 32 --patch 4 --width 192 --depth 6 --heads 3 --decoder-width 96 \
        --decoder-heads 3 --data synthetic:$((batch * 3)) --batch "$batch" --lr 1e-3 --epochs 3 --out "$folder/run" "$@" \
        >/dev/null 2>"$folder/log" || { cat "$folder/log" >&2; fail "a training failed"; }
    sed 1d "$folder/run/log.jsonl" | sed -E 's/.*"images_per_second":([^,}]*).*/\1/' |
        awk '{ sum += $1 } END { print sum / NR }' >>"$folder/$name"
    rm -rf "$folder/run"
}
# Trainings that are compared follow each other.
strong() { train "strong-$1" "$1" "$batch"; }
weak() { train "weak-$1" "$1" $((batch * $1)); }
plain() { train "plain-$1" "$1" "$batch"; }
parts() { train "parts-$1" "$1" "$batch" --reproducible "$parts"; }
comparisons=()
for kind in strong weak; do for number in $processes; do comparisons+=("$kind $number"); done; done
for number in $processes; do comparisons+=("plain $number" "parts $number"); done

# quantiles of the complete rounds of numbers on standard input: the median, and with an argument the quartiles
quantiles() {
    sort -g | awk -v quartiles="${1:-}" '
        { x[NR] = $1 }
        function quantile(q,  at, low) { at = 1 + q * (NR - 1); low = int(at); return x[low] + (at - low) * (x[low < NR ? low + 1 : NR] - x[low]) }
        END { if (quartiles) printf "%.2f [%.2f, %.2f]", quantile(0.5), quantile(0.25), quantile(0.75); else printf "%.0f", quantile(0.5) }'
}
speed() { head -n "$complete" "$folder/$1" | quantiles; }
ratio() { paste "$folder/$1" "$folder/$2" | head -n "$complete" | awk '{ print $1 / $2 }' | quantiles quartiles; }
tables() {
    echo "$(grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //'), $processors processors, $complete rounds, $(date -I)"
    echo
    echo "| processes | strong, images/s | speedup | weak, images/s | speedup | with --reproducible $parts, images/s | of the time without |"
    echo "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    local first=${processes%% *} number line kind
    for number in $processes; do
        line="| $number"
        ((number <= processors)) || line+=" (over-subscribed)"
        for kind in strong weak; do
            line+=" | $(speed "$kind-$number") | $( ((number == first)) && echo 1 || ratio "$kind-$number" "$kind-$first")"
        done
        echo "$line | $(speed "parts-$number") | $(ratio "plain-$number" "parts-$number") |"
    done
}
complete=0
trap 'trap - INT TERM; ((complete == 0)) || tables; exit 130' INT TERM
for ((round = 0; round < rounds; ++round)); do
    for ((i = 0; i < ${#comparisons[@]}; ++i)); do
        ${comparisons[round % 2 == 0 ? i : ${#comparisons[@]} - 1 - i]}
    done
    complete=$((round + 1))
    echo "round $complete of $rounds, about $((SECONDS * (rounds - complete) / complete)) s left" >&2
done
tables
