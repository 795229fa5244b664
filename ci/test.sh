#!/usr/bin/env bash
# Builds everything and runs all tests; ends with ctest's own closing lines. Arguments go to the configuration,
# e.g. -DTANDEM_WERROR=ON. Tests that judge a time run alone (RUN_SERIAL), the others side by side.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

ci/packages.sh
# The module for NVIDIA GPUs where its compiler is there: compiled and linked for one architecture, and run by no test.
gpu=()
if command -v nvcc >/dev/null; then gpu=(-DTANDEM_CUDA=ON -DTANDEM_CUDA_ARCHITECTURES=90); fi
cmake --preset cpu "${gpu[@]}" "$@"
cmake --build --preset cpu
# Tests judge results, not times: threads that sleep while they wait stay quick on a busy machine.
export OMP_WAIT_POLICY=passive
# One more than there are cores: the longest tests wait for processes most of the time.
jobs=$(($(nproc) + 1))
ctest --preset cpu --no-tests=error --parallel "$((jobs < 4 ? jobs : 4))"
