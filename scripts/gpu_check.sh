#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build_dir=
prefix=
out=$root/build/gpu_check
python=python3
quick=0
limit=460
table=

usage() {
    cat <<'EOF_USAGE'
usage: scripts/gpu_check.sh [options]

Checks and measures vitscape on the GPU of this machine: builds for it, runs all CUDA tests, runs compute-sanitizer over
the quick ones, measures the GPU's ceilings, attention (beside cuDNN's where the build finds it), training, evaluation and a
loss surface, beside the same model in PyTorch where that is installed, and prints one table. Needs CMake, a C++ compiler,
the CUDA Toolkit and Eigen, xtensor, nlohmann-json, xxHash, CLI11 and Catch2. The exit status is 1 where a test or a sanitizer
run failed, 2 where nothing could be checked, else 0; what was not measured is said in the table.

  --build-dir DIR    take the programs that were built in DIR instead of building
  --prefix DIR       where the libraries are, beside where CMake looks by itself; with :, more than one
  --out DIR          for gpu_check.json, logs and, without --build-dir, the build     [build/gpu_check]
  --python PROGRAM   a Python with PyTorch, for the comparison                         [python3]
  --limit SECONDS    for everything; what does not fit is left out, or measured in part [460]
  --quick            one short turn of each measurement, a surface in part
  --help             this text
EOF_USAGE
}

fail() {
    echo "gpu_check.sh: $1" >&2
    exit 2
}

