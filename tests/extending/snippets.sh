#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# snippets.sh ROOT: the pages of ROOT/docs and ROOT/README.md show code that is compiled. A block of C++ that follows a line
#   <!-- path/from/the/root.cpp -->
# must stand in that file, line for line; in docs/extending every block of C++ must have such a line, and every program of
# examples/own must be shown. Relative links must lead somewhere. Names every fault, and fails.
set -euo pipefail

cd "$1"
faults=0
blocks=0
shown=' '
fault() { echo "$1" && faults=$((faults + 1)); }

check_block() {  # PAGE LINE SOURCE BLOCK
    blocks=$((blocks + 1))
    if [[ -z "$3" ]]; then
        [[ "$1" != docs/extending/* ]] || fault "$1:$2: no line <!-- file --> above this block"
    elif [[ ! -f "$3" ]]; then
        fault "$1:$2: there is no file $3"
    else
        shown+="$3 "
        [[ $'\n'"$(<"$3")"$'\n' == *$'\n'"$4"$'\n'* ]] || fault "$1:$2: this block does not stand in $3"
    fi
}

mapfile -t pages < <(find README.md CONTRIBUTING.md CHANGELOG.md docs -name '*.md' 2>/dev/null | LC_ALL=C sort)
for page in "${pages[@]}"; do
    number=0 begin=0 source='' block='' fence=''
    while IFS= read -r line || [[ -n "$line" ]]; do
        number=$((number + 1))
        if [[ -n "$fence" ]]; then
            if [[ "$line" == '```' ]]; then
                [[ "$fence" != cpp ]] || check_block "$page" "$begin" "$source" "${block%$'\n'}"
                fence='' source=''
            else
                block+="$line"$'\n'
            fi
        elif [[ "$line" == '```'* ]]; then
            fence="${line#'```'}" block='' begin=$number
            fence="${fence:-text}"
        elif [[ "$line" =~ ^'<!-- '([^ ]+\.(cpp|hpp))' -->'$ ]]; then
            source="${BASH_REMATCH[1]}"
        else
            [[ -z "$line" ]] || source=''
            while [[ "$line" =~ \]\(([^\)\ ]+)\) ]]; do
                link="${BASH_REMATCH[1]}"
                line="${line#*"]($link)"}"
                [[ "$link" =~ ^(https?:|#|mailto:) ]] || [[ -e "$(dirname "$page")/${link%%#*}" ]] ||
                    fault "$page:$number: there is no $link"
            done
        fi
    done <"$page"
done
for program in examples/own/*.cpp; do
    [[ "$shown" == *" $program "* ]] || fault "$program: no page of docs/extending shows a part of it"
done
((faults == 0)) || exit 1
((blocks > 0)) || { echo "no blocks of C++ under $1" && exit 1; }
echo "${#pages[@]} pages, $blocks blocks"
