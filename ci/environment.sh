# Sourced by the scripts of this folder: goes to the root of the project and clears what would bend the numbers.
# shellcheck shell=bash
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

# Some shells export these; both make OpenBLAS use the code of another processor.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

# Containers and chroots run as root, which Open MPI refuses unless told twice.
if ((EUID == 0)); then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
