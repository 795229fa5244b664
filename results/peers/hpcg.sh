#!/usr/bin/env bash
# sparse/hpcg against the HPCG 3.1 reference, interleaved pairs of processes on the same problem.
#   results/peers/hpcg.sh [mpi|openmp] [local] [pairs]     default mpi 104 5; local: points a rank and axis
# mpi: 2 ranks x 1 thread, XHPCG_MPI names bin/xhpcg of HPCG's setup Linux_MPI; openmp: 1 rank x 2 threads, XHPCG_OPENMP that of
# GCC_OMP. Prints both ratings in GFLOP/s, set-up charged on both sides (HPCG: "convergence and optimization phase overhead"),
# with openmp also HPCG's "Raw SpMV" beside sparse/spmv of the same matrix.
# Needs: such a build (how: hpcg.md), a built tandem in build/cpu or in $TANDEM.
set -euo pipefail
if ((EUID == 0)); then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

kind=${1:-mpi} local=${2:-104} pairs=${3:-5}
if [[ "$kind" == mpi ]]; then
  xhpcg=${XHPCG_MPI:-} ranks=2 threads=1 launch=(mpirun -n 2 --bind-to none)
else
  xhpcg=${XHPCG_OPENMP:-} ranks=1 threads=2 launch=()
fi
[[ -x "$xhpcg" ]] || {
  echo "hpcg.sh: no HPCG for $kind: build it as hpcg.md says, name its xhpcg in XHPCG_MPI or XHPCG_OPENMP" >&2
  exit 2
}
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
tandem=$(realpath "${TANDEM:-$here/../../build/cpu/tandem}") xhpcg=$(realpath "$xhpcg")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# plan NAME KEY VALUE
plan() {
  printf 'class = "quick"\nlimits = "none"\nranks = %s\nthreads = %s\n[[kernel]]\nname = "%s"\n%s = "%s"\n' "$ranks" "$threads" "$@" >case.toml
}
# own NAME KEY VALUE: the rate in GFLOP/s
own() {
  plan "$@"
  rm -rf out
  "$tandem" run case.toml --out out >run.log 2>&1 || true
  awk '/^TANDEM-FOM v1 kernel/ && /\.rate =/ { printf "%.3f", $5 / 1e9; found = 1 } END { if (!found) printf "nan" }' run.log
}

for ((pair = 1; pair <= pairs; ++pair)); do
  rm -f HPCG-Benchmark*.txt hpcg2*.txt
  OMP_NUM_THREADS=$threads "${launch[@]}" "$xhpcg" --nx="$local" --rt=1 </dev/null >/dev/null
  reference=$(sed -n 's/.*VALID with a GFLOP.s rating of=//p' HPCG-Benchmark*.txt)
  rate=$(own sparse/hpcg local "$local")
  echo "$pair $reference $rate sparse/hpcg $(grep -o '"format":"[^"]*"' out/result.json | head -1)"
  [[ "$kind" == mpi ]] && continue
  spmv=$(sed -n 's/.*GFLOP.s Summary::Raw SpMV=//p' HPCG-Benchmark*.txt)
  echo "$pair $spmv $(own sparse/spmv matrix "stencil27:$local") sparse/spmv"
done | tee pairs.log | awk '{ printf "%-12s pair %s: reference %.3f  own %.3f  ratio %.3f  %s\n", $4, $1, $2, $3, $3 / $2, $5; fflush() }'
for kernel in sparse/hpcg sparse/spmv; do
  awk -v kernel=$kernel '$4 == kernel { print $3 / $2 }' pairs.log | sort -g |
    awk -v kernel=$kernel '{ r[NR] = $1 } END { if (NR) printf "%s: median ratio %.3f, range %.3f .. %.3f\n", kernel, r[int((NR + 1) / 2)], r[1], r[NR] }'
done