while (($#)); do
    case "$1" in
        --help | -h) usage && exit 0 ;;
        --quick) quick=1 ;;
        # --table is for the tests: the table, and beside the file the JSON, of lines that were kept
        --build-dir | --prefix | --out | --python | --limit | --table)
            (($# > 1)) || fail "$1 needs a value"
            name=${1#--}
            printf -v "${name//-/_}" '%s' "$2"
            shift
            ;;
        *) fail "unknown option '$1'; see --help" ;;
    esac
    shift
done
[[ "$limit" =~ ^[0-9]+$ ]] || fail "--limit takes whole seconds, not '$limit'"

# render FORMAT: the table, or the same as JSON, of the lines of JSON on the standard input, each a flat object on a line.
render() {
    awk -v format="$1" '
    function text(key,    rest) {  # the value of a key of this line
        if (!match($0, "\"" key "\": *")) return ""
        rest = substr($0, RSTART + RLENGTH)
        if (substr(rest, 1, 1) == "\"") {
            rest = substr(rest, 2)
            return substr(rest, 1, index(rest, "\"") - 1)
        }
        match(rest, /[,}]/)
        return substr(rest, 1, RSTART - 1)
    }
    function median(list,    n, values, i, j, swap) {
        n = split(list, values, " ")
        for (i = 2; i <= n; ++i)
            for (j = i; j > 1 && values[j - 1] + 0 > values[j] + 0; --j) {
                swap = values[j]; values[j] = values[j - 1]; values[j - 1] = swap
            }
        if (n == 0) return 0
        return n % 2 ? values[(n + 1) / 2] + 0 : (values[n / 2] + values[n / 2 + 1]) / 2
    }
    function least(list,    n, values, i, best) {
        n = split(list, values, " ")
        best = values[1] + 0
        for (i = 2; i <= n; ++i) if (values[i] + 0 < best) best = values[i] + 0
        return best
    }
    function most(list,    n, values, i, best) {
        n = split(list, values, " ")
        best = values[1] + 0
        for (i = 2; i <= n; ++i) if (values[i] + 0 > best) best = values[i] + 0
        return best
    }
    function rate(number) { return number >= 100 ? sprintf("%.0f", number) : sprintf("%.2f", number) }
    function share(speed, precision) {
        return ceiling[precision] > 0 ? speed / ceiling[precision] : 0
    }
    function percent(part) { return part > 0 ? sprintf("%.1f %%", 100 * part) : "-" }
    function number_or_null(number, digits) { return number > 0 ? sprintf("%." digits "f", number) : "null" }
    { part = text("part") }
    part == "machine" { machine = $0; gpu = text("gpu"); driver = text("driver"); cores = text("cores") }
    part == "test" || part == "sanitizer" {
        tool = part == "test" ? "tests" : text("tool")
        if (!(tool in seen)) { tools[++tool_count] = tool; seen[tool] = 1 }
        ++results[tool, text("result")]
        if (text("result") == "failed") failed[tool] = failed[tool] " " text("name")
    }
    part == "ceiling" {
        if (text("what") == "copy") copy = text("bytes_per_second") + 0
        else ceiling[text("precision")] = text("operations_per_second") + 0
    }
    part == "speed" {
        key = text("method") SUBSEP text("mode") SUBSEP text("size") SUBSEP text("precision") SUBSEP text("batch") \
            SUBSEP text("inputs")
        if (!(key in row_of)) { row_of[key] = ++rows; keys[rows] = key }
        program = text("program")
        rates[key, program] = rates[key, program] " " text("images_per_second")
        if (program == "library") operations[key] = text("operations_per_image") + 0
    }
    part == "surface" {
        ++surfaces
        surface_name[surfaces] = text("method") " " text("size") " " text("precision")
        surface_line[surfaces] = $0
        surface_seconds[surfaces] = text("seconds") + 0
        surface_points[surfaces] = text("points") + 0
        surface_measured[surfaces] = text("measured_points") + 0
        surface_images[surfaces] = text("images") + 0
        surface_share[surfaces] = text("operations_per_point") / text("seconds_per_point") SUBSEP text("precision")
    }
    part == "attention" {
        key = text("tokens") " tokens, " text("samples") " x " text("heads") " heads of " text("head_width")
        if (!(key in attention_of)) { attention_of[key] = ++attentions; attention_key[attentions] = key }
        passes["forward", key, text("kernels")] = passes["forward", key, text("kernels")] " " text("forward_microseconds")
        passes["backward", key, text("kernels")] = passes["backward", key, text("kernels")] " " text("backward_microseconds")
    }
    part == "note" { notes[++note_count] = text("text") }
    END {
        if (format == "json") printf "{\n  \"machine\": %s,\n", machine == "" ? "null" : machine
        else print gpu ", driver " driver ", " cores " processor cores"

        if (format == "json") printf "  \"checks\": ["
        for (i = 1; i <= tool_count; ++i) {
            tool = tools[i]
            if (format == "json")
                printf "%s\n    {\"check\": \"%s\", \"passed\": %d, \"failed\": %d, \"unfinished\": %d}", \
                    (i > 1 ? "," : ""), tool, results[tool, "passed"], results[tool, "failed"], \
                    results[tool, "unfinished"]
            else
                printf "%-10s %3d passed, %d failed%s%s\n", tool, results[tool, "passed"], results[tool, "failed"], \
                    results[tool, "unfinished"] ? ", " results[tool, "unfinished"] " not finished in time" : "", \
                    failed[tool] == "" ? "" : ":" failed[tool]
        }
        if (format == "json") {
            printf "\n  ],\n  \"ceilings\": {\"copy_bytes_per_second\": %s, \"bf16_operations_per_second\": %s, ", \
                number_or_null(copy, 0), number_or_null(ceiling["bf16"], 0)
            printf "\"float_operations_per_second\": %s},\n  \"speeds\": [", number_or_null(ceiling["float"], 0)
        } else if (copy > 0)
            printf "ceilings   copy %.2f TB/s, matrix products bf16 %.1f TFLOP/s, float %.1f TFLOP/s\n", copy / 1e12, \
                ceiling["bf16"] / 1e12, ceiling["float"] / 1e12
        if (format != "json" && rows > 0) {
            print ""
            print "images per second: median of the turns [least, greatest]; of peak: the share of the matrix-product ceiling;"
            print "ratio: to the faster one of PyTorch eager and compiled, the medians"
            printf "%-8s%-7s%-9s%-6s%6s  %-9s %26s%9s%11s%11s%7s\n", "method", "mode", "size", "", "batch", "images", \
                "images per second", "of peak", "eager", "compiled", "ratio"
        }
        for (i = 1; i <= rows; ++i) {
            key = keys[i]
            split(key, name, SUBSEP)
            ours = rates[key, "library"]
            here = median(ours); eager = median(rates[key, "eager"]); compiled = median(rates[key, "compile"])
            peer = eager > compiled ? eager : compiled
            part_of_peak = share(here * operations[key], name[4])
            ratio = peer > 0 ? here / peer : 0
            if (format == "json") {
                printf "%s\n    {\"method\": \"%s\", \"mode\": \"%s\", \"size\": \"%s\", \"precision\": \"%s\", ", \
                    (i > 1 ? "," : ""), name[1], name[2], name[3], name[4]
                printf "\"batch\": %d, \"inputs\": \"%s\", \"images_per_second\": %s, ", name[5], name[6], \
                    number_or_null(here, 2)
                printf "\"share_of_peak\": %s, \"eager\": %s, \"compiled\": %s, ", number_or_null(part_of_peak, 4), \
                    number_or_null(eager, 2), number_or_null(compiled, 2)
                printf "\"ratio\": %s}", number_or_null(ratio, 3)
            } else
                printf "%-8s%-7s%-9s%-6s%6d  %-9s %26s%9s%11s%11s%7s\n", name[1], name[2], name[3], name[4], name[5], \
                    name[6], (here > 0 ? rate(here) " [" rate(least(ours)) ", " rate(most(ours)) "]" : "-"), \
                    percent(part_of_peak), (eager > 0 ? rate(eager) : "-"), (compiled > 0 ? rate(compiled) : "-"), \
                    (ratio > 0 ? sprintf("%.2f", ratio) : "-")
        }
        if (format == "json") printf "\n  ],\n  \"surfaces\": ["
        else if (surfaces > 0) print ""
        for (i = 1; i <= surfaces; ++i) {
            split(surface_share[i], name, SUBSEP)
            part_of_peak = share(name[1], name[2])
            whole = surface_measured[i] == surface_points[i]
            if (format == "json")
                printf "%s\n    {\"share_of_peak\": %s, \"whole\": %s, \"measured\": %s}", (i > 1 ? "," : ""), \
                    number_or_null(part_of_peak, 4), whole ? "true" : "false", surface_line[i]
            else
                printf "surface    %s, %d points of %d images: %.1f s (%s), %s of peak\n", surface_name[i], \
                    surface_points[i], surface_images[i], surface_seconds[i], \
                    whole ? "all measured" : "from " surface_measured[i] " measured points", percent(part_of_peak)
        }
        if (format == "json") printf "\n  ],\n  \"attention\": ["
        else if (attentions > 0)
            print "\nattention in bf16, microseconds forward + backward, the medians; ratio: of the sums, cuDNN over our own kernels"
        for (i = 1; i <= attentions; ++i) {
            key = attention_key[i]
            own[1] = median(passes["forward", key, "own"]); own[2] = median(passes["backward", key, "own"])
            peer = median(passes["forward", key, "cudnn"]); backward = median(passes["backward", key, "cudnn"])
            ratio = peer > 0 && own[1] + own[2] > 0 ? (peer + backward) / (own[1] + own[2]) : 0
            if (format == "json") {
                printf "%s\n    {\"shape\": \"%s\", \"own_forward\": %s, \"own_backward\": %s, ", (i > 1 ? "," : ""), key, \
                    number_or_null(own[1], 2), number_or_null(own[2], 2)
                printf "\"cudnn_forward\": %s, \"cudnn_backward\": %s, \"ratio\": %s}", number_or_null(peer, 2), \
                    number_or_null(backward, 2), number_or_null(ratio, 3)
            } else
                printf "%-11s%s: own %.1f + %.1f, cuDNN %s\n", "attention", key, own[1], own[2], \
                    (peer > 0 ? sprintf("%.1f + %.1f, ratio %.2f", peer, backward, ratio) : "was not in this build")
        }
        if (format == "json") printf "\n  ],\n  \"notes\": ["
        for (i = 1; i <= note_count; ++i)
            if (format == "json") printf "%s\n    \"%s\"", (i > 1 ? "," : ""), notes[i]
            else print "note       " notes[i]
        if (format == "json") print "\n  ]\n}"
    }'
}

if [[ -n "$table" ]]; then
    render text <"$table"
    render json <"$table" >"${table%.jsonl}.json"
    exit 0
fi

# ---- the machine

no_gpu="no GPU was found; run this where nvidia-smi lists one, with NVIDIA's driver installed"
if [[ -n "${CUDA_VISIBLE_DEVICES+set}" && ! "$CUDA_VISIBLE_DEVICES" =~ ^[^-] ]]; then
    fail "no GPU may be used, since CUDA_VISIBLE_DEVICES is '$CUDA_VISIBLE_DEVICES'; unset it"
fi
command -v nvidia-smi >/dev/null || fail "$no_gpu"
ask_gpu() { nvidia-smi --query-gpu="$1" --format=csv,noheader 2>/dev/null | head -n 1; }
gpu=$(ask_gpu name) || fail "$no_gpu"
[[ -n "$gpu" && "$gpu" != *"No devices"* ]] || fail "$no_gpu"
capability=$(ask_gpu compute_cap)
cores=$(nproc)
mkdir -p "$out"
out=$(cd "$out" && pwd)
lines=$out/lines.jsonl
: >"$lines"
work=$(mktemp -d)
children=()
finish() {
    local child
    for child in ${children[@]+"${children[@]}"}; do kill "$child" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT

say() { echo "[$SECONDS s] $*" >&2; }
left() { echo $((limit - SECONDS)); }
# clipped SECONDS RESERVE: as many seconds, or what is left but for the reserve, at least 1.
clipped() {
    local rest=$(($(left) - $2))
    ((rest < $1)) || rest=$1
    echo $((rest > 1 ? rest : 1))
}
note() {
    say "$1"
    printf '{"part": "note", "text": "%s"}\n' "$(printf '%s' "$1" | tr -d '"\134' | tr '[:cntrl:]' ' ')" >>"$lines"
}
failures=0
# result KIND TOOL NAME RESULT SECONDS
result() {
    printf '{"part": "%s", "tool": "%s", "name": "%s", "result": "%s", "seconds": %s}\n' "$@" >>"$lines"
    [[ "$4" != failed ]] || failures=$((failures + 1))
    say "$2 $3: $4"
}
printf '{"part": "machine", "gpu": "%s", "capability": "%s", "driver": "%s", "cores": %d, "quick": %d}\n' \
    "$gpu" "$capability" "$(ask_gpu driver_version)" "$cores" "$quick" >>"$lines"

# ---- the build

# Header-only libraries are often unpacked without their package files: gives those that lie in a prefix so the smallest
# package file that does. describe NAME TARGET HEADER [FOLDER]
describe() {
    local folder headers file=$out/packages/$1/$1Config.cmake
    for folder in ${prefix//:/ }; do
        [[ -z "$(find "$folder" \( -iname "$1Config.cmake" -o -iname "$1-config.cmake" \) -print -quit 2>/dev/null)" ]] ||
            return 0
    done
    for folder in ${prefix//:/ }; do
        for headers in "$folder/include${4:+/$4}" "$folder/include" "$folder${4:+/$4}" "$folder"; do
            [[ -e "$headers/$3" ]] || continue
            mkdir -p "$(dirname "$file")"
            printf 'if(NOT TARGET %s)\n    add_library(%s INTERFACE IMPORTED GLOBAL)\n' "$2" "$2" >"$file"
            printf '    set_target_properties(%s PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "%s")\nendif()\n' "$2" \
                "$(cd "$headers" && pwd)" >>"$file"
            packages+=";$(dirname "$file")"
            return 0
        done
    done
}

built_here=0
build() {
    local architecture=native packages='' programs target
    [[ ! "$capability" =~ ^[0-9]+\.[0-9]+$ ]] || architecture=${capability/./}-real
    build_dir=$out/build
    if ! command -v nvcc >/dev/null && [[ -x /usr/local/cuda/bin/nvcc ]]; then PATH+=:/usr/local/cuda/bin; fi
    describe Eigen3 Eigen3::Eigen Eigen/Core eigen3
    describe xtl xtl xtl/xsequence.hpp
    describe xtensor xtensor xtensor/xtensor.hpp
    describe nlohmann_json nlohmann_json::nlohmann_json nlohmann/json.hpp
    describe CLI11 CLI11::CLI11 CLI/CLI.hpp
    describe Catch2 Catch2::Catch2 catch2/catch.hpp
    local generator=()
    if command -v ninja >/dev/null; then generator=(-G Ninja); fi
    say "building for architecture $architecture"
    cmake -S "$root" -B "$build_dir" ${generator[@]+"${generator[@]}"} -DCMAKE_BUILD_TYPE=Release \
        "-DCMAKE_CUDA_ARCHITECTURES=$architecture" "-DCMAKE_PREFIX_PATH=${prefix//:/;}$packages" \
        -DVITSCAPE_ENABLE_SOURCE_CHECKS=OFF -DVITSCAPE_ENABLE_INSTALL=OFF >"$out/configure.log" 2>&1 || {
        tail -n 15 "$out/configure.log" >&2
        fail "the configuration failed; see $out/configure.log"
    }
    mapfile -t programs < <(cmake --build "$build_dir" --target help |
        grep -oE '\b((test_[a-z_]+|benchmark_(device|attention))_cuda|test_nccl)\b' | sort -u)
    ((${#programs[@]})) || {
        tail -n 25 "$out/configure.log" >&2
        fail "this build has no CUDA programs: CMake found no nvcc or no Catch2; see $out/configure.log"
    }
    local go_on=(-k)
    ((!${#generator[@]})) || go_on=(-k 0)
    timeout "$(clipped 400 30)" cmake --build "$build_dir" -j "$cores" --target "${programs[@]}" -- "${go_on[@]}" \
        >"$out/build.log" 2>&1 || grep -E 'error|Error' "$out/build.log" | head -n 5 >&2 || true
    built_here=1
    for target in "${programs[@]}"; do
        [[ -n "$(program "$target")" ]] || result test build "$target" failed 0
    done
}

# program NAME: where it lies in the build.
program() { find "$build_dir" -name "$1" -type f -perm -u+x -print -quit 2>/dev/null; }

if [[ -n "$build_dir" ]]; then
    [[ -d "$build_dir" ]] || fail "there is no folder '$build_dir'"
    build_dir=$(cd "$build_dir" && pwd)
else
    build
fi

# ---- the tests

export VITSCAPE_GOLDEN_DIR=${VITSCAPE_GOLDEN_DIR:-$root/tests/data/golden}
declare -A seconds_of=()
run_tests() {
    local box log=$out/tests.log line path name verdict start
    box=$(clipped 120 60)
    # A folder that was moved here names other places in its list of tests.
    if command -v ctest >/dev/null && grep -qsxF "CMAKE_CACHEFILE_DIR:INTERNAL=$build_dir" "$build_dir/CMakeCache.txt" &&
        grep -qE '^Total Tests: [1-9]' <<<"$(ctest --test-dir "$build_dir" -L cuda -N 2>/dev/null)"; then
        timeout "$box" ctest --test-dir "$build_dir" -L cuda --timeout 90 --output-on-failure >"$log" 2>&1 || true
        while read -r line; do
            [[ "$line" =~ ^[0-9]+/[0-9]+\ Test\ +#[0-9]+:\ (.*[^ .])\ \.+(.*)\ ([0-9.]+)\ sec ]] || continue
            ((!built_here)) || [[ "$line" != *"Not Run"* ]] || continue  # said already
            name=${BASH_REMATCH[1]#cuda } verdict=failed
            [[ "${BASH_REMATCH[2]}" != *Passed* ]] || verdict=passed
            seconds_of[$name]=${BASH_REMATCH[3]}
            result test ctest "$name" "$verdict" "${BASH_REMATCH[3]}"
        done <"$log"
        # Tests that did not come to their end have not passed.
        grep -q '^Total Test time' "$log" || result test ctest "all of them, within $box s" failed "$box"
        return
    fi
    : >"$log"
    while read -r path; do
        name=$(basename "$path") && name=${name#test_} && name=${name%_cuda}
        start=${EPOCHREALTIME/,/.} verdict=passed
        timeout "$(clipped 90 60)" "$path" </dev/null >"$work/test" 2>&1 || verdict=failed
        ! grep -q 'skipped: compiled, not run' "$work/test" || verdict=failed
        cat "$work/test" >>"$log"
        [[ $verdict == passed ]] || tail -n 20 "$work/test" >&2
        seconds_of[$name]=$(awk -v a="$start" -v b="${EPOCHREALTIME/,/.}" 'BEGIN { printf "%.2f", b - a }')
        result test test "$name" "$verdict" "${seconds_of[$name]}"
    done < <(find "$build_dir" \( -name 'test_*_cuda' -o -name test_nccl \) -type f -perm -u+x | sort)
}
say "tests"
run_tests
((${#seconds_of[@]})) || note "no CUDA test was found in $build_dir"

# ---- compute-sanitizer over the tests that are quick

sanitize() {
    local sanitizer box deadline name tool path verdict code jobs_running=0 quick_ones=()
    sanitizer=$(command -v compute-sanitizer || true)
    for path in /usr/local/cuda/bin/compute-sanitizer /opt/cuda/bin/compute-sanitizer; do
        [[ -n "$sanitizer" || ! -x "$path" ]] || sanitizer=$path
    done
    [[ -n "$sanitizer" ]] || {
        note "compute-sanitizer is not installed: memcheck and racecheck are left out"
        return
    }
    mapfile -t quick_ones < <(for name in "${!seconds_of[@]}"; do echo "${seconds_of[$name]} $name"; done |
        sort -n | awk '$1 <= 8 { print $2 }')
    box=$(clipped "$((quick ? 40 : 75))" 90)
    deadline=$((SECONDS + box))
    for tool in memcheck racecheck; do
        for name in ${quick_ones[@]+"${quick_ones[@]}"}; do
            path=$(program "test_${name}_cuda")
            [[ -n "$path" ]] || continue
            if ((SECONDS >= deadline - 1)); then
                result sanitizer "$tool" "$name" unfinished 0
                continue
            fi
            while ((jobs_running >= 4)); do
                wait -n || true
                jobs_running=$((jobs_running - 1))
            done
            (
                code=0
                timeout -k 2 "$((deadline - SECONDS))" "$sanitizer" --tool "$tool" --error-exitcode 97 "$path" \
                    >"$out/$tool.$name.log" 2>&1 || code=$?
                echo "$code" >"$work/$tool.$name"
            ) </dev/null &
            children+=("$!")
            jobs_running=$((jobs_running + 1))
        done
    done
    wait
    children=()
    for path in "$work"/{memcheck,racecheck}.*; do
        [[ -e "$path" ]] || continue
        name=$(basename "$path") && tool=${name%%.*} && name=${name#*.}
        case $(<"$path") in
            0) verdict=passed ;;
            124 | 137) verdict=unfinished ;;
            *) verdict=failed && tail -n 5 "$out/$tool.$name.log" >&2 ;;
        esac
        result sanitizer "$tool" "$name" "$verdict" 0
    done
}
say "compute-sanitizer"
sanitize

# ---- the measurements

device=$(program benchmark_device_cuda)
[[ -n "$device" ]] || note "there is no benchmark_device_cuda in $build_dir: nothing is measured"
peers=()
torch=$("$python" -c 'import torch; print(torch.__version__ if torch.cuda.is_available() else "")' 2>/dev/null || true)
if [[ -n "$torch" ]]; then
    peers=(eager compile)
else
    note "'$python' has no PyTorch with CUDA: there is no comparison"
fi
rounds=3 turn_seconds=1
((!quick)) || rounds=1

# Two programs that are to be compared are started, get ready both, and then take turns on the GPU.
declare -A asks=() answers=() process_of=()
# start NAME COMMAND...
start() {
    local name=$1 ask=$work/$1.ask answer=$work/$1.answer
    shift
    rm -f "$ask" "$answer"
    mkfifo "$ask" "$answer"
    "$@" <"$ask" >"$answer" 2>"$out/$name.log" &
    process_of[$name]=$!
    children+=("$!")
    exec {fd}>"$ask" && asks[$name]=$fd
    exec {fd}<"$answer" && answers[$name]=$fd
}
# answer NAME SECONDS: its next line of JSON; fails where there is none in that time.
answer() {
    local line
    while read -r -t "$2" -u "${answers[$1]}" line; do
        [[ "${line:0:1}" == "{" ]] && printf '%s\n' "$line" && return
    done
    return 1
}
stop() {
    local fd=${asks[$1]}
    exec {fd}>&-
    fd=${answers[$1]}
    exec {fd}<&-
    kill "${process_of[$1]}" 2>/dev/null || true
    wait "${process_of[$1]}" 2>/dev/null || true
    unset "asks[$1]" "answers[$1]" "process_of[$1]"
}

# compare METHOD MODE SIZE BATCH PRECISION INPUTS [PEER...]
compare() {
    local method=$1 mode=$2 size=$3 batch=$4 precision=$5 inputs=$6 name line ready=() round
    shift 6
    local case="$method $mode $size $precision, images $inputs"
    if (($(left) < 25)); then
        note "$case: left out, no time was left"
        return
    fi
    say "$case"
    local common=(--method "$method" --size "$size" --mode "$mode" --batch "$batch" --precision "$precision" --seconds "$turn_seconds" --turns)
    for name in library "$@"; do
        case $name in
            library) start library "$device" --measure "$mode" --method "$method" --size "$size" --batch "$batch" \
                --precision "$precision" --inputs "$inputs" --seconds "$turn_seconds" --turns ;;
            eager) start eager "$python" "$root/benchmarks/pytorch_peer.py" --device cuda "${common[@]}" ;;
            compile) start compile "$python" "$root/benchmarks/pytorch_peer.py" --device cuda --compile "${common[@]}" ;;
        esac
    done
    for name in library "$@"; do
        if answer "$name" "$(clipped 120 15)" >/dev/null; then
            ready+=("$name")
        else
            note "$case: $name did not get ready: $(tail -n 1 "$out/$name.log")"
        fi
    done
    for ((round = 1; round <= rounds; ++round)); do
        for name in ${ready[@]+"${ready[@]}"}; do
            if echo >&"${asks[$name]}" && line=$(answer "$name" "$((turn_seconds + 20))"); then
                printf '{"program": "%s", "round": %d, %s\n' "$name" "$round" "${line#\{}" >>"$lines"
            else
                note "$case: $name gave no measurement in turn $round: $(tail -n 1 "$out/$name.log")"
            fi
        done
    done
    for name in library "$@"; do stop "$name"; done
}

trap '' PIPE  # a program that ended is noticed by its missing answer
if [[ -n "$device" ]]; then
    say "ceilings"
    timeout "$(clipped 60 30)" "$device" --measure ceilings 2>"$out/ceilings.log" >>"$lines" ||
        note "the ceilings were not measured: $(tail -n 1 "$out/ceilings.log")"
    attention=$(program benchmark_attention_cuda)
    if [[ -n "$attention" ]]; then
        say "attention"
        timeout "$(clipped 60 30)" "$attention" 2>"$out/attention.log" >>"$lines" ||
            note "attention was not measured to its end: $(tail -n 1 "$out/attention.log")"
    fi
    compare mae train base224 256 bf16 resident ${peers[@]+"${peers[@]}"}
    compare mae eval base224 256 bf16 resident ${peers[@]+"${peers[@]}"}
    if (($(left) > 30)); then
        # The surface may take half of what is left, at most a minute; what it does not reach is extrapolated.
        surface_seconds=$(($(left) / 2))
        ((surface_seconds <= 60)) || surface_seconds=60
        ((!quick)) || surface_seconds=15
        say "surface"
        timeout "$((surface_seconds + 40))" "$device" --measure surface --size base224 --precision bf16 --images 1024 \
            --points 51 --seconds "$surface_seconds" 2>"$out/surface.log" >>"$lines" ||
            note "the surface was not measured: $(tail -n 1 "$out/surface.log")"
    else
        note "the surface is left out, no time was left"
    fi
    compare mae train tiny32 2048 bf16 resident ${peers[@]+"${peers[@]}"}
    compare rc-mae train base224 256 bf16 resident ${peers[@]+"${peers[@]}"}
    compare rc-mae train tiny32 2048 bf16 resident ${peers[@]+"${peers[@]}"}
    compare mae eval tiny32 2048 bf16 resident ${peers[@]+"${peers[@]}"}
    for mode in train eval; do
        compare mae $mode base224 128 float resident
        compare mae $mode tiny32 2048 float resident
    done
    compare rc-mae train base224 128 float resident
    compare rc-mae train tiny32 2048 float resident
    compare mae train base224 256 bf16 host
    compare mae train tiny32 2048 bf16 host
fi

echo
render text <"$lines"
render json <"$lines" >"$out/gpu_check.json"
echo "written: $out/gpu_check.json" >&2
((failures == 0))
