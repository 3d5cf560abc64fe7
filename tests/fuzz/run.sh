#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: run.sh SECONDS CORPUS SOURCE LIBRARIES COMPILER ARGUMENT...   (libraries with spaces between them)
# Builds a harness and lets it read changed copies of the corpus's files for so many seconds. Fails for a crash, a sanitizer's
# report, an exception that is not vitscape's, an input that takes 5 seconds, 1 GiB, or 512 MiB at once; that input is then
# copied to the present folder. The source tree is not written.
set -euo pipefail

seconds="$1" corpus="$2" source="$3"
read -ra libraries <<<"$4"
shift 4
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cp -r "$corpus" "$work/corpus"
"$@" -c "$source" -o "$work/harness.o"
"$@" "$work/harness.o" -o "$work/harness" "${libraries[@]}"
TMPDIR="$work" "$work/harness" "$work/corpus" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -malloc_limit_mb=512 \
    -max_len=8192 -print_final_stats=1 -artifact_prefix="$PWD/"
