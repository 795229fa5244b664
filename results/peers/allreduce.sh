#!/usr/bin/env bash
# network/allreduce against bare loops on Open MPI and MPICH, fp32, on one machine.
#   results/peers/allreduce.sh [ranks] [pairs] [bytes...]       default 2 5 and 8 .. 64M
# First every setting of both libraries in SETTINGS, then one `tandem run` whose every launch is preceded by the bare loop
# of the MPI that Tandem was built with (Open MPI, as it comes). Prints, by size: the libraries' medians; the ratio
# loop / Tandem's library row (1 = the harness costs nothing) and best library / each of Tandem's own algorithms.
# Needs: mpicc and mpirun of Open MPI, those of MPICH if there, a built tandem in build/cpu or in $TANDEM.
set -euo pipefail
if ((EUID == 0)); then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
mpirun=$(command -v mpirun.openmpi || command -v mpirun)

# The launcher of `tandem run`: --launch ranks program worker job
if [[ "${1:-}" == --launch ]]; then
  ranks=$2 job=$5
  bytes=$(sed -n 's/.*"bytes": *"\([0-9]*\)".*/\1/p' "$job" | head -1)
  if [[ -n "$bytes" ]]; then
    "$mpirun" -n "$ranks" --bind-to core "$ALLREDUCE_PEER/openmpi" "$bytes" >>"$ALLREDUCE_PEER/pairs.log"
  fi
  exec "$mpirun" -n "$ranks" --bind-to core "${@:3}"
fi

SETTINGS=(
  openmpi
  "openmpi OMPI_MCA_btl_vader_single_copy_mechanism=none"
  "openmpi OMPI_MCA_coll_sm_priority=100"
  "openmpi OMPI_MCA_coll_tuned_use_dynamic_rules=1 OMPI_MCA_coll_tuned_allreduce_algorithm=3"  # recursive doubling
  "openmpi OMPI_MCA_coll_tuned_use_dynamic_rules=1 OMPI_MCA_coll_tuned_allreduce_algorithm=4"  # ring
  "openmpi OMPI_MCA_coll_tuned_use_dynamic_rules=1 OMPI_MCA_coll_tuned_allreduce_algorithm=6"  # Rabenseifner
  mpich
  "mpich MPIR_CVAR_ALLREDUCE_INTRA_ALGORITHM=recursive_doubling"
  "mpich MPIR_CVAR_ALLREDUCE_INTRA_ALGORITHM=reduce_scatter_allgather"
)
ranks=${1:-2} pairs=${2:-5}
sizes=("${@:3}")
((${#sizes[@]})) || sizes=(8 1024 65536 1048576 4194304 16777216 67108864)
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
tandem=$(realpath "${TANDEM:-$here/../../build/cpu/tandem}")
ALLREDUCE_PEER=$(mktemp -d)
export ALLREDUCE_PEER
trap 'rm -rf "$ALLREDUCE_PEER"' EXIT

# OSU's loop without its barrier between calls: back-to-back calls between two readings of the clock, the slowest rank; the
# median of 21 blocks of 5 ms or one call.
cat >"$ALLREDUCE_PEER/bare.c" <<'END'
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
static int compare(const void* a, const void* b) { return *(double*)a < *(double*)b ? -1 : 1; }
int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  for (int size = 1; size < argc; ++size) {
    const long bytes = atol(argv[size]), count = bytes / 4;
    float *in = aligned_alloc(64, bytes + 64), *out = aligned_alloc(64, bytes + 64);
    for (long i = 0; i < count; ++i) in[i] = i % 8, out[i] = 0;
    double block[21], slowest = 0;
    int calls = 1;
    for (int i = -8; i < 21; ++i) {
      MPI_Barrier(MPI_COMM_WORLD);
      const double start = MPI_Wtime();
      for (int call = 0; call < calls; ++call) MPI_Allreduce(in, out, (int)count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
      const double seconds = (MPI_Wtime() - start) / calls;
      MPI_Allreduce(&seconds, &slowest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
      if (i < 0) calls = slowest < 5e-3 ? (int)(5e-3 / slowest) + 1 : 1;
      else block[i] = slowest;
    }
    qsort(block, 21, sizeof *block, compare);
    if (rank == 0) printf("%ld %.9e\n", bytes, block[10]);
    free(in), free(out);
  }
  MPI_Finalize();
}
END
for mpi in openmpi mpich; do
  compiler=$(command -v "mpicc.$mpi") && "$compiler" -O2 -w "$ALLREDUCE_PEER/bare.c" -o "$ALLREDUCE_PEER/$mpi"
done || true

for setting in "${SETTINGS[@]}"; do
  read -ra words <<<"$setting"
  mpi=${words[0]}
  [[ -x "$ALLREDUCE_PEER/$mpi" ]] || continue
  start=("$mpirun" -n "$ranks" --bind-to core)
  [[ "$mpi" == openmpi ]] || start=(mpirun.mpich -n "$ranks" -bind-to core)
  env "${words[@]:1}" "${start[@]}" "$ALLREDUCE_PEER/$mpi" "${sizes[@]}" 2>/dev/null |
    sed "s|\$| $setting|" >>"$ALLREDUCE_PEER/settings.log" || echo "$setting: does not run here" >&2
done

cat >"$ALLREDUCE_PEER/plan.toml" <<END
class = "quick"
limits = "none"
launches = $pairs
threads = 1
ranks = $ranks
launcher = "$here/allreduce.sh --launch {ranks}"
[[kernel]]
name = "network/allreduce"
bytes = [$(IFS=,; echo "${sizes[*]/%/\"}" | sed 's/^/"/; s/,/,"/g')]
algorithm = ["library", "shared_window", "direct"]
END
"$tandem" run "$ALLREDUCE_PEER/plan.toml" --out "$ALLREDUCE_PEER/out" >"$ALLREDUCE_PEER/log" || { cat "$ALLREDUCE_PEER/log" >&2; exit 1; }

python3 - "$ALLREDUCE_PEER" <<'END'
import collections, json, statistics, sys
folder = sys.argv[1]
best = collections.defaultdict(list)
for line in open(folder + "/settings.log"):
    size, seconds, setting = line.split(None, 2)
    best[int(size)].append((float(seconds), setting.strip()))
bare = collections.defaultdict(list)
for line in open(folder + "/pairs.log"):
    size, seconds = line.split()
    bare[int(size)].append(float(seconds))
own = collections.defaultdict(dict)
for kernel in json.load(open(folder + "/out/result.json"))["kernels"]:
    medians = [statistics.median(s) for s in kernel["sample_seconds"]]
    algorithm = kernel["settings"].get("algorithm", "library")  # a default is not named
    own[int(kernel["settings"]["bytes"])][algorithm] = medians
    print(kernel["case"], kernel["status"])
for size in sorted(best):
    print(f"== {size} bytes")
    for seconds, setting in sorted(best[size]):
        print(f"  {seconds * 1e6:12.2f} us  {setting}")
    library = own[size]["library"]
    loop = statistics.median(bare[size])
    fastest = min([seconds for seconds, _ in best[size]] + [loop])
    print(f"  {statistics.median(library) * 1e6:12.2f} us  tandem library; bare loop beside it / this"
          f" {loop / statistics.median(library):.3f}")
    for name in ("shared_window", "direct"):
        seconds = statistics.median(own[size][name])
        print(f"  {seconds * 1e6:12.2f} us  tandem {name}; fastest library / this {fastest / seconds:.2f},"
              f" bare loop beside it / this {loop / seconds:.2f}")
END
