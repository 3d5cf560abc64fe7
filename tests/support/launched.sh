# SPDX-License-Identifier: Apache-2.0
#
# What the scripts of programs/ that train by several processes share, for `source` after programs.sh. They have a scratch folder
# $folder, and $pretrain. Skipped without mpirun, or where pretrain was built without MPI.
# shellcheck shell=bash

if ! command -v mpirun >/dev/null || [[ "$(ldd "$pretrain")" != *libmpi* ]]; then
    echo "skipped: there is no mpirun, or pretrain was built without MPI" && exit 77
fi
run=0
trap '((run == 0)) || kill -KILL "$run" 2>/dev/null; rm -rf "$folder"' EXIT
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive
# Open MPI, 4 and 5: may run as root in a container, with more processes than cores, which then do not spin.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none

by() { timeout -k 2 120 mpirun -n "$@"; }  # PROCESSES COMMAND…
start_by() { timeout -k 2 120 mpirun -n "$@" >/dev/null 2>"$folder/error" & run=$!; }
ranks_of() { pgrep -P "$(pgrep -P "$run")" -f -- "--out $1"; }  # OUT: its processes, by rank
saved() {  # OUT: waits for a first checkpoint
    for ((i = 0; i < 400; ++i)); do
        [[ -e "$1/checkpoint.json" ]] && return
        sleep 0.05
    done
}
timeless() { sed -E 's/"(seconds|images_per_second|checksum)":[^,}]*//g' "$1"; }
same() {  # FOLDER FOLDER
    cmp "$1/checkpoint.safetensors" "$2/checkpoint.safetensors" && cmp "$1/checkpoint.json" "$2/checkpoint.json" &&
        cmp <(timeless "$1/log.jsonl") <(timeless "$2/log.jsonl")
}
# once SENTENCE PROCESSES COMMAND…: refused, by one of the processes for all
once() {
    OMPI_MCA_odls_base_sigkill_timeout=0 refuses "$1" mpirun -n "${@:2}"  # else mpirun sleeps after a status other than 0
    (($(grep -c '^pretrain: ' "$folder/error") == 1)) || { fail "not one sentence: $*" && cat "$folder/error"; }
}
