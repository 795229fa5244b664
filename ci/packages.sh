#!/usr/bin/env bash
# Installs the distribution packages that Tandem needs, or names what is missing.
#   ci/packages.sh          install what is missing (root, or sudo that asks no password)
#   ci/packages.sh --check  only look: exit 0 if all are there, 2 if not
#   ci/packages.sh --list   print the names
#   --lint before any of them adds the tools of ci/lint.sh; TANDEM_PACKAGES=skip in the environment skips the
#   step (libraries come from modules or Spack; CMake then says what it misses).
# Debian 12, Debian 13 and Ubuntu 24.04 share these names. Exit: 0 ok, 2 missing and not installed.
set -euo pipefail

packages=(
  # compiler and build
  g++ cmake ninja-build pkg-config git ca-certificates
  # message passing, linear algebra, neural-network primitives, machine topology
  libopenmpi-dev openmpi-bin libopenblas-openmp-dev libdnnl-dev libhwloc-dev
  # text, command line, configuration, documents, digests
  libfmt-dev libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libvalijson-dev libssl-dev
  # files, mathematics, pictures of the report
  libhdf5-dev libboost-dev libjs-chart.js
  # tests and micro-measurements
  libgtest-dev libbenchmark-dev openssh-client
)
lint=(clang-format clang-tidy shellcheck)

[[ "${TANDEM_PACKAGES:-}" == skip ]] && exit 0
if [[ "${1:-}" == --lint ]]; then
  packages+=("${lint[@]}")
  shift
fi
mode="${1:-install}"
if [[ "$mode" == --list ]]; then
  printf '%s\n' "${packages[@]}"
  exit 0
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  {
    echo "ci/packages.sh: this is no Debian or Ubuntu system; install the equivalents of these, load their modules, or"
    echo "take them from Spack, and run again with TANDEM_PACKAGES=skip:"
    printf '  %s\n' "${packages[*]}"
  } >&2
  exit 2
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ "$status" == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
  else
    mode=--check
  fi
fi
if [[ "$mode" == --check ]]; then
  {
    echo "ci/packages.sh: missing: ${missing[*]}"
    echo "install them with:  sudo apt-get install --no-install-recommends ${missing[*]}"
  } >&2
  exit 2
fi

echo "installing ${#missing[@]} packages: ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=2 -o DPkg::Lock::Timeout=120)
"${apt[@]}" update || true  # a foreign source that fails must not stop us: the installation decides
if ! "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null; then
  {
    echo "ci/packages.sh: apt-get could not install: ${missing[*]}"
    echo "Is there a network (or a proxy: http_proxy)? On Ubuntu, is the component 'universe' enabled?"
  } >&2
  exit 2
fi
