#!/usr/bin/env bash
# What the harness costs: pairs of programs in turn, the ratio of their rates, the median of the pairs.
#   dense/gemm, memory/triad   Tandem over a bare loop (tandem-bare) with all threads; 1 = free
#   every kernel named below   Tandem over tandem-gbench with 1 thread; 1 = they agree
# Wants a machine with nothing else to do. Usage: ci/overhead.sh [PAIRS] [PATTERN]
# (a part of the case's name, e.g. gemm); TANDEM_BUILD names the build (build/cpu).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

pairs=${1:-5} pattern=${2:-}
build=${TANDEM_BUILD:-build/cpu}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
threads=$(nproc)

# config THREADS KERNEL [KEY=VALUE ...]: one case
config() {
  printf 'class = "quick"\nthreads = %s\n[[kernel]]\nname = "%s"\n' "$1" "$2"
  local setting
  for setting in "${@:3}"; do
    printf '%s = ["%s"]\n' "${setting%%=*}" "${setting#*=}"
  done
}

# tandem THREADS KERNEL [KEY=VALUE ...]: seconds of a call, or flop/s or B/s
tandem() {
  config "$@" >"$work/case.toml"
  rm -rf "$work/out"
  "$build/tandem" run "$work/case.toml" --launches 3 --out "$work/out" 2>/dev/null |
    awk '/^TANDEM-FOM v1 kernel/ { print $5; found = 1 } END { exit !found }'
}

bare() { OMP_NUM_THREADS=$threads "$build/tandem-bare" "$@" 5; }

# gbench COUNTER KERNEL [KEY=VALUE ...]
gbench() {
  local counter=$1 name=$2
  shift 2
  OMP_NUM_THREADS=1 "$build/tandem-gbench" --kernel "$name$(printf '/%s' "$@")" --benchmark_repetitions=5 \
    --benchmark_report_aggregates_only=true --benchmark_format=json 2>/dev/null |
    awk -v counter="\"$counter\":" '/"aggregate_name": "median"/ { median = 1 }
      median && $1 == counter { sub(",", "", $2); print $2; found = 1; exit } END { exit !found }'
}

# compare NAME: runs `ours` and `peer` in turn and prints the median ratio with the range
compare() {
  [[ "$1" == *"$pattern"* ]] || return 0
  local pair our their
  for ((pair = 0; pair < pairs; ++pair)); do
    if ((pair % 2)); then their=$(peer) our=$(ours); else our=$(ours) their=$(peer); fi
    echo "$our $their"
  done | awk '{ print $1 / $2, $1, $2 }' | sort -g >"$work/ratios"
  awk -v name="$1" '{ r[NR] = $1; a[NR] = $2; b[NR] = $3 }
    END { printf "%-44s %.3f  (%.3f to %.3f)   %.3e / %.3e\n", name, r[int((NR + 1) / 2)], r[1], r[NR],
          a[int((NR + 1) / 2)], b[int((NR + 1) / 2)] }' "$work/ratios"
}

elements=$((4 * $(lscpu -C=ONE-SIZE,NAME,ALL-SIZE -B 2>/dev/null | awk '$2 ~ /L3/ { print $3 }' | grep . || echo 67108864) / 8))
limit=$(awk '/MemAvailable/ { printf "%d", $2 * 1024 / 96 }' /proc/meminfo)
((elements > limit)) && elements=$limit

echo "Tandem over a bare loop, $threads threads, $pairs pairs"
ours() { tandem "$threads" dense/gemm n=2048; }
peer() { bare gemm 2048; }
compare "dense/gemm n=2048"
for stores in plain auto; do
  ours() { tandem "$threads" memory/triad "n=$elements" "stores=$stores"; }
  peer() { bare triad "$elements"; }
  compare "memory/triad stores=$stores"
done

echo "Tandem over tandem-gbench, 1 thread, $pairs pairs"
while read -r counter kernel settings; do
  read -ra settings <<<"$settings"
  ours() { tandem 1 "$kernel" "${settings[@]}"; }
  peer() { gbench "$counter" "$kernel" "${settings[@]}"; }
  compare "$kernel ${settings[*]}"
done <<'CASES'
flop/s dense/gemm n=1024 precision=fp64
flop/s dense/mixed_gemm n=1024 precision=fp32
flop/s sparse/spmv matrix=stencil27:64
flop/s sparse/cg n=32
flop/s learning/train_step batch=256 precision=fp32
B/s memory/triad stores=auto
CASES
