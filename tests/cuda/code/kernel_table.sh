#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

usage() {
    cat <<'EOF'
usage: kernel_table.sh NVCC [OPTION...]

What the compiler made of each kernel, for compute capability 9.0: registers and bytes of spilled ones per thread, threads and
shared memory per block, how many blocks a multiprocessor holds, 128-bit accesses to global memory, tensor-core products and 64-bit
divisions. Needs no GPU. OPTIONs, such as -I, go to the compiler. Divisions are counted in PTX, the others in SASS where cuobjdump is
found, else in PTX too.

Fails where a kernel spills, where one that streams through memory has no 128-bit loads and stores or divides 64-bit numbers, where
attention in bfloat16 has no tensor-core products, and where a multiprocessor holds fewer blocks than a kernel was written for.
EOF
}
(($# > 0)) && [[ "$1" != --help && "$1" != -h ]] || { usage && exit $(($# > 0 ? 0 : 2)); }

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
nvcc="$1"
shift
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
"$nvcc" -x cu -std=c++20 --expt-relaxed-constexpr -diag-suppress=20012,20014 -DNDEBUG -arch=sm_90 -Xptxas -v -keep "$@" \
    -o table "$here/kernels.cpp" >log 2>&1 || { cat log >&2 && exit 1; }
./table >kernels
dump="$(command -v cuobjdump || find "$(dirname "$(readlink -f "$(command -v "$nvcc")")")" -name cuobjdump -print -quit)"
if [[ -n "$dump" ]]; then
    "$dump" -sass table >code
else
    cp kernels*.ptx code
fi

# The types by which c++filt names the kernels, as the program prints them.
demangled() { c++filt | sed -E 's/void vitscape::detail::run_kernel<(.*)>\(.*\)/\1/; s/ +$//'; }
{
    sed -nE "s/.*Compiling entry function '([^']+)'.*/entry \1/p; s/.* ([0-9]+) bytes spill stores, ([0-9]+) bytes spill loads.*/spill \1/p; s/.*Used ([0-9]+) registers.*/registers \1/p" log
    sed -nE 's/^.*\.entry ([A-Za-z0-9_$]+).*/entry \1/p; /(div|rem)\.[su]64/s/.*/division/p' kernels*.ptx
    sed -nE 's/^\s*Function : (\S+)/entry \1/p; s/^.*\.entry ([A-Za-z0-9_$]+).*/entry \1/p
        /LDG\.E.*\.128|ld\.global.*\.(v4\.[bfu]32|v2\.[bfu]64)/s/.*/wide load/p
        /STG\.E.*\.128|st\.global.*\.(v4\.[bfu]32|v2\.[bfu]64)/s/.*/wide store/p
        /HMMA|mma\.sync/s/.*/mma/p' code
} | demangled >facts

awk -F '\t' '
    FILENAME == "facts" {
        split($0, word, " ")
        if (word[1] == "entry") { name = substr($0, 7); next }
        if (word[1] == "spill") spill[name] = word[2]
        else if (word[1] == "registers") registers[name] = word[2]
        else ++count[name, $0]
        next
    }
    function least(a, b) { return a < b ? a : b }
    function fail(text) { print "FAILED: " text; bad = 1 }
    FNR == 1 {
        printf "%-78s%5s%6s%8s%8s%7s%6s%6s%5s%5s\n", "kernel, on sm_90", "regs", "spill", "threads", "shared", "blocks", \
            "ld128", "st128", "mma", "div"
    }
    {
        name = $1; threads = $2; shared = $3
        short = name
        gsub(/vitscape::(kernels::|operand::|functor::)?/, "", short)
        if (!(name in registers)) { fail("the compiler says nothing of " name); next }
        warps = threads / 32
        blocks = least(int(65536 / (int((registers[name] + 7) / 8) * 8 * 32 * warps)), int(2048 / threads))
        blocks = least(least(blocks, int(233472 / (shared + 1024))), 32)
        printf "%-78s%5d%6d%8d%8d%7d%6d%6d%5d%5d\n", short, registers[name], spill[name], threads, shared, blocks, \
            count[name, "wide load"], count[name, "wide store"], count[name, "mma"], count[name, "division"]
        if (spill[name] > 0) fail(short " spills registers")
        if (count[name, "division"] > 0) fail(short " divides 64-bit numbers")
        attention = short ~ /^Attention/
        if (short !~ /^(CrossEntropy|AddPartialSums)/ && !count[name, "wide load"]) fail(short " has no 128-bit loads")
        if (short !~ /^(CrossEntropy|AddPartialSums|ColumnSums|ElementLoss<)/ && !count[name, "wide store"])
            fail(short " has no 128-bit stores")
        if (attention && short ~ /bfloat16/ && !count[name, "mma"]) fail(short " does not use tensor cores")
        # With fewer threads too few loads are in flight to hide the latency of memory.
        wanted = short ~ /float>$/ || attention ? 1 : short ~ /LayerNormBackward/ ? 512 : 768
        if (blocks * threads < wanted)
            fail(short ": " blocks * threads " threads fit a multiprocessor, " wanted " are wanted")
    }
    END { exit bad }
' facts kernels || status=$?
[[ -n "$dump" ]] || echo "(counted in PTX: cuobjdump was not found)"
exit "${status:-0}"
