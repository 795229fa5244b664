#!/usr/bin/env bash
# Verifies and times every kernel on this machine's GPU (configs/gpu.toml), trains on it (configs/gpu_pipelines.toml), then times the fastest kernels in turn with PyTorch where
# python3 has it, prints a table and leaves it with the result directories. Under 8 minutes.
# Usage: ci/gpu_check.sh [FOLDER] (gpu-check-DATE); from a bundle (ci/bundle.sh), or from a checkout with
# TANDEM_BUILD (build/cuda). TANDEM_PAIRS: how often both are timed (5).
# Exit: that of `tandem run`; 77 without a GPU.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

program=./tandem
[[ -x $program ]] || program=${TANDEM_BUILD:-build/cuda}/tandem
if [[ ! -x $program ]]; then
  echo "ci/gpu_check.sh: no $program: build it (cmake --preset cuda && cmake --build --preset cuda), or name another TANDEM_BUILD" >&2
  exit 2
fi
folder=${1:-gpu-check-$(date +%Y%m%d-%H%M%S)}
pairs=${TANDEM_PAIRS:-5}
deadline=$((SECONDS + 400))

# PyTorch brings cuBLASLt along: for machines that have it nowhere else.
libraries=$(python3 - 2>/dev/null <<'PYTHON' || true
import glob, importlib.util, os
spec = importlib.util.find_spec("nvidia")
found = [f for p in (spec.submodule_search_locations if spec else []) for f in glob.glob(p + "/**/libcublasLt.so.13", recursive=True)]
print(os.path.dirname(found[0]) if found else "")
PYTHON
)
devices=$("$program" list --devices)
usable() { grep '^  gpu ' <<<"$devices" | grep -qv 'none by'; }
if ! usable && [[ -n $libraries ]]; then
  export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$libraries"
  devices=$("$program" list --devices)
fi
echo "$devices"
if ! usable; then
  echo "ci/gpu_check.sh: no GPU can be used here: nothing was run"
  exit 77
fi

mkdir -p "$folder"
echo "$devices" >"$folder/devices.txt"
status=0
"$program" run configs/gpu.toml --out "$folder/all" | tee "$folder/all.txt" || status=${PIPESTATUS[0]}
"$program" run configs/gpu_pipelines.toml --out "$folder/training" | tee "$folder/training.txt" || status=$((status > PIPESTATUS[0] ? status : PIPESTATUS[0]))

# rates FILE: "name value" of every rate
rates() { awk '/^TANDEM-FOM v1 kernel/ && $5 + 0 > 0 { print $3, $5 }' "$1"; }
rates "$folder/all.txt" >"$folder/tandem-0.txt"

# In turn: the products, triad and copy, the sparse product and the training step, which have a peer.
peer() { timeout 200 python3 results/peers/gpu.py "$@" 2>>"$folder/peer.log"; }
if peer memory.copy >/dev/null; then
  peer >"$folder/peer-0.txt" || true
  for ((pair = 1; pair <= pairs && SECONDS < deadline; ++pair)); do
    "$program" run configs/gpu_pairs.toml --out "$folder/pair-$pair" >"$folder/pair-$pair.txt" 2>&1 || true
    rates "$folder/pair-$pair.txt" >"$folder/tandem-$pair.txt"
    peer memory.triad memory.copy precision=fp64 precision=bf16 precision=fp8 spmv train_step >"$folder/peer-$pair.txt" || true
  done
else
  echo "no python3 with PyTorch that sees the GPU: nothing to compare with"
fi

mapfile -t peers < <(find "$folder" -name 'peer-*.txt' | sort)
# Median of Tandem's rates, of the peer's, and of the ratios of the pairs.
awk '
  function median(list, n,   i, j, t) {
    for (i = 2; i <= n; ++i) for (j = i; j > 1 && list[j - 1] > list[j]; --j) { t = list[j]; list[j] = list[j - 1]; list[j - 1] = t }
    return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
  }
  { file = FILENAME; sub(/.*\//, "", file); split(file, part, /[-.]/); seen[$1]; value[part[1], part[2], $1] = $2 }
  END {
    printf "%-80s %12s %12s %8s %6s\n", "figure", "Tandem", "PyTorch", "ratio", "pairs"
    for (name in seen) {
      n = m = p = 0
      for (i = 0; i < 100; ++i) {
        if (("tandem", i, name) in value && value["tandem", i, name] > 0) own[++n] = value["tandem", i, name]
        if (("peer", i, name) in value) theirs[++m] = value["peer", i, name]
        if (i > 0 && ("tandem", i, name) in value && ("peer", i, name) in value && value["tandem", i, name] > 0)
          ratio[++p] = value["tandem", i, name] / value["peer", i, name]
      }
      if (n == 0) continue
      printf "%-80s %12.4e %12s %8s %6d\n", name, median(own, n), m ? sprintf("%.4e", median(theirs, m)) : "-",
             p ? sprintf("%.3f", median(ratio, p)) : (m ? sprintf("%.3f", median(own, n) / median(theirs, m)) : "-"), p | "sort"
    }
  }' "$folder"/tandem-*.txt "${peers[@]}" | tee "$folder/table.txt"
echo "left in $folder"
exit "$status"
