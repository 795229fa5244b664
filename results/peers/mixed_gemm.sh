#!/usr/bin/env bash
# dense/mixed_gemm against oneDNN called bare with the same packed operand, and against dense/gemm in fp64: one `tandem run`
# whose every launch of dense/mixed_gemm is preceded by a run of the bare loop. Prints each pair, medians and ranges of the ratios.
#   results/peers/mixed_gemm.sh [n] [threads] [pairs] [precision]     default 2048, all cores, 5, bf16 (or fp32)
# Needs: a C++ compiler and oneDNN, a built tandem in build/cpu or in $TANDEM.
# OPENBLAS_CORETYPE=SkylakeX results/peers/mixed_gemm.sh where OpenBLAS does not know the processor.
set -euo pipefail

# The launcher of `tandem run`: --launch threads program worker job
if [[ "${1:-}" == --launch ]]; then
  threads=$2 job=$5
  shift 2
  if [[ "$(<"$job")" == *'"dense/mixed_gemm"'* ]]; then
    OMP_NUM_THREADS=$threads OMP_PROC_BIND=close OMP_PLACES=cores "$GEMM_PEER/bare" "${GEMM_PRECISION/fp32/f32}" "$GEMM_N" >>"$GEMM_PEER/bare.log"
  fi
  exec "$@"
fi

GEMM_N=${1:-2048} threads=${2:-$(nproc)} pairs=${3:-5} GEMM_PRECISION=${4:-bf16}
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
tandem=$(realpath "${TANDEM:-$here/../../build/cpu/tandem}")
GEMM_PEER=$(mktemp -d)
trap 'rm -rf "$GEMM_PEER"' EXIT
export GEMM_PEER GEMM_N GEMM_PRECISION
"${CXX:-c++}" -std=c++17 -O2 -o "$GEMM_PEER/bare" "$here/onednn_gemm.cpp" -ldnnl || {
  echo "mixed_gemm.sh: no oneDNN: install libdnnl-dev" >&2
  exit 2
}

cat >"$GEMM_PEER/gemm.toml" <<END
class = "quick"
launches = $pairs
launcher = "$here/mixed_gemm.sh --launch {threads}"
threads = $threads
[[kernel]]
name = "dense/gemm"
n = $GEMM_N
[[kernel]]
name = "dense/mixed_gemm"
n = $GEMM_N
precision = "$GEMM_PRECISION"
END
"$tandem" run "$GEMM_PEER/gemm.toml" --out "$GEMM_PEER/out" >"$GEMM_PEER/log" || { cat "$GEMM_PEER/log" >&2; exit 1; }

python3 - "$GEMM_PEER" "$GEMM_N" <<'END'
import json, statistics, sys
folder, n = sys.argv[1], float(sys.argv[2])
result = json.load(open(folder + "/out/result.json"))
kernels = {k["case"].split("/")[1]: k for k in result["kernels"]}
own = {name: [2 * n**3 / statistics.median(seconds) for seconds in k["sample_seconds"]] for name, k in kernels.items()}
bare = [(float(rate), code) for rate, code in map(str.split, open(folder + "/bare.log"))]
for kernel in kernels.values():
    limit = kernel.get("of_limit") or {}
    print(kernel["case"], "threads", kernel["threads"], kernel["status"], f"{limit.get('fraction', 0):.0%} of", limit.get("name"))
print("bare oneDNN:", bare[0][1])
for mixed, (rate, _), gemm in zip(own["mixed_gemm"], bare, own["gemm"]):
    print(f"  mixed_gemm {mixed:.3e}   bare {rate:.3e} ({mixed / rate:.3f})   gemm {gemm:.3e} ({mixed / gemm:.2f})")
for name, peer in (("oneDNN called bare", [rate for rate, _ in bare]), ("dense/gemm", own["gemm"])):
    ratios = [ours / theirs for ours, theirs in zip(own["mixed_gemm"], peer)]
    print(f"  against {name}: median ratio {statistics.median(ratios):.3f}, range {min(ratios):.3f} .. {max(ratios):.3f}")
END
