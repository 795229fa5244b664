#!/usr/bin/env bash
# dense/lu_mixed against dense/lu and LAPACK's dsgesv at the same n and threads: one `tandem run` of both kernels, whose every
# launch of dense/lu_mixed is preceded by a run of dsgesv. Prints each pair, and the median and range of the ratios of times.
#   results/peers/lu_mixed.sh [n] [threads] [pairs] [precision]     default 8000, all cores, 5, auto
# Needs: a C compiler, LAPACK (-lopenblas, or what LAPACK_LIBS says), a built tandem in build/cpu or in $TANDEM.
# All use one BLAS: OPENBLAS_CORETYPE=SkylakeX results/peers/lu_mixed.sh where OpenBLAS does not know the processor.
set -euo pipefail

# The launcher of `tandem run`: --launch threads program worker job
if [[ "${1:-}" == --launch ]]; then
  threads=$2 job=$5
  shift 2
  if [[ "$(<"$job")" == *'"dense/lu_mixed"'* ]]; then
    OMP_NUM_THREADS=$threads "$MIXED_PEER/dsgesv" "$MIXED_N" 3 >>"$MIXED_PEER/dsgesv.log"
  fi
  exec "$@"
fi

MIXED_N=${1:-8000} threads=${2:-$(nproc)} pairs=${3:-5} precision=${4:-auto}
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
tandem=$(realpath "${TANDEM:-$here/../../build/cpu/tandem}")
MIXED_PEER=$(mktemp -d)
trap 'rm -rf "$MIXED_PEER"' EXIT
export MIXED_PEER MIXED_N
read -ra libraries <<<"${LAPACK_LIBS:--lopenblas}"
"${CC:-cc}" -O2 -march=native -o "$MIXED_PEER/dsgesv" "$here/dsgesv.c" "${libraries[@]}" -lm || {
  echo "lu_mixed.sh: no dsgesv: install a LAPACK, or name its libraries in LAPACK_LIBS" >&2
  exit 2
}

cat >"$MIXED_PEER/mixed.toml" <<END
class = "quick"
launches = $pairs
launcher = "$here/lu_mixed.sh --launch {threads}"
threads = $threads
[[kernel]]
name = "dense/lu"
n = $MIXED_N
[[kernel]]
name = "dense/lu_mixed"
n = $MIXED_N
precision = "$precision"
END
"$tandem" run "$MIXED_PEER/mixed.toml" --out "$MIXED_PEER/out" >"$MIXED_PEER/log" || { cat "$MIXED_PEER/log" >&2; exit 1; }

python3 - "$MIXED_PEER" "$MIXED_N" <<'END'
import json, statistics, sys
folder, n = sys.argv[1], float(sys.argv[2])
flops = 2 / 3 * n**3 + 3 / 2 * n**2
kernels = {k["case"].split("/")[1]: k for k in json.load(open(folder + "/out/result.json"))["kernels"]}
own = {name: [statistics.median(seconds) for seconds in k["sample_seconds"]] for name, k in kernels.items()}
runs = [float(line.split()[2]) for line in open(folder + "/dsgesv.log")]
own["dsgesv"] = [statistics.median(runs[i : i + 3]) for i in range(0, len(runs), 3)]
for kernel in kernels.values():
    print(kernel["case"], "threads", kernel["threads"], kernel["status"])
for mixed, lu, dsgesv in zip(own["lu_mixed"], own["lu"], own["dsgesv"]):
    print(f"  lu_mixed {mixed:.3f} s   lu {lu:.3f} s ({lu / mixed:.2f})   dsgesv {dsgesv:.3f} s ({dsgesv / mixed:.2f})")
for peer in ("lu", "dsgesv"):
    ratios = [theirs / ours for theirs, ours in zip(own[peer], own["lu_mixed"])]
    print(f"  against {peer}: median ratio {statistics.median(ratios):.3f}, range {min(ratios):.3f} .. {max(ratios):.3f}")
print("  " + ", ".join(f"{name} {flops / statistics.median(seconds) / 1e9:.0f} Gflop/s" for name, seconds in own.items()))
print("  " + ", ".join(f"{k}: {v}" for k, v in sorted(kernels["lu_mixed"]["facts"]["notes"].items())))
END
