# SPDX-License-Identifier: Apache-2.0
#
# What the scripts of programs/ share, for `source`. They have a scratch folder $folder.
# shellcheck shell=bash

failed=0
fail() { echo "FAILED: $*" && failed=1; }
# Numbers in files are read by python: where there is none, the test is skipped.
need_python() { command -v python3 >/dev/null || { echo "skipped: python3 was not found" && exit 77; }; }
# refuses "part of the sentence" command...: the command must end with a status of its own other than 0, and a sentence
# with that part; sets `failed` where it does not.
refuses() {
    local expected="$1" status=0
    shift
    timeout -k 2 60 "$@" >"$folder/out" 2>"$folder/error" || status=$?
    if ((status == 0 || status > 125)) || ! grep -qF -- "$expected" "$folder/error"; then
        echo "FAILED: status $status, expected '$expected' from: $*" && cat "$folder/error" && failed=1
    fi
}

# page_script NAME: the block of docs/distributed.md that has the line "# NAME", as its readers copy it.
distributed_page="$(realpath "$(dirname "${BASH_SOURCE[0]}")/../../docs/distributed.md")"
page_script() {
    local block
    block="$(awk -v name="# $1" '/^```/ { if (found) exit; inside = !inside; text = ""; next }
        inside { text = text $0 "\n"; if ($0 == name) found = 1 }
        END { if (found) printf "%s", text }' "$distributed_page")"
    [[ -n "$block" ]] || { echo "FAILED: $distributed_page has no script $1" >&2 && return 1; }
    printf '%s\n' "$block"
}
# page_model PRETRAIN: trains runs/mae, the model of those scripts, which look at 1000 of its images.
page_model() {
    "$1" --method mae --data synthetic:1000 --image 8 --patch 4 --width 8 --depth 1 --heads 2 --decoder-width 8 --decoder-heads 2 \
        --epochs 1 --batch 100 --lr 1e-3 --threads 1 --out runs/mae >"$folder/out" 2>"$folder/error"
}
# same_surface PREFIX PREFIX: the files of two surfaces have the same bytes.
same_surface() {
    local ending
    for ending in .json .npy .csv; do cmp "$1$ending" "$2$ending" || return 1; done
}

# kill_often COUNT RESULT MILLISECONDS SAME COMMAND...: starts a command that goes on with what is in the folder RESULT, and
# kills it at a random moment of its first MILLISECONDS, COUNT times; then it comes to its end. Where it does so before, it
# begins anew, so that all kills hit it at work. At each end, `SAME RESULT` must hold and nothing temporary be left. Any other
# end, such as a refusal of what a kill left, is a failure.
kill_often() {
    local count="$1" result="$2" milliseconds="$3" same="$4" kills=0 ends=0 status process left
    shift 4
    while :; do
        "$@" >/dev/null 2>"$folder/log" &
        process=$!
        if ((kills < count)); then
            sleep "$(printf '0.%03d' $((RANDOM % milliseconds)))"
            kill -KILL "$process" 2>/dev/null || true
        fi
        status=0
        wait "$process" 2>/dev/null || status=$?
        if ((status == 137)); then
            kills=$((kills + 1))
        elif ((status == 0)); then
            ends=$((ends + 1))
            "$same" "$result" || { echo "FAILED: another result after $kills kills of $*" && failed=1; }
            left="$(find "$result" -name '*.tmp' -o -name '*lock')"
            [[ -z "$left" ]] || { echo "FAILED: left behind: $left" && failed=1; }
            ((kills < count)) || break
            rm -rf "$result"
        else
            echo "FAILED: status $status after $kills kills of $*" && cat "$folder/log" && failed=1
            return 0
        fi
    done
    echo "$(basename "$1"): killed $kills times, $ends results compared"
}

# what stands in a comparison's report.json, without what a clock or the memory says and the checksum that covers this
lasting() {
    awk '/^ "checksum": / { next }
         /"(seconds|images_per_second)": \[/ { skip = 1 }
         skip { if (/\]/) skip = 0; next }
         /^  \{/ { object = ""; inside = 1 }
         inside { object = object $0 "\n"; if (/^  \}/) { inside = 0; if (object !~ /"group": "cost"|_at_time"|"verdict": "measured"|"name": "pays"/) printf "%s", object }; next }
         { print }' "$1/report.json"
}
