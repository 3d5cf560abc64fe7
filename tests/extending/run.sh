#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh PROGRAM SOURCE: runs a program of examples/own in a folder of its own. It must succeed, and each line
#   // prints: REGEX
# of its source must match a line of what it prints; there must be one such line at least.
set -euo pipefail

program="$1" source="$2"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
status=0
"$program" >printed 2>errors || status=$?
((status == 0)) || { cat printed errors && echo "FAILED: the program ended with $status" && exit 1; }
cat printed

expected=0
while IFS= read -r regex; do
    grep -qE -- "$regex" printed || { echo "FAILED: nothing printed matches '$regex'" && exit 1; }
    ((++expected))
done < <(sed -n 's|^// prints: ||p' "$source")
((expected)) || { echo "FAILED: $source has no line '// prints: REGEX'" && exit 1; }
