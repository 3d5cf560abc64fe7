#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs the same masked autoencoder in this library (mae_step) and in PyTorch (pytorch_peer.py), turn by turn on the same
# cores, and prints images per second and the ratio, with the median, the least and the greatest of the rounds. In float the
# peer is the fastest PyTorch in float; in bfloat16 it is the fastest of all that were measured, in either precision.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build_dir=$here/../build
python=python3
cases="tiny32:100 base224:16"
modes="train eval"
precisions="float bf16"
rounds=5
seconds=8
threads=2
peers="eager compile"
at_least=0
out=

usage() {
    cat <<TEXT
Usage: compare_pytorch.sh [options]
  --build-dir DIR     where mae_step was built                          [$build_dir]
  --python PROGRAM    a Python with PyTorch                             [$python]
  --cases "S:B ..."   sizes and images per step                         [$cases]
  --modes "M ..."     train, eval                                       [$modes]
  --precisions "P .." float, bf16                                       [$precisions]
  --rounds N          turns of each program                             [$rounds]
  --seconds S         measured time of each turn                        [$seconds]
  --threads N         threads of each program                           [$threads]
  --peers "P ..."     eager, compile; the faster one counts             [$peers]
  --at-least R        exit with 1 when a ratio of medians is below R    [$at_least]
  --out FILE          also keep every measurement, one JSON a line
TEXT
}

fail() {
    echo "compare_pytorch.sh: $1" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
        --help | -h) usage; exit 0 ;;
        --build-dir | --python | --cases | --modes | --precisions | --rounds | --seconds | --threads | --peers | --at-least | --out)
            [ $# -ge 2 ] || fail "$1 needs a value"
            name=${1#--}
            printf -v "${name//-/_}" '%s' "$2"
            shift 2
            ;;
        *) fail "unknown option '$1'; see --help" ;;
    esac
done

mae_step=
for candidate in "$build_dir"/{benchmarks/,bin/,}{mae_step,benchmark_mae_step}; do
    if [ -x "$candidate" ] && [ -f "$candidate" ]; then
        mae_step=$candidate
        break
    fi
done
[ -n "$mae_step" ] || fail "no mae_step in '$build_dir'; build the benchmarks or name their folder with --build-dir"
"$python" -c 'import torch' 2>/dev/null || fail "'$python' has no PyTorch; name one that has it with --python"
for precision in $precisions; do
    case $precision in float | bf16) ;; *) fail "--precisions knows float and bf16, not '$precision'" ;; esac
done
for peer in $peers; do
    case $peer in eager | compile) ;; *) fail "--peers knows eager and compile, not '$peer'" ;; esac
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
lines=$work/lines.jsonl
: >"$lines"

# keep PROGRAM COMMAND...: the last line of the command's output, with the program's name put into it.
keep() {
    local program=$1 json
    shift
    if ! json=$("$@" 2>"$work/errors" | tail -n 1) || [ "${json:0:1}" != "{" ]; then
        cat "$work/errors" >&2
        fail "this gave no measurement: $*"
    fi
    printf '{"program": "%s", %s\n' "$program" "${json#\{}" >>"$lines"
}

cores=$(nproc)
# Threads that wait for each other lose far more than their share when another program takes a core.
busy=$(awk -v cores="$cores" '{ print ($1 > 0.5 * cores) ? $1 : "" }' /proc/loadavg)
[ -z "$busy" ] || echo "warning: a load of $busy on $cores cores before the start; compare on a quiet machine" >&2

for case in $cases; do
    size=${case%%:*}
    batch=${case##*:}
    for mode in $modes; do
        for round in $(seq "$rounds"); do
            echo "$size $mode, batch $batch: round $round of $rounds" >&2
            for precision in $precisions; do
                common=(--size "$size" --mode "$mode" --precision "$precision" --batch "$batch" --threads "$threads"
                    --seconds "$seconds")
                keep library "$mae_step" "${common[@]}"
                for peer in $peers; do
                    extra=()
                    [ "$peer" = eager ] || extra=(--compile)
                    keep "$peer" "$python" "$here/pytorch_peer.py" "${common[@]}" ${extra[@]+"${extra[@]}"}
                done
            done
        done
    done
done
[ -z "$out" ] || cp "$lines" "$out"

model=$(awk -F': *' '/^model name/ { print $2; exit }' /proc/cpuinfo)
echo "$cores cores, ${model:-unknown processor}, $threads threads each, $rounds rounds of $seconds s"
"$python" - "$lines" "$at_least" <<'PYTHON'
import json
import statistics
import sys

cases = {}
for line in open(sys.argv[1], encoding="utf-8"):
    entry = json.loads(line)
    rates = cases.setdefault((entry["size"], entry["mode"], entry["batch"]), {})
    rates.setdefault((entry["program"], entry["precision"]), []).append(entry["images_per_second"])


def spread(values, digits):
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}, {max(values):.{digits}f}]"


print("images per second: median [least, greatest]; the ratio is library / PyTorch, of the medians [of single rounds]")
print(f"{'size':<9}{'mode':<7}{'batch':>5}  {'':<6}{'library':>26}  {'PyTorch':>26}  {'':<14}{'ratio':>20}")
short = []
for (size, mode, batch), rates in cases.items():
    for precision in ("float", "bf16"):
        if ("library", precision) not in rates:
            continue
        library = rates["library", precision]
        peers = [key for key in rates if key[0] != "library" and (precision == "bf16" or key[1] == precision)]
        peer = max(peers, key=lambda key: statistics.median(rates[key]))
        ratio = statistics.median(library) / statistics.median(rates[peer])
        rounds = [ours / theirs for ours, theirs in zip(library, rates[peer])]
        digits = 0 if min(library + rates[peer]) >= 100 else 2
        print(
            f"{size:<9}{mode:<7}{batch:>5}  {precision:<6}{spread(library, digits):>26}  "
            f"{spread(rates[peer], digits):>26}  {' '.join(peer):<14}{ratio:>6.2f} [{min(rounds):.2f}, {max(rounds):.2f}]"
        )
        if ratio < float(sys.argv[2]):
            short.append(f"{size} {mode} {precision}: {ratio:.2f}")
if short:
    print("below " + sys.argv[2] + ": " + "; ".join(short))
    sys.exit(1)
PYTHON
