#!/usr/bin/env bash
# Builds and links the whole HIP module with rocBLAS in a Debian 13 of its own (Debian 12 has no rocBLAS), starts the
# program there and looks at its devices. Nothing is run on a GPU. As root; about 5 GB in FOLDER and a few minutes.
# Usage: ci/hip_check.sh FOLDER (made by debootstrap where it is empty or missing). Exit: 0; 77 if it cannot be made here.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

root=${1:?usage: ci/hip_check.sh FOLDER}
if ((EUID != 0)) || ! command -v chroot >/dev/null; then
  echo "ci/hip_check.sh: needs root and chroot" >&2
  exit 77
fi
if [[ ! -x $root/usr/bin/apt-get ]]; then
  if ! command -v debootstrap >/dev/null; then
    echo "ci/hip_check.sh: needs debootstrap (apt-get install debootstrap)" >&2
    exit 77
  fi
  debootstrap --variant=minbase trixie "$root" >/dev/null
fi
cp /etc/resolv.conf "$root/etc/resolv.conf"
if ! mountpoint -q "$root/proc"; then
  mount -t proc proc "$root/proc"
  trap 'umount "$root/proc"' EXIT
fi

rm -rf "$root/tandem"
mkdir -p "$root/tandem"
git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- -cf - | tar -C "$root/tandem" -xf -
chroot "$root" /bin/bash -euo pipefail <<'INSIDE'
cd /tandem
export DEBIAN_FRONTEND=noninteractive TANDEM_PACKAGES=
ci/packages.sh
apt-get install -y --no-install-recommends hipcc libamdhip64-dev librocblas-dev >/dev/null
cmake -S . -B build -G Ninja -DTANDEM_HIP=ON -DTANDEM_TESTS=OFF -DTANDEM_WERROR=ON
cmake --build build --target tandem module_hip
nm -D --defined-only build/libtandem_hip.so | grep -w tandem_module
ldd build/libtandem_hip.so | grep -E 'rocblas|amdhip64'
build/tandem list --devices
INSIDE
