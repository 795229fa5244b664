#!/usr/bin/env bash
# dense/lu against HPL: one `tandem run` whose every launch is preceded by a run of HPL with the same N, NB, grid, BLAS and
# number of threads. Prints each pair, and the median and range of the ratios (own rate / HPL's rate).
#   results/peers/lu.sh [ranks] [threads] [N] [NB] [pairs]     default 2 1 10000 256 5; the grid is 1 x ranks
# Needs: xhpl on the PATH or in $XHPL (how to build it: lu.md), a built tandem in build/cpu or in $TANDEM, Open MPI.
# The environment is HPL's, too: OPENBLAS_CORETYPE=SkylakeX results/peers/lu.sh ...
# On several ranks HPL runs with look-ahead 0 and 1, and the faster one counts; on one rank there is nothing to look ahead to.
set -euo pipefail

mpirun=$(command -v mpirun.openmpi || command -v mpirun)
if ((EUID == 0)); then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

# The launcher of `tandem run`: --launch ranks threads program worker job
if [[ "${1:-}" == --launch ]]; then
  ranks=$2 threads=$3 job=$6
  shift 3
  if [[ "$(<"$job")" != *'"dense/lu"'* ]]; then
    exec "$mpirun" -n "$ranks" --bind-to none "$@"  # the machine's limits: on all cores
  fi
  export OMP_NUM_THREADS=$threads
  (cd "$LU_PEER" && "$mpirun" -n "$ranks" --map-by "slot:PE=$threads" "$LU_XHPL" >>hpl.log)
  exec "$mpirun" -n "$ranks" --map-by "slot:PE=$threads" "$@"
fi

ranks=${1:-2} threads=${2:-1} n=${3:-10000} nb=${4:-256} pairs=${5:-5}
LU_XHPL=$(command -v "${XHPL:-xhpl}") || {
  echo "lu.sh: no HPL: put xhpl on the PATH or name it in XHPL (results/peers/lu.md says how to build it)" >&2
  exit 2
}
LU_XHPL=$(realpath "$LU_XHPL")
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
tandem=$(realpath "${TANDEM:-$here/../../build/cpu/tandem}")
LU_PEER=$(mktemp -d)
trap 'rm -rf "$LU_PEER"' EXIT
export LU_PEER LU_XHPL
depths="2 0 1"  # how many and which
((ranks > 1)) || depths="1 0"

cat >"$LU_PEER/HPL.dat" <<END
HPL
made by lu.sh
HPL.out
6            output to stdout
1            N
$n
1            NB
$nb
0            row-major mapping
1            grids
1            P
$ranks       Q
16.0         threshold
1            panel factorisations
2            right-looking
1            recursive stopping
4
1            divisions
2
1            recursive factorisations
1            Crout
1            broadcasts
1            increasing ring, modified
${depths%% *}            look-aheads
${depths#* }
2            mixed swapping
64           threshold
0            L1 transposed
0            U transposed
1            equilibration
8            alignment
END
cat >"$LU_PEER/lu.toml" <<END
class = "quick"
launches = $pairs
launcher = "$here/lu.sh --launch {ranks} {threads}"
[[kernel]]
name = "dense/lu"
n = $n
nb = $nb
ranks = $ranks
threads = $threads
END
"$tandem" run "$LU_PEER/lu.toml" --out "$LU_PEER/out" >"$LU_PEER/log" || { cat "$LU_PEER/log" >&2; exit 1; }

python3 - "$LU_PEER" "$n" "${depths%% *}" <<'END'
import json, re, statistics, sys
folder, n = sys.argv[1], float(sys.argv[2])
flops = 2 / 3 * n**3 + 3 / 2 * n**2
log = open(folder + "/hpl.log").read()
if "FAILED" in log or "PASSED" not in log:
    sys.exit("lu.sh: HPL did not pass its own check")
runs = [float(line.split()[5]) for line in re.findall(r"^W[RC]\d.*$", log, re.M)]
each = int(sys.argv[3])
hpl = [min(runs[i : i + each]) for i in range(0, len(runs), each)]
kernel = json.load(open(folder + "/out/result.json"))["kernels"][0]
own = [statistics.median(seconds) for seconds in kernel["sample_seconds"]]
print(kernel["case"], "threads", kernel["threads"], kernel["status"])
ratios = []
for ours, theirs in zip(own, hpl):
    ratios.append(theirs / ours)
    print(f"  own {flops / ours / 1e9:7.1f} Gflop/s   HPL {flops / theirs / 1e9:7.1f} Gflop/s   ratio {ratios[-1]:.3f}")
print(f"  median ratio {statistics.median(ratios):.3f}, range {min(ratios):.3f} .. {max(ratios):.3f}; medians"
      f" {flops / statistics.median(own) / 1e9:.1f} and {flops / statistics.median(hpl) / 1e9:.1f} Gflop/s")
print("  " + ", ".join(f"{k}: {v}" for k, v in kernel["facts"]["notes"].items() if k.startswith(("time", "blas_core", "grid"))))
END
