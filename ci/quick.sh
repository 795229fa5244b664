#!/usr/bin/env bash
# Quick start: packages, build, one run of configs/quick.toml. Arguments go to `tandem run`.
# Exit: that of `tandem run` (README.md), or of the step that failed.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

ci/packages.sh
cmake --preset cpu
cmake --build --preset cpu --target tandem

started=$(mktemp)
trap 'rm -f "$started"' EXIT
status=0
build/cpu/tandem run configs/quick.toml "$@" || status=$?

report=$(find results -mindepth 2 -maxdepth 2 -name report.html -newer "$started" 2>/dev/null | tail -n 1)
if [[ -n "$report" ]]; then
  echo "report: $PWD/$report"
fi
exit "$status"
