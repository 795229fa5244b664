#!/bin/sh
# sparse/hpcg against the HPCG 3.1 reference, interleaved pairs of processes on the same problem.
#   hpcg.sh TANDEM XHPCG mpi|openmp LOCAL PAIRS
# TANDEM: the program of this suite. XHPCG: bin/xhpcg of an HPCG build, setup Linux_MPI for mpi (2 ranks x 1 thread) or
# GCC_OMP for openmp (1 rank x 2 threads). LOCAL: points a rank and axis. Prints the two ratings in GFLOP/s of each pair, set-up
# charged on both sides (HPCG: "convergence and optimization phase overhead"), and with openmp HPCG's "Raw SpMV" beside
# sparse/spmv of the same matrix.
set -eu
tandem=$(realpath "$1") xhpcg=$(realpath "$2") kind=$3 local=$4 pairs=$5
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
if [ "$kind" = mpi ]; then ranks=2 threads=1; else ranks=1 threads=2; fi
cat > case.toml <<END
class = "quick"
[[kernel]]
name = "sparse/hpcg"
local = "$local"
ranks = $ranks
threads = $threads
END
[ "$kind" = mpi ] || cat >> case.toml <<END
[[kernel]]
name = "sparse/spmv"
matrix = "stencil27:$local"
ranks = 1
threads = $threads
END
pair=1
while [ "$pair" -le "$pairs" ]; do
  if [ "$kind" = mpi ]; then
    OMP_NUM_THREADS=1 mpirun -n 2 --bind-to none "$xhpcg" --nx="$local" --rt=1 > /dev/null
  else
    OMP_NUM_THREADS=2 "$xhpcg" --nx="$local" --rt=1 > /dev/null
  fi
  reference=$(sed -n 's/.*VALID with a GFLOP.s rating of=//p' HPCG-Benchmark*.txt)
  spmv=$(sed -n 's/.*GFLOP.s Summary::Raw SpMV=//p' HPCG-Benchmark*.txt)
  rm -f HPCG-Benchmark*.txt hpcg2*.txt
  "$tandem" run case.toml --out "run$pair" > run.log 2>&1 || true
  own=$(sed -n 's/^TANDEM-FOM v1 kernel.sparse.hpcg.*rate = \([^ ]*\) .*/\1/p' run.log)
  own_spmv=$(sed -n 's/^TANDEM-FOM v1 kernel.sparse.spmv.*rate = \([^ ]*\) .*/\1/p' run.log)
  notes=$(sed -n 's/.*"notes":\({[^}]*}\).*/\1/p' "run$pair/result.json" | head -1)
  echo "$pair reference=$reference own=$own spmv: reference=$spmv own=${own_spmv:--} $notes"
  pair=$((pair + 1))
done
