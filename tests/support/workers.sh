# SPDX-License-Identifier: Apache-2.0
#
# What the scripts of programs/ that start workers of a job share, for `source` after programs.sh. They define
# `start JOB OUT [OPTION...]`, which starts one more worker in the background by `work COMMAND...`, and have a folder $folder.
# shellcheck shell=bash

processes=()
trap '((${#processes[@]} == 0)) || kill -KILL "${processes[@]}" 2>/dev/null || true; rm -rf "$folder"' EXIT

# work NAME COMMAND...: starts it, and what it says goes to NAME.log
work() {
    "${@:2}" >>"$folder/$1.log" 2>&1 &
    processes+=($!)
}
# finish NAME: all workers come to their end
finish() {
    local process status
    for process in "${processes[@]}"; do
        status=0
        wait "$process" || status=$?
        ((status == 0)) || { fail "status $status of a worker of $1" && tail -5 "$folder/$1.log"; }
    done
    processes=()
}
# stop_worker NAME JOB: the first worker is interrupted, says how to go on, and leaves no tile
stop_worker() {
    local status=0
    kill -INT "${processes[0]}"
    wait "${processes[0]}" || status=$?
    processes=()
    ((status == 130)) && grep -q "any worker goes on with --job .*$2" "$folder/$1.log" || { fail "status $status of a stop" && tail -5 "$folder/$1.log"; }
    [[ -z "$(find "$2/tiles" -name '*claim-*')" ]] || fail "a stop left its tile"
}
finished() { find "$1/tiles" -name '*.result' 2>/dev/null | wc -l; }
# until_finished JOB COUNT: waits until so many tiles are
until_finished() {
    for ((i = 0; i < 1500; ++i)); do
        (($(finished "$1") < $2)) || return 0
        sleep 0.02
    done
    fail "$1 does not go on"
}
# two_models PRETRAIN: trains one/ and other/, tiny autoencoders
two_models() {
    local name
    for name in one other; do
        "$1" --method mae --data synthetic:100 --image 16 --patch 4 --width 16 --depth 1 --heads 2 --decoder-width 8 \
            --decoder-heads 2 --epochs 1 --batch 20 --lr 1e-3 --threads 1 --seed "${#name}" --out "$name" >out 2>error
    done
}
# with_kills NAME WORKERS KILLS MILLISECONDS: so many workers at once of NAME.job, of which one at work is killed after a random part of so
# many milliseconds and another one starts, KILLS times. Where the job comes to its end before, it is compared by `same` and begun anew, so that
# all kills hit workers. At the end all leave nothing temporary (but one's text of the plan, in the job's folder).
with_kills() {
    local name="$1" workers="$2" kills="$3" killed=0 i at left status
    while :; do
        while ((${#processes[@]} < workers)); do start "$name.job" "$name"; done
        ((killed < kills)) || break
        sleep "$(printf '0.%03d' $((RANDOM % $4)))"
        at=$((RANDOM % workers)) status=0
        kill -KILL "${processes[$at]}" 2>/dev/null || true  # which may just have ended
        wait "${processes[$at]}" 2>/dev/null || status=$?
        unset "processes[$at]"
        processes=("${processes[@]}")
        if ((status == 137)); then
            killed=$((killed + 1))
        elif ((status == 0)); then
            finish "$name"
            same "$name"
            rm -rf "$name".* "$name"
        else
            fail "status $status of a worker of $name" && tail -5 "$folder/$name.log" && return 0
        fi
    done
    finish "$name"
    echo "$name: $killed workers killed at work"
    left="$(find . -path "./$name*" ! -path "./$name.job/[!t]*" \( -name '*.tmp' -o -name '*lock' -o -name 'unfinished*' -o -name '*claim-*' \))"
    [[ -z "$left" ]] || fail "left behind: $left"
}
