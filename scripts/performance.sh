#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures what work costs on this machine and writes docs/performance.md with its figures.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build_dir=$root/build/release
out=$root/docs
rounds=5
threads=$(nproc)
python=
peer_cases="tiny32:100 base224:16"
peer_rounds=3

usage() {
    cat <<TEXT
Usage: scripts/performance.sh [options]

Measures time against images, points, parameters and threads, memory against the batch and, with --python, the same
training in PyTorch, and writes OUT/performance.md with figures in OUT/performance/. Wants a quiet machine and the
benchmarks of a build (scripts/test.sh). About 5 minutes; with PyTorch about 20.

  --build-dir DIR     where the benchmarks were built                     [$build_dir]
  --out DIR           where the page is written                           [$out]
  --rounds N          measurements of each work, turn by turn             [$rounds]
  --threads N         most threads                                        [$threads]
  --python PROGRAM    a Python with PyTorch to compare with               [none: no comparison]
  --peer-cases "S:B"  sizes and batches of the comparison                 [$peer_cases]
  --peer-rounds N     turns of each program in it                         [$peer_rounds]
TEXT
}
fail() {
    echo "performance.sh: $1" >&2
    exit 2
}
while (($#)); do
    case $1 in
        --help | -h) usage; exit 0 ;;
        --build-dir | --out | --rounds | --threads | --python | --peer-cases | --peer-rounds)
            (($# >= 2)) || fail "$1 needs a value"
            name=${1#--}
            printf -v "${name//-/_}" '%s' "$2"
            shift 2
            ;;
        *) fail "unknown option '$1'; see --help" ;;
    esac
done
for program in cost mae_step; do
    [[ -x $build_dir/benchmarks/benchmark_$program ]] ||
        fail "no benchmark_$program in '$build_dir/benchmarks'; build the benchmarks or name their folder with --build-dir"
done
command -v gnuplot >/dev/null || fail "gnuplot is missing; on Debian: apt install gnuplot-nox"
if [[ -n $python ]]; then
    "$python" -c 'import torch' 2>/dev/null || fail "'$python' has no PyTorch"
fi
load=$(awk -v cores="$(nproc)" '$1 > 0.5 * cores { print $1 }' /proc/loadavg)
[[ -z $load ]] || echo "warning: a load of $load before the start; measure on a quiet machine" >&2

mkdir -p "$out/performance"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-active}

echo "time against size" >&2
"$build_dir/benchmarks/benchmark_cost" --rounds "$rounds" --threads "$threads" >"$work/cost.csv"

echo "memory against the batch" >&2
number_of() { sed -n "s/.*\"$1\": \([0-9.]*\).*/\1/p"; }
batches="25 50 100 200 400"
echo "program,batch,megabytes" >"$work/memory.csv"
for batch in $batches; do
    ours=("$build_dir/benchmarks/benchmark_mae_step" --size tiny32 --batch "$batch" --threads "$threads" --seconds 1)
    for kind in "float:float" "bf16:bf16" "float, blocks again:float --checkpoint-blocks" "bf16, blocks again:bf16 --checkpoint-blocks"; do
        # shellcheck disable=SC2086
        megabytes=$("${ours[@]}" --precision ${kind#*:} | number_of megabytes)
        echo "\"${kind%%:*}\",$batch,$megabytes" >>"$work/memory.csv"
    done
    if [[ -n $python ]]; then
        megabytes=$("$python" "$root/benchmarks/pytorch_peer.py" --size tiny32 --batch "$batch" --threads "$threads" \
            --seconds 1 | number_of megabytes)
        echo "\"PyTorch, float\",$batch,$megabytes" >>"$work/memory.csv"
    fi
done

if [[ -n $python ]]; then
    echo "comparison with PyTorch" >&2
    "$root/benchmarks/compare_pytorch.sh" --build-dir "$build_dir" --python "$python" --cases "$peer_cases" \
        --rounds "$peer_rounds" --seconds 4 --threads "$threads" >"$work/peers.txt"
fi

works="loss gradient Hessian_product derivatives_on_a_plane training_step surface"
# rows WORK AGAINST: size and median, least, greatest seconds
rows() { awk -F, -v work="${1//_/ }" -v against="$2" '$1 == work && $2 == against { print $3, $4, $5, $6 }' "$work/cost.csv"; }
# The exponent of the power of the size that the seconds follow, by least squares of logarithms.
slope() {
    rows "$1" "$2" | awk '{ x = log($1); y = log($2); n++; sx += x; sy += y; xx += x * x; xy += x * y }
                          END { if (n > 1) printf "%.2f", (n * xy - sx * sy) / (n * xx - sx * sx); else printf "-" }'
}
for against in images points parameters threads; do
    for one in $works; do rows "$one" "$against" >"$work/$against-$one.dat"; done
done

figure() { # figure AGAINST LABEL
    local plots="" color=1 one
    for one in $works; do
        [[ -s $work/$1-$one.dat ]] && plots+="${plots:+, }'$work/$1-$one.dat' using 1:2:3:4 with yerrorlines lw 2 pt 7 ps 0.5 lc $color title '${one//_/ }'"
        color=$((color + 1))
    done
    echo "set xlabel '$2'; plot $plots"
}
gnuplot <<GNUPLOT
set terminal svg size 1120,860 font 'sans-serif,15' background rgb 'white'
set output '$out/performance/cost.svg'
set logscale xy; set grid lw 0.6 lc rgb '#e0e0e0'; set border 3; set tics nomirror
set ylabel 'seconds'; set format x '%.0s%c'; set format y '%.2g'
set key bottom right Left reverse samplen 2 font ',13'
set multiplot layout 2,2
set xrange [*:*]; $(figure images "images (one thread, 0.5 M parameters)")
$(figure points "points of a surface (64 images, one thread)")
$(figure parameters "parameters (64 images, one thread)")
set key top right; set xtics 2; set format x '%g'
$(figure threads "threads (512 images; a step of 128)")
unset multiplot
set output '$out/performance/memory.svg'
set terminal svg size 700,460 font 'sans-serif,15' background rgb 'white'
unset logscale; set xtics auto; set xlabel 'images of a step'; set ylabel 'MB'; set key top left; set yrange [0:*]
set datafile separator ','; set format y '%g'
plot for [kind in "'PyTorch, float' 'float' 'bf16' 'float, blocks again' 'bf16, blocks again'"] '$work/memory.csv' \
    using (strcol(1) eq kind ? \$2 : NaN):3 with linespoints lw 2 pt 7 ps 0.5 title kind
GNUPLOT

model=$(awk -F': *' '/^model name/ { print $2; exit }' /proc/cpuinfo)
{
    cat <<PAGE
# Performance

Measured by \`scripts/performance.sh${python:+ --python $(basename "$python")}\` on $(nproc) cores of ${model:-an unknown processor}. Medians of
$rounds rounds in which all work took turns; bars from the least to the greatest. In \`float\`, with oneDNN if the build has it.

## Time against size

![Seconds against images, points of a surface, parameters and threads](performance/cost.svg)

The model is a masked autoencoder of 32-pixel images with patches of 4 (width 96, depth 4); the parameters come from its width, 48 to 384.
Slopes are exponents: time follows size to this power. One on the left would be proportional; -1 for threads would be no loss.

| | images | points | parameters | threads |
| --- | --- | --- | --- | --- |
PAGE
    for one in $works; do
        printf '| %s |' "${one//_/ }"
        for against in images points parameters threads; do printf ' %s |' "$(slope "$one" "$against")"; done
        echo
    done
    cat <<PAGE

A product with the Hessian costs $(awk -F, '$2 == "images" && $1 == "gradient" { g[$3] = $4 } $2 == "images" && $1 == "Hessian product" { h[$3] = $4 }
    END { for (n in g) { r = h[n] / g[n]; if (lo == "" || r < lo) lo = r; if (r > hi) hi = r } printf "%.1f to %.1f", lo, hi }' "$work/cost.csv") gradients, a gradient $(awk -F, '$2 == "images" && $1 == "loss" { g[$3] = $4 } $2 == "images" && $1 == "gradient" { h[$3] = $4 }
    END { for (n in g) { r = h[n] / g[n]; if (lo == "" || r < lo) lo = r; if (r > hi) hi = r } printf "%.1f to %.1f", lo, hi }' "$work/cost.csv") losses.

## Memory of training against the batch

![Memory against the images of a step](performance/memory.svg)

Resident memory in MB of a training step of ViT-Tiny on 32-pixel images (patches of 4, AdamW), without that of the program itself.
"Blocks again" is \`--checkpoint-blocks\`.

| |$(for batch in $batches; do printf ' %s |' "$batch"; done)
| --- |$(for batch in $batches; do printf ' --- |'; done)
PAGE
    awk -F'",|,' -v batches="$batches" 'NR > 1 { line = $0; sub(/^"/, "", line); n = index(line, "\""); kind = substr(line, 1, n - 1); split(substr(line, n + 2), v, ",")
        if (!(kind in seen)) { seen[kind] = 1; order[++kinds] = kind } mb[kind, v[1]] = v[2] }
        END { count = split(batches, b, " "); for (i = 1; i <= kinds; i++) { printf "| %s |", order[i]
              for (j = 1; j <= count; j++) printf " %.0f |", mb[order[i], b[j]]; print "" } }' "$work/memory.csv"
    if [[ -n $python ]]; then
        printf '\n## Beside PyTorch\n\nThe same masked autoencoder in PyTorch %s, eager and compiled; the faster counts, and under bf16 the fastest of all.\n\n' \
            "$("$python" -c 'import torch; print(torch.__version__.split("+")[0])')"
        sed 's/^/    /' "$work/peers.txt"
    fi
} >"$out/performance.md"
cp "$work/cost.csv" "$out/performance/cost.csv"
echo "wrote $out/performance.md" >&2
