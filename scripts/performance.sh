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
batches="25 50 100 200 400"
kinds=("float:float" "float, blocks again:float --checkpoint-blocks" "bf16:bf16" "bf16, blocks again:bf16 --checkpoint-blocks")
[[ -z $python ]] || kinds=("PyTorch, float:" "${kinds[@]}")
for i in "${!kinds[@]}"; do # memory-I.dat: batch and megabytes
    read -ra precision <<<"${kinds[i]#*:}"
    for batch in $batches; do
        common=(--size tiny32 --batch "$batch" --threads "$threads" --seconds 1)
        if ((${#precision[@]} > 0)); then
            line=$("$build_dir/benchmarks/benchmark_mae_step" "${common[@]}" --precision "${precision[@]}")
        else
            line=$("$python" "$root/benchmarks/pytorch_peer.py" "${common[@]}" | tail -n 1)
        fi
        echo "$batch $(sed -n 's/.*"megabytes": \([0-9.]*\).*/\1/p' <<<"$line")"
    done >"$work/memory-$i.dat"
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
# ratio A B: how many times as long A takes as B, from the least to the greatest over the numbers of images
ratio() {
    awk -F, -v a="$1" -v b="$2" '$2 == "images" { if ($1 == a) x[$3] = $4; if ($1 == b) y[$3] = $4 }
        END { for (n in x) { r = x[n] / y[n]; if (low == "" || r < low) low = r; if (r > high) high = r }
              printf "%.1f to %.1f", low, high }' "$work/cost.csv"
}
for against in images points parameters threads; do
    for one in $works; do rows "$one" "$against" >"$work/$against-$one.dat"; done
done

colors=(0072b2 d55e00 009e73 cc79a7 000000 56b4e9)
figure() { # figure AGAINST LABEL
    local plots="" i=0 one
    for one in $works; do
        [[ ! -s $work/$1-$one.dat ]] ||
            plots+="${plots:+, }'$work/$1-$one.dat' using 1:2:3:4 with yerrorlines lw 2 pt 7 ps 0.5 lc rgb '#${colors[i]}' title '${one//_/ }'"
        i=$((i + 1))
    done
    echo "set xlabel '$2'; plot $plots"
}
memory_figure() {
    local plots="" i
    for i in "${!kinds[@]}"; do
        plots+="${plots:+, }'$work/memory-$i.dat' with linespoints lw 2 pt 7 ps 0.5 lc rgb '#${colors[i]}' title '${kinds[i]%%:*}'"
    done
    echo "plot $plots"
}
gnuplot <<GNUPLOT
set terminal svg size 1120,920 font 'sans-serif,15' background rgb 'white'
set output '$out/performance/cost.svg'
set logscale xy; set grid lw 0.6 lc rgb '#e0e0e0'; set border 3; set tics nomirror
set ylabel 'seconds'; set format x '%.0s%c'; set format y '%.2g'
set key tmargin center horizontal Left reverse samplen 2 font ',13'
set multiplot layout 2,2
set xrange [*:*]; $(figure images "images (one thread, 0.5 M parameters)")
$(figure points "points of a surface (64 images, one thread)")
$(figure parameters "parameters (64 images, one thread)")
set xtics (1, 2, 4, 8, 16, 32, 64, 128, 256); set format x '%g'; set xrange [0.9:$threads * 1.2]
$(figure threads "threads (512 images; a step of 128)")
unset multiplot
set output '$out/performance/memory.svg'
set terminal svg size 700,460 font 'sans-serif,15' background rgb 'white'
unset logscale; set xtics auto; set format '%g'; set xlabel 'images of a step'; set ylabel 'MB'
set xrange [0:*]; set yrange [0:*]
$(memory_figure)
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
The table has exponents: time follows size to this power, 1 is proportional; for threads, -1 would be no loss. Images, points and
parameters are measured on one thread.

| | images | points | parameters | threads |
| --- | --- | --- | --- | --- |
PAGE
    for one in $works; do
        printf '| %s |' "${one//_/ }"
        for against in images points parameters threads; do printf ' %s |' "$(slope "$one" "$against")"; done
        echo
    done
    cat <<PAGE

A product with the Hessian costs $(ratio "Hessian product" gradient) gradients, four at once $(ratio "four Hessian products" gradient), a gradient $(ratio gradient loss) losses.

## Memory of training against the batch

![Memory against the images of a step](performance/memory.svg)

Resident memory in MB of a training step of ViT-Tiny on 32-pixel images (patches of 4, AdamW), without that of the program itself.
"Blocks again" is \`--checkpoint-blocks\`.

| |$(for batch in $batches; do printf ' %s |' "$batch"; done)
| --- |$(for batch in $batches; do printf ' --- |'; done)
PAGE
    for i in "${!kinds[@]}"; do
        awk -v kind="${kinds[i]%%:*}" 'BEGIN { printf "| %s |", kind } { printf " %.0f |", $2 } END { print "" }' "$work/memory-$i.dat"
    done
    if [[ -n $python ]]; then
        printf '\n## Beside PyTorch\n\nThe same masked autoencoder in PyTorch %s, eager and compiled; the faster counts, and under bf16 the fastest of all.\n\n' \
            "$("$python" -c 'import torch; print(torch.__version__.split("+")[0])')"
        sed 's/^/    /' "$work/peers.txt"
    fi
} >"$out/performance.md"
cp "$work/cost.csv" "$out/performance/cost.csv"
echo "wrote $out/performance.md" >&2
