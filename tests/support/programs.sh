# SPDX-License-Identifier: Apache-2.0
#
# What the scripts of programs/ share, for `source`. They have a scratch folder $folder.
# shellcheck shell=bash

failed=0
# refuses "part of the sentence" command...: the command must end with a status of its own other than 0, and a sentence
# with that part; sets `failed` where it does not.
refuses() {
    local expected="$1" status=0
    shift
    timeout 60 "$@" >"$folder/out" 2>"$folder/error" || status=$?
    if ((status == 0 || status > 125)) || ! grep -qF -- "$expected" "$folder/error"; then
        echo "FAILED: status $status, expected '$expected' from: $*" && cat "$folder/error" && failed=1
    fi
}

# kill_often COUNT FOLDER COMMAND...: starts a command that goes on with what is in FOLDER, and kills it at a random moment,
# COUNT times. Where it came to its end before, it begins anew, so that all kills hit it at work.
kill_often() {
    local count="$1" result="$2" kills=0 process
    shift 2
    while ((kills < count)); do
        "$@" >/dev/null 2>>"$folder/log" &
        process=$!
        sleep "0.$((RANDOM % 40 + 5))"
        if kill -KILL "$process" 2>/dev/null; then
            kills=$((kills + 1))
        else
            rm -rf "$result"
        fi
        wait "$process" 2>/dev/null || true
    done
}
