#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: scripts/test_slurm.sh [PRETRAIN LANDSCAPE]
# Starts a SLURM of one machine (munge, slurmctld and slurmd, with a configuration, state, logs and ports of its own) and runs to their
# ends: the array and the srun script of docs/distributed.md word for word, srun outside of an allocation, and `srun pretrain` by
# two processes. Their files must have the bytes of one process. Needs root and Debian's slurm-wlm and munge; ends with status 77
# where these are not there or do not start. Leaves nothing running, however it ends.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
pretrain="$(realpath "${1:-$root/build/release/examples/pretrain}")" landscape="$(realpath "${2:-$root/build/release/examples/landscape}")"
for program in munged slurmctld slurmd srun sbatch setpriv; do
    command -v "$program" >/dev/null || { echo "skipped: $program is not installed (apt install slurm-wlm munge)" && exit 77; }
done
((EUID == 0)) || { echo "skipped: slurmd needs root" && exit 77; }
# Where the kernel allows it, in a namespace of processes, of which this is the first one: the others end with it, even if it is killed.
alone=(unshare --fork --pid --mount-proc --kill-child=KILL)
if (($$ != 1)) && "${alone[@]}" true 2>/dev/null; then exec "${alone[@]}" bash "$0" "$pretrain" "$landscape"; fi

folder="$(mktemp -d)"
chmod 755 "$folder"
source "$root/tests/support/programs.sh"
started=()
stop() {
    local status=$? step
    trap - EXIT
    ((status == 0 || status == 77)) || tail -n 20 "$folder"/*.log "$folder"/*.out 2>/dev/null || true
    scancel --user=root 2>/dev/null || true
    for ((i = ${#started[@]} - 1; i >= 0; --i)); do kill "${started[$i]}" 2>/dev/null || true; done
    for ((i = 0; i < 50; ++i)); do
        kill -0 "${started[@]}" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "${started[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
    # a step's daemon leaves slurmd at once, and would tell a controller that is gone of its end for minutes
    for step in $(pgrep -x slurmstepd); do
        ! grep -qzxF "SLURM_CONF=$SLURM_CONF" "/proc/$step/environ" 2>/dev/null || kill -KILL "$step" 2>/dev/null || true
    done
    rm -rf "$folder"
    exit "$status"
}
trap stop EXIT
trap 'exit 1' INT TERM HUP
end() { echo "FAILED: $*" && exit 1; }
skip() { echo "skipped: $1" && tail -n 3 "$folder"/*.log && exit 77; }

# start NAME COMMAND...: a daemon, which ends with this script even where that is killed
start() {
    setpriv --pdeathsig KILL -- "${@:2}" >"$folder/$1.out" 2>&1 &
    started+=($!)
}
free_port() {
    local port
    while :; do
        port=$((10000 + RANDOM % 20000))  # below those that the system gives to anybody
        (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

mkdir -m 700 "$folder/munge"
mkdir "$folder/state" "$folder/spool" "$folder/tmp"
dd if=/dev/urandom of="$folder/munge/key" bs=128 count=1 status=none
chmod 400 "$folder/munge/key"
# Four processors, whatever the machine has. By its address, since not every machine knows its own name.
cat >"$folder/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
TmpFS=$folder/tmp
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=pmix
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
NodeName=localhost NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes=localhost Default=YES MaxTime=10 State=UP
CONF
export SLURM_CONF="$folder/slurm.conf"
start munged munged --foreground --force --key-file="$folder/munge/key" --socket="$folder/munge.socket" \
    --pid-file="$folder/munge/pid" --log-file="$folder/munged.log" --seed-file="$folder/munge/seed"
start slurmctld slurmctld -D
start slurmd slurmd -D -N localhost
idle() { [[ "$(sinfo --noheader --format=%T 2>/dev/null)" == idle ]]; }
for ((i = 0; i < 100; ++i)); do
    ! idle || break
    kill -0 "${started[@]}" 2>/dev/null || skip "a daemon of SLURM does not start here"
    sleep 0.2
done
idle || skip "the node does not become idle: $(sinfo 2>&1)"
echo "SLURM $(sinfo --version | cut -d' ' -f2) on one node, ready after $SECONDS s"

export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive PATH="$(dirname "$landscape"):$(dirname "$pretrain"):$PATH"
cd "$folder"
page_model pretrain
landscape --checkpoint runs/mae/checkpoint.safetensors --images 1000 --grid=-1:1:25 --threads 1 --out alone >alone.log 2>&1
rm -f alone_*

await() {  # ID
    for ((i = 0; i < 400; ++i)); do
        [[ -n "$(squeue --noheader --job="$1" 2>/dev/null)" ]] || return 0
        sleep 0.2
    done
    end "job $1 does not end: $(squeue)"
}
complete() {  # NAME: the surface of a script of the page, which is then taken away for the next one
    landscape --job runs/mae/job --status | grep -q complete || end "$1 is not complete"
    same_surface alone runs/mae/surface || end "$1: other bytes than those of one process"
    echo "$1: $(grep -h 'this worker computed' "$1"*.log | wc -l) workers, the same bytes, after $SECONDS s"
    rm -rf runs/mae/job runs/mae/surface*
}
for name in array srun; do page_script "$name.sh" >"$name.sh"; done
await "$(sbatch --parsable --output=array-%a.log --array=0-3 array.sh)"
complete array
await "$(sbatch --parsable --output=srun.log --ntasks=2 srun.sh)"
complete srun
srun --ntasks=2 landscape --checkpoint runs/mae/checkpoint.safetensors --images 1000 --grid=-1:1:25 --threads 1 \
    --out runs/mae/surface --job runs/mae/job >direct.log 2>&1 || end "srun outside of an allocation"
complete direct

# Processes that train together find each other by PMIx.
if [[ "$(ldd "$pretrain")" != *libmpi* ]]; then
    echo "skipped: srun pretrain, which was built without MPI"
elif [[ "$(srun --mpi=list 2>&1)" != *pmix* ]]; then
    echo "skipped: srun pretrain, since this SLURM has no PMIx"
else
    train=(pretrain --method mae --data synthetic:200 --image 16 --patch 4 --width 16 --depth 1 --heads 2 --decoder-width 8
        --decoder-heads 2 --epochs 2 --batch 50 --lr 1e-3 --reproducible 4)
    "${train[@]}" --out one >one.log 2>&1
    srun --kill-on-bad-exit --ntasks=2 "${train[@]}" --out two >two.log 2>&1 || end "srun pretrain"
    grep -q 'in each of 2 processes' two.log || end "srun pretrain does not train by two processes: $(cat two.log)"
    cmp one/checkpoint.safetensors two/checkpoint.safetensors || end "srun pretrain: other bytes than those of one process"
    # without PMIx each would take itself for the only one
    ! srun --mpi=none --ntasks=2 "${train[@]}" --out none >none.log 2>&1 && [[ ! -e none ]] || end "srun --mpi=none: $(cat none.log)"
    echo "srun pretrain: 2 processes, the same bytes, after $SECONDS s"
fi
