#!/usr/bin/env bash
# Every comparison of this folder, one after another: results/peers/compare.sh [PATTERN]     a part of its line below
# A comparison whose peer is not installed says so and is skipped (exit code 2 of its script); any other failure counts.
# For a quiet machine; the scripts say what they need, and PAIRS changes how often each pair is run (5).
set -uo pipefail

pairs=${PAIRS:-5}
comparisons=(
  "lu.sh 2 1 10000 256 $pairs"
  "lu.sh 1 2 10000 256 $pairs"
  "lu_mixed.sh 8000 $(nproc) $pairs"
  "mixed_gemm.sh 2048 $(nproc) $pairs bf16"
  "hpcg.sh mpi 104 $pairs"
  "hpcg.sh openmp 104 $pairs"
  "allreduce.sh 2 $pairs"
  "learning.sh conv $pairs"
  "learning.sh train_step $pairs"
)
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
failed=0
for comparison in "${comparisons[@]}"; do
  [[ "$comparison" == *"${1:-}"* ]] || continue
  read -ra words <<<"$comparison"
  echo "== $comparison"
  "$here/${words[0]}" "${words[@]:1}"
  code=$?
  case $code in
    0) ;;
    2) echo "skipped" ;;
    *) echo "failed (exit code $code)"; failed=1 ;;
  esac
done
exit "$failed"
