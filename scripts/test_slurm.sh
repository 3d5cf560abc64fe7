#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: scripts/test_slurm.sh [PRETRAIN LANDSCAPE]
# Starts a SLURM of one machine (munge, slurmctld and slurmd, with a configuration, state and logs in a scratch folder), runs the
# scripts of docs/distributed.md for it, an array and srun of both kinds, to their end, and compares the files with those of one process.
# Needs root and Debian's slurm-wlm and munge; ends with status 77 where these are not there. Leaves nothing running.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
pretrain="$(realpath "${1:-$root/build/release/examples/pretrain}")" landscape="$(realpath "${2:-$root/build/release/examples/landscape}")"
for program in munged slurmctld slurmd srun sbatch; do
    command -v "$program" >/dev/null || { echo "skipped: $program is not installed (apt install slurm-wlm munge)" && exit 77; }
done
((EUID == 0)) || { echo "skipped: slurmd needs root" && exit 77; }

folder="$(mktemp -d)"
chmod 755 "$folder"
started=()
stop() {
    local status=$?
    trap - EXIT
    ((status == 0)) || tail -n 20 "$folder"/*.log "$folder"/*.out 2>/dev/null || true
    scancel --user=root 2>/dev/null || true
    for ((i = ${#started[@]} - 1; i >= 0; --i)); do kill "${started[$i]}" 2>/dev/null || true; done
    for process in "${started[@]}"; do wait "$process" 2>/dev/null || true; done
    rm -rf "$folder"
    exit "$status"
}
trap stop EXIT
fail() { echo "FAILED: $1" && exit 1; }

mkdir -m 700 "$folder/munge"
dd if=/dev/urandom of="$folder/munge/key" bs=128 count=1 status=none
chmod 400 "$folder/munge/key"
munged --foreground --force --key-file="$folder/munge/key" --socket="$folder/munge.socket" --pid-file="$folder/munge/pid" \
    --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" >"$folder/munged.log" 2>&1 &
started+=($!)

host="$(hostname -s)" cores="$(nproc --all)"
mkdir "$folder/state" "$folder/spool"
cat >"$folder/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cores State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP OverSubscribe=YES
CONF
export SLURM_CONF="$folder/slurm.conf"
slurmctld -D >"$folder/slurmctld.out" 2>&1 &
started+=($!)
slurmd -D -N "$host" >"$folder/slurmd.out" 2>&1 &
started+=($!)
for ((i = 0; i < 60; ++i)); do
    [[ "$(sinfo --noheader --format=%T 2>/dev/null)" == idle* ]] && break
    sleep 1
done
[[ "$(sinfo --noheader --format=%T)" == idle* ]] || fail "the node does not become idle: $(sinfo 2>&1)"
echo "SLURM $(sinfo --version | cut -d' ' -f2) with one node of $cores cores"

export OMP_WAIT_POLICY=passive PATH="$(dirname "$landscape"):$PATH"
cd "$folder"
"$pretrain" --method mae --data synthetic:100 --image 16 --patch 4 --width 16 --depth 1 --heads 2 --decoder-width 8 --decoder-heads 2 \
    --epochs 1 --batch 20 --lr 1e-3 --threads 1 --out runs/mae >pretrain.log 2>&1
look=(--checkpoint runs/mae/checkpoint.safetensors --data synthetic:200 --images 40 --grid=-1:1:41 --no-figures --threads 1)
"$landscape" "${look[@]}" --out alone >alone.log 2>&1

# the scripts of the page, with this surface's options and small allocations
page="$root/docs/distributed.md"
script() {  # NAME: the block of the page that begins with a comment of that name
    awk -v name="# $1" '/^```/ { if (inside && found) { printf "%s", text; exit } inside = !inside; text = ""; next }
                        inside { text = text $0 "\n"; if ($0 == name) found = 1 }' "$page" |
        sed -E -e "s#^options=.*#options=(${look[*]})#" -e 's#--out [^ ]+#--out NAME#' -e 's#--job [^ ]+#--job NAME.job#'
}
complete() {  # NAME
    local ending
    "$landscape" --job "$1.job" --status | grep -q complete || fail "$1 is not complete"
    for ending in .json .npy .csv; do cmp "alone$ending" "$1$ending" || fail "$1$ending is not that of one process"; done
    echo "$1: $(grep -h 'this worker computed' "$1"*.log | wc -l) workers, the same bytes"
}
await() {  # NAME ID
    for ((i = 0; i < 120; ++i)); do
        [[ -n "$(squeue --noheader --job="$2" 2>/dev/null)" ]] || return 0
        sleep 1
    done
    fail "$1 does not end: $(squeue)"
}

script "array.sh" | sed 's#NAME#array#g' >array.sh
[[ -s array.sh ]] || fail "$page has no array.sh"
id="$(sbatch --parsable --output=array-%a.log --array=0-3 array.sh)"
await array "$id"
complete array

script "srun.sh" | sed 's#NAME#srun#g' >srun.sh
[[ -s srun.sh ]] || fail "$page has no srun.sh"
id="$(sbatch --parsable --output=srun.log --ntasks=2 srun.sh)"  # inside an allocation
await srun "$id"
complete srun

srun --ntasks=2 --overcommit "$landscape" "${look[@]}" --out direct --job direct.job >direct.log 2>&1  # by itself
complete direct
