#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: launchers.sh PRETRAIN LANDSCAPE
# The scripts of docs/distributed.md that start workers without a scheduler, word for word: each ends by itself with a
# surface that has the bytes of one process, and every worker had a part in it or found it done. One whose launcher is missing is left
# out. (scripts/test_slurm.sh runs the others.)
set -euo pipefail

pretrain="$1" landscape="$2"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
source "$(dirname "${BASH_SOURCE[0]}")/../support/programs.sh"
# Open MPI, 4 and 5: may run as root in a container, with more processes than cores.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
export OMP_WAIT_POLICY=passive PATH="$(dirname "$landscape"):$PATH"
cd "$folder"
page_model "$pretrain"
landscape --checkpoint runs/mae/checkpoint.safetensors --images 1000 --grid=-1:1:25 --threads 1 --out alone >out 2>error

# works NAME COMMAND WORKERS: the script NAME of the page, which needs COMMAND and starts so many
works() {
    local said status=0
    command -v "$2" >/dev/null || { echo "$1: left out, $2 was not found" && return; }
    page_script "$1" >"$1"
    timeout -k 2 300 bash "$1" >script.log 2>&1 || status=$?
    ((status == 0)) || { fail "status $status of $1" && cat script.log ./*.log; }
    said="$(cat ./*.log | grep -cE 'wrote .*surface\.json|another worker wrote the files|the job is complete' || true)"
    ((said == $3)) || { fail "$1: $said of $3 workers come to their end" && cat ./*.log; }
    same_surface alone runs/mae/surface || fail "$1: other bytes than those of one process"
    rm -rf runs/mae/job runs/mae/surface* ./*.log
}
works shells.sh bash 2
works parallel.sh parallel 4
works mpirun.sh mpirun 4

((failed == 0)) && echo "the page's scripts give the bytes of one process"
