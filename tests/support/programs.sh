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
