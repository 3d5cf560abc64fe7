#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What scripts/gpu_check.sh does around the GPU, on machines with and without one: its refusals, its table of given lines,
# and its whole way with programs that stand in for the tests, compute-sanitizer, the measurements and PyTorch.
set -euo pipefail

script="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/scripts/gpu_check.sh"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"

expect() {  # expect TEXT FILE
    grep -qF -- "$1" "$2" || { echo "FAILED: no '$1' in $2:" && cat "$2" && exit 1; }
}
status() {  # status EXPECTED COMMAND...: its output in `out` and `error`
    local expected=$1 code=0
    shift
    "$@" >out 2>error </dev/null || code=$?
    ((code == expected)) || { echo "FAILED: exit status $code of $*" && cat out error && exit 1; }
}

status 0 "$script" --help
for option in --build-dir --prefix --out --python --limit --quick; do expect "$option" out; done
status 2 "$script" --surprise
expect "unknown option '--surprise'" error
status 2 "$script" --out
expect "--out needs a value" error

# No GPU: one sentence, before anything is built or written.
status 2 env CUDA_VISIBLE_DEVICES= "$script" --out not_made
[[ "$(wc -l <error)" == 1 ]] && expect "no GPU" error
mkdir no_gpu && printf '#!/bin/sh\necho "No devices were found"; exit 6\n' >no_gpu/nvidia-smi && chmod +x no_gpu/nvidia-smi
status 2 env -u CUDA_VISIBLE_DEVICES PATH="$folder/no_gpu:$PATH" "$script" --out not_made
[[ "$(wc -l <error)" == 1 ]] && expect "no GPU was found" error
[[ ! -e not_made ]] || { echo "FAILED: something was written without a GPU" && exit 1; }

# The table: medians, shares of the ceiling, ratios, a surface in part.
cat >lines.jsonl <<'LINES'
{"part": "machine", "gpu": "Invented GPU", "capability": "9.0", "driver": "1.2", "cores": 16, "quick": 0}
{"part": "test", "tool": "ctest", "name": "core", "result": "passed", "seconds": 1}
{"part": "test", "tool": "ctest", "name": "mae", "result": "failed", "seconds": 1}
{"part": "sanitizer", "tool": "memcheck", "name": "core", "result": "passed", "seconds": 0}
{"part": "sanitizer", "tool": "memcheck", "name": "mae", "result": "unfinished", "seconds": 0}
{"part": "ceiling", "what": "copy", "bytes_per_second": 2.5000e+12}
{"part": "ceiling", "what": "product", "precision": "bf16", "operations_per_second": 4.0000e+14}
{"program": "library", "round": 1, "part": "speed", "method": "mae", "mode": "train", "size": "base224", "precision": "bf16", "batch": 256, "inputs": "resident", "images_per_second": 1900.00, "min": 1.00, "max": 2.00, "operations_per_image": 5.000000e+10}
{"program": "eager", "round": 1, "size": "base224", "mode": "train", "batch": 256, "images_per_second": 900.0, "method": "mae", "inputs": "resident", "part": "speed", "precision": "bf16"}
{"program": "compile", "round": 1, "size": "base224", "mode": "train", "batch": 256, "images_per_second": 1600.0, "method": "mae", "inputs": "resident", "part": "speed", "precision": "bf16"}
{"program": "library", "round": 2, "part": "speed", "method": "mae", "mode": "train", "size": "base224", "precision": "bf16", "batch": 256, "inputs": "resident", "images_per_second": 2100.00, "min": 1.00, "max": 2.00, "operations_per_image": 5.000000e+10}
{"program": "library", "round": 3, "part": "speed", "method": "mae", "mode": "train", "size": "base224", "precision": "bf16", "batch": 256, "inputs": "resident", "images_per_second": 2000.00, "min": 1.00, "max": 2.00, "operations_per_image": 5.000000e+10}
{"program": "library", "round": 1, "part": "speed", "method": "mae", "mode": "eval", "size": "tiny32", "precision": "float", "batch": 64, "inputs": "host", "images_per_second": 12.34, "min": 1.00, "max": 2.00, "operations_per_image": 5.000000e+10}
{"program": "library", "round": 1, "part": "speed", "method": "rc-mae", "mode": "train", "size": "base224", "precision": "bf16", "batch": 256, "inputs": "resident", "images_per_second": 1500.00, "min": 1.00, "max": 2.00, "operations_per_image": 6.000000e+10}
{"program": "compile", "round": 1, "size": "base224", "mode": "train", "batch": 256, "images_per_second": 1250.0, "method": "rc-mae", "inputs": "resident", "part": "speed", "precision": "bf16"}
{"part": "surface", "method": "mae", "size": "base224", "precision": "bf16", "images": 1024, "batch": 256, "points": 2601, "measured_points": 300, "preparation_seconds": 3.000, "seconds": 99.500, "seconds_per_point": 0.050000, "operations_per_point": 1.000000e+13}
{"part": "attention", "kernels": "own", "tokens": 50, "samples": 256, "heads": 12, "head_width": 64, "forward_microseconds": 40.00, "backward_microseconds": 100.00}
{"part": "attention", "kernels": "cudnn", "tokens": 50, "samples": 256, "heads": 12, "head_width": 64, "forward_microseconds": 50.00, "backward_microseconds": 90.00}
{"part": "attention", "kernels": "own", "tokens": 50, "samples": 256, "heads": 12, "head_width": 64, "forward_microseconds": 60.00, "backward_microseconds": 150.00}
{"part": "attention", "kernels": "cudnn", "tokens": 50, "samples": 256, "heads": 12, "head_width": 64, "forward_microseconds": 60.00, "backward_microseconds": 80.00}
{"part": "attention", "kernels": "own", "tokens": 197, "samples": 256, "heads": 12, "head_width": 64, "forward_microseconds": 200.00, "backward_microseconds": 500.00}
{"part": "note", "text": "left out, for a reason"}
LINES
status 0 "$script" --table lines.jsonl
expect "Invented GPU, driver 1.2, 16 processor cores" out
expect "tests        1 passed, 1 failed: mae" out
expect "memcheck     1 passed, 0 failed, 1 not finished in time" out
expect "copy 2.50 TB/s, matrix products bf16 400.0 TFLOP/s" out
grep -qE '^mae +train +base224 +bf16 +256 +resident +2000 \[1900, 2100\] +25\.0 % +900 +1600 +1\.25$' out ||
    { echo "FAILED: the row" && cat out && exit 1; }
