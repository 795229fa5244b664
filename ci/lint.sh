#!/usr/bin/env bash
# clang-format, clang-tidy and shellcheck on every file of the project. Arguments: files to look at instead of all.
# Exit: 0 clean, 1 findings.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

ci/packages.sh --lint
# A folder of its own: clang-tidy wants each file compiled by itself, and reads no precompiled headers of g++.
build=${TANDEM_BUILD:-build/lint}
[[ -f "$build/compile_commands.json" ]] ||
  cmake --preset cpu -B "$build" -DTANDEM_UNITY=OFF -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >/dev/null

if (($#)); then
  files=("$@")
else
  mapfile -t files < <(git ls-files --cached --others --exclude-standard)
fi
sources=() translation_units=() scripts=()
for file in "${files[@]}"; do
  [[ -f "$file" ]] || continue
  case "$file" in
    *.hpp) sources+=("$file") ;;
    *.cpp | *.cu)  # those that this build compiles as C++: neither fuzzers' entries nor code for one vendor's GPUs
      sources+=("$file")
      if grep -q "/$file\"" "$build/compile_commands.json"; then translation_units+=("$file"); fi
      ;;
    *.sh | .ci/run) scripts+=("$file") ;;
  esac
done

status=0
if ((${#sources[@]})); then
  clang-format --dry-run -Werror "${sources[@]}" || status=1
fi
if ((${#translation_units[@]})); then
  # omp.h is the compiler's own header; clang's headers must still come first.
  omp=$(dirname "$(g++ -print-file-name=include/omp.h)")
  printf '%s\0' "${translation_units[@]}" |
    xargs -0 -n 1 -P "$(nproc)" clang-tidy -p "$build" --quiet --warnings-as-errors='*' \
      --extra-arg="-idirafter$omp" --extra-arg=-Wno-unknown-warning-option 2>/dev/null || status=1
fi
if ((${#scripts[@]})); then
  shellcheck --external-sources --source-path=SCRIPTDIR "${scripts[@]}" || status=1
fi
exit "$status"
