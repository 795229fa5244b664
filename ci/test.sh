#!/usr/bin/env bash
# Builds everything and runs all tests; ends with ctest's own closing lines. Arguments go to the configuration,
# e.g. -DTANDEM_WERROR=ON. Tests that judge a time run alone (RUN_SERIAL), the others side by side.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

ci/packages.sh
cmake --preset cpu "$@"
cmake --build --preset cpu
# Tests judge results, not times: threads that sleep while they wait stay quick on a busy machine.
export OMP_WAIT_POLICY=passive
# One more than there are cores: the longest tests wait for processes most of the time.
jobs=$(($(nproc) + 1))
ctest --preset cpu --no-tests=error --parallel "$((jobs < 4 ? jobs : 4))"