grep -qE '^rc-mae +train +base224 +bf16 +256 +resident +1500 \[1500, 1500\] +22\.5 % +- +1250 +1\.20$' out ||
    { echo "FAILED: the row of another method" && cat out && exit 1; }
grep -qE '^mae +eval +tiny32 +float +64 +host +12\.34 \[12\.34, 12\.34\] +- +- +- +-$' out ||
    { echo "FAILED: the row without peers" && cat out && exit 1; }
expect "2601 points of 1024 images: 99.5 s (from 300 measured points), 50.0 % of peak" out
expect "attention  50 tokens, 256 x 12 heads of 64: own 50.0 + 125.0, cuDNN 55.0 + 85.0, ratio 0.80" out
expect "attention  197 tokens, 256 x 12 heads of 64: own 200.0 + 500.0, cuDNN was not in this build" out
expect "note       left out, for a reason" out
expect '"images_per_second": 2000.00, "share_of_peak": 0.2500, "eager": 900.00, "compiled": 1600.00, "ratio": 1.250}' lines.json
expect '"share_of_peak": null, "eager": null, "compiled": null, "ratio": null}' lines.json
expect '"whole": false' lines.json
expect '"cudnn_forward": 55.00, "cudnn_backward": 85.00, "ratio": 0.800}' lines.json
expect '"cudnn_forward": null, "cudnn_backward": null, "ratio": null}' lines.json
if command -v python3 >/dev/null; then python3 -m json.tool lines.json >/dev/null; fi

# The whole way, with stand-ins.
mkdir -p tools build/tests
stand_in() { cat >"$1" && chmod +x "$1"; }
stand_in tools/nvidia-smi <<'PROGRAM'
#!/bin/sh
case "$1" in *name) echo "Stand-in" ;; *compute_cap) echo 9.0 ;; *) echo 1.0 ;; esac
PROGRAM
stand_in tools/compute-sanitizer <<'PROGRAM'
#!/bin/sh
[ "$2" = racecheck ] && case "$5" in *test_one_cuda) exit 97 ;; esac
exec "$5"
PROGRAM
stand_in tools/python <<'PROGRAM'
#!/bin/bash
[[ "$1" != -c ]] || { echo 1.0; exit; }
[[ "$*" != *--compile* ]] || rate=50
printf 'a warning\n{"ready": true}\n'
read -r _ || exit
[[ "$*" =~ --method\ ([a-z-]*)\ --size\ ([a-z0-9]*)\ --mode\ ([a-z]*)\ --batch\ ([0-9]*) ]]
echo '{"size": "'"${BASH_REMATCH[2]}"'", "mode": "'"${BASH_REMATCH[3]}"'", "batch": '"${BASH_REMATCH[4]}"', "images_per_second": '"${rate:-80}"', "precision": "bf16", "method": "'"${BASH_REMATCH[1]}"'", "inputs": "resident", "part": "speed"}'
PROGRAM
stand_in build/tests/test_one_cuda <<<'#!/bin/sh'
stand_in build/tests/test_two_cuda <<<'#!/bin/sh'
stand_in build/benchmark_device_cuda <<'PROGRAM'
#!/bin/bash
declare -A o
for ((i = 1; i <= $#; i += 2)); do j=$((i + 1)) && o[${!i}]=${!j:-}; done
case "${o[--measure]}" in
    ceilings) echo '{"part": "ceiling", "what": "product", "precision": "bf16", "operations_per_second": 1e12}' ;;
    surface) echo "out of memory, \"invented\"" >&2 && exit 1 ;;
    *)
        [[ "${o[--precision]}" != float ]] || exit 1
        echo '{"ready": true}'
        while read -r _; do
            echo '{"part": "speed", "method": "'"${o[--method]}"'", "mode": "'"${o[--measure]}"'", "size": "'"${o[--size]}"'", "precision": "bf16", "batch": '"${o[--batch]}"', "inputs": "'"${o[--inputs]}"'", "images_per_second": 100, "operations_per_image": 1e9}'
        done
        ;;
