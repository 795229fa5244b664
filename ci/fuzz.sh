#!/usr/bin/env bash
# Fuzzes the readers of what comes from elsewhere (tests/fuzz/readers.hpp): coverage-guided (libFuzzer), with the address
# and undefined-behaviour sanitizers and the assertions of the libraries.
#   ci/fuzz.sh [SECONDS] [READER ...]     default: 600 seconds each, one after the other
# Needs clang with its runtimes (Debian, Ubuntu: clang libclang-rt-dev libomp-dev). The first finding ends the script
# (exit 1) and names the input that shows it. New inputs gather in build/fuzz/corpus; tests/fuzz/corpus is the small kept
# one, which the ordinary tests replay. A line per reader: seconds, runs, edges, largest memory.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

seconds=${1:-600}
shift || true
readers=("$@")
((${#readers[@]})) || readers=(config acceptance matrix_market published night record result run_records)
build=build/fuzz
if ! command -v clang++ >/dev/null; then
  echo "ci/fuzz.sh: no clang++ here; install clang, libclang-rt-dev and libomp-dev" >&2
  exit 2
fi
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target "${readers[@]/#/fuzz_}"

# Leaks are not looked for: tables of MPI's and OpenMP's libraries live as long as the process.
export ASAN_OPTIONS=detect_leaks=0 OMP_NUM_THREADS=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:suppressions=$PWD/tests/fuzz/ubsan.supp
mkdir -p "$build/findings"
for reader in "${readers[@]}"; do
  mkdir -p "$build/corpus/$reader"
  log=$build/$reader.log
  if ! "$build/tests/fuzz/fuzz_$reader" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=1024 -max_len=32768 \
    -print_final_stats=1 -artifact_prefix="$build/findings/$reader-" "$build/corpus/$reader" \
    "tests/fuzz/corpus/$reader" >"$log" 2>&1; then
    grep -E 'ERROR|SUMMARY|runtime error|Test unit written' "$log" >&2 || tail -n 20 "$log" >&2
    exit 1
  fi
  echo "$reader: $(sed -n 's/^Done \([0-9]*\) runs in \([0-9]*\) second.*/\2 s, \1 runs/p' "$log"), $(
    sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1) edges, $(
    sed -n 's/^stat::peak_rss_mb: *//p' "$log") MiB"
done
