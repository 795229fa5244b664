#!/usr/bin/env bash
# Tandem as a Slurm batch job: measures a configuration with srun as its launcher, seals the result, verifies it.
#
#   sbatch ci/sites/slurm_tandem.sh [CONFIG] [RESULT]      default: configs/standard.toml, tandem-<job id>
#   TANDEM=/path/to/tandem        the program (default: tandem on the PATH)
#   TANDEM_LAUNCHER="srun ..."    how ranks are started (default below; {ranks} and {threads} are filled in)
#   TANDEM_OPTIONS="--filter dense/*"   more options of tandem run
#
# One task holds all cores of the allocation, and Tandem starts its ranks as job steps inside it: adapt --nodes and
# --cpus-per-task to the machine. `srun --mpi=list` tells which of pmix and pmi2 a site has. Energy: Slurm starts one
# process a node for meter_launcher = "srun --overlap --ntasks-per-node=1" (docs/energy.md).
# Exit code: that of tandem run (0 also if UNOFFICIAL or UNSTABLE; 3 INVALID), or of tandem verify.
#SBATCH --job-name=tandem
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --exclusive
#SBATCH --time=01:00:00
#SBATCH --output=tandem-%j.log
set -euo pipefail

config=${1:-configs/standard.toml}
result=${2:-tandem-${SLURM_JOB_ID:?this script is for sbatch}}
tandem=${TANDEM:-tandem}
# --overlap: the batch step holds the cores already; --cpu-bind=none: Tandem's coordinator and limits place the threads.
launcher='srun --mpi=pmix --overlap --exact --cpu-bind=none -n {ranks} -c {threads}'
launcher=${TANDEM_LAUNCHER:-$launcher}
read -ra options <<<"${TANDEM_OPTIONS:-}"

# The configuration with this site's launcher in place of its own.
plan=$(mktemp --suffix=.toml)
trap 'rm -f "$plan"' EXIT
{
  printf 'launcher = "%s"\n' "$launcher"
  sed '/^launcher *=/d' "$config"
} >"$plan"

status=0
"$tandem" run "$plan" --out "$result" "${options[@]}" || status=$?
if [[ -f "$result/manifest-sha256.txt" ]]; then
  "$tandem" verify "$result" || status=$?
fi
exit "$status"
