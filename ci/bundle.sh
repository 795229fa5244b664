#!/usr/bin/env bash
# Makes one folder that runs on machines without our packages: program, GPU modules, configurations, the check of GPUs and
# the shared libraries that they need, but neither the C library, nor a GPU's driver, nor CUDA's own big libraries, which the
# target has. Large libraries lie compressed there and are unpacked at the first start.
# Usage: ci/bundle.sh [FOLDER] (build/bundle/tandem). Built anew for any x86-64 processor with AVX2, or of the build in
# TANDEM_BUILD. Exit: 0; 1 if the folder is larger than 60 MiB.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

folder=${1:-build/bundle/tandem}
build=${TANDEM_BUILD:-build/bundle/build}
limit_mib=60 compress_from=1000000

if [[ -z ${TANDEM_BUILD:-} ]]; then
  modules=()
  if command -v nvcc >/dev/null || [[ -x /usr/local/cuda/bin/nvcc ]]; then modules+=(-DTANDEM_CUDA=ON); fi
  if command -v hipcc >/dev/null; then modules+=(-DTANDEM_HIP=ON); fi
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DTANDEM_TESTS=OFF -DTANDEM_NATIVE=OFF \
    -DCMAKE_CXX_FLAGS=-march=x86-64-v3 "${modules[@]}"
  cmake --build "$build"
fi

rm -rf "$folder"
mkdir -p "$folder"/{bin,lib,ci,configs,results/peers}
cp "$build/tandem" "$folder/bin/"
for module in "$build"/libtandem_{cuda,hip}.so; do
  if [[ -f $module ]]; then cp "$module" "$folder/bin/"; fi
done
strip "$folder"/bin/*
cp configs/*.toml "$folder/configs/"
cp ci/environment.sh ci/gpu_check.sh "$folder/ci/"
cp results/peers/gpu.py "$folder/results/peers/"
cp LICENSE CITATION.cff "$folder/"

# Theirs: the C library, the driver, and what CUDA and ROCm bring.
theirs='^(linux-vdso|ld-linux|libc|libm|libdl|librt|libpthread|libresolv|libutil|libcuda|libcudart|libcublas|libcublasLt|libcusparse|libnccl|libnvJitLink|libamdhip64|librocblas|librccl)[.-]'
for file in "$folder"/bin/*; do ldd "$file"; done | awk '$2 == "=>" && $3 ~ /^\// { print $1, $3 }' | sort -u |
  while read -r name path; do
    if [[ $name =~ $theirs ]]; then continue; fi
    cp -L "$path" "$folder/lib/$name"
  done
find "$folder/lib" -name '*.so*' -size "+${compress_from}c" -exec gzip -9 {} +

cat >"$folder/tandem" <<'START'
#!/bin/sh
# Starts bin/tandem with the libraries of this folder; unpacks the large ones where that was not done yet.
here=$(cd "$(dirname "$0")" && pwd) || exit 1
for packed in "$here"/lib/*.gz; do
  library=${packed%.gz}
  if [ -f "$packed" ] && [ ! -f "$library" ]; then
    if ! { gzip -dc "$packed" >"$library.$$" && mv "$library.$$" "$library"; }; then
      echo "tandem: cannot unpack $packed: make the folder writable for the first start" >&2
      exit 1
    fi
  fi
done
LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "$here/bin/tandem" "$@"
START
chmod +x "$folder/tandem"

mib=$(du -sm --apparent-size "$folder" | cut -f1)
echo "$folder: $mib MiB"
if ((mib > limit_mib)); then
  echo "ci/bundle.sh: more than $limit_mib MiB" >&2
  exit 1
fi
