#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: mpi.sh MPIEXEC COUNT_FLAG TEST_MPI
# Runs the tests of processes/mpi.cpp in two processes, also those that must fail.
set -euo pipefail

mpiexec="$1" count="$2" program="$3"
# Open MPI, 4 and 5: may run as root in a container, with more processes than cores, which then do not spin.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
output="$(mktemp)"
trap 'rm -f "$output"' EXIT

passes() {
    if ! timeout 120 "$mpiexec" "$count" 2 "$program" "$@" >"$output" 2>&1 \
        || [ "$(grep -c 'All tests passed' "$output")" != 2 ]; then
        echo "FAILED: $*" && cat "$output" && exit 1
    fi
}
# fails "part of the output" arguments...: ends with an error by itself
fails() {
    local expected="$1" status=0
    shift
    timeout 60 "$mpiexec" "$count" 2 "$program" "$@" >"$output" 2>&1 || status=$?
    if ((status == 0 || status == 124)) || ! grep -qF -- "$expected" "$output"; then
        echo "FAILED: status $status, expected '$expected' from: $*" && cat "$output" && exit 1
    fi
}

passes
passes '[.owner]'
passes '[.last]'
fails 'process 1 has lost its images' '[.leaves]'
fails 'process 1 gave up' '[.abandons]'
echo "all passed"