esac
PROGRAM
stand_in build/benchmark_attention_cuda <<'PROGRAM'
#!/bin/sh
echo '{"part": "attention", "kernels": "own", "tokens": 257, "samples": 1, "heads": 1, "head_width": 64, "forward_microseconds": 1, "backward_microseconds": 2}'
echo "benchmark_attention_cuda: invented" >&2 && exit 1
PROGRAM
checked=(env -u CUDA_VISIBLE_DEVICES PATH="$folder/tools:$PATH" "$script" --build-dir build --out result --quick)
status 1 "${checked[@]}" --python "$folder/tools/python"  # racecheck found something
expect "tests        2 passed, 0 failed" out
expect "memcheck     2 passed, 0 failed" out
expect "racecheck    1 passed, 1 failed: one" out
grep -qE '^mae +train +base224 +bf16 +256 +resident +100 \[100, 100\] +10\.0 % +80\.00 +50\.00 +1\.25$' out ||
    { echo "FAILED: the row of turns" && cat out error && exit 1; }
for size in base224 tiny32; do
    grep -qE "^rc-mae +train +$size +bf16 +[0-9]+ +resident +100 \[100, 100\] +10\.0 % +80\.00 +50\.00 +1\.25\$" out ||
        { echo "FAILED: the row of RC-MAE" && cat out error && exit 1; }
done
expect "rc-mae train base224 float, images resident: library did not get ready" out
grep -qE '^mae +train +tiny32 +bf16 +2048 +host +100 ' out || { echo "FAILED: later parts" && cat out error && exit 1; }
expect "attention  257 tokens, 1 x 1 heads of 64: own 1.0 + 2.0, cuDNN was not in this build" out
expect "attention was not measured to its end: benchmark_attention_cuda: invented" out
expect "the surface was not measured: out of memory, invented" out
expect "mae train base224 float, images resident: library did not get ready" out
expect '"ratio": 1.250}' result/gpu_check.json
if command -v python3 >/dev/null; then python3 -m json.tool result/gpu_check.json >/dev/null; fi

stand_in tools/compute-sanitizer <<'PROGRAM'
#!/bin/sh
exec "$5"
PROGRAM
status 0 "${checked[@]}" --python "$folder/tools/none"
expect "has no PyTorch with CUDA: there is no comparison" out
stand_in build/tests/test_two_cuda <<<'exit 3'
status 1 "${checked[@]}" --python "$folder/tools/none"
expect "tests        1 passed, 1 failed: two" out
# By ctest where the build's list of tests belongs to the folder; without, what ctest calls skipped is no pass.
echo "CMAKE_CACHEFILE_DIR:INTERNAL=$folder/build" >build/CMakeCache.txt
for name in one two; do
    printf 'add_test("cuda %s" "%s")\nset_tests_properties("cuda %s" PROPERTIES LABELS cuda)\n' "$name" \
        "$folder/build/tests/test_${name}_cuda" "$name" >>build/CTestTestfile.cmake
done
status 1 "${checked[@]}" --python "$folder/tools/none"
expect "tests        1 passed, 1 failed: two" out
expect '"tool": "ctest", "name": "one", "result": "passed"' result/lines.jsonl
expect "memcheck     1 passed, 1 failed: two" out
rm build/CMakeCache.txt
stand_in build/tests/test_two_cuda <<<'echo "skipped: compiled, not run, since there is no CUDA device"'
status 1 "${checked[@]}" --python "$folder/tools/none"
expect "tests        1 passed, 1 failed: two" out

status 0 env -u CUDA_VISIBLE_DEVICES PATH="$folder/tools:$PATH" "$script" --build-dir no_gpu --out result --limit 5
expect "no CUDA test was found" out
expect "there is no benchmark_device_cuda" out
echo "gpu_check.sh: as it should be"
