#!/usr/bin/env bash
# learning/conv or learning/train_step against PyTorch: one `tandem run` whose every launch is preceded by a process of
# PyTorch with the same settings and threads. A first process tries every variant (eager and torch.compile, each memory
# format); the fastest two are run in each pair, and the faster one counts.
#   results/peers/learning.sh [kernel] [pairs] [key=value ...]     default conv 5; settings of the kernel
# Needs: python3 with torch, or another Python in $PYTHON, a built tandem in build/cpu or in $TANDEM. THREADS: default all.
set -euo pipefail

# The launcher of `tandem run`: --launch ranks threads program worker job
if [[ "${1:-}" == --launch ]]; then
  threads=$3 job=$6
  if [[ "$(<"$job")" == *'"kind":"kernel"'* ]]; then
    export OMP_PROC_BIND=close OMP_PLACES=cores  # for both; set any earlier it would bind the coordinator and all it starts
    readarray -t variants < <(sort -t: -gk2 "$LEARNING_PEER/variants.log" 2>/dev/null | head -2 | cut -d: -f1)
    if ((${#variants[@]} == 0)); then
      "$PYTHON" "$LEARNING_PEER/learning.py" "$job" "$threads" >"$LEARNING_PEER/variants.log" 2>"$LEARNING_PEER/torch.log"
      readarray -t variants < <(sort -t: -gk2 "$LEARNING_PEER/variants.log" | head -2 | cut -d: -f1)
    fi
    "$PYTHON" "$LEARNING_PEER/learning.py" "$job" "$threads" "${variants[@]}" 2>>"$LEARNING_PEER/torch.log" |
      sort -t: -gk2 | head -1 >>"$LEARNING_PEER/pairs.log"
  fi
  exec "${@:4}"
fi

kernel=${1:-conv} pairs=${2:-5}
shift $(($# < 2 ? $# : 2))
export PYTHON=${PYTHON:-python3}
"$PYTHON" -c 'import torch' 2>/dev/null || {
  echo "learning.sh: $PYTHON has no torch: install PyTorch, or name another Python in PYTHON" >&2
  exit 2
}
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
tandem=$(realpath "${TANDEM:-$here/../../build/cpu/tandem}")
LEARNING_PEER=$(mktemp -d)
export LEARNING_PEER
trap 'rm -rf "$LEARNING_PEER"' EXIT
cp "$here/learning.py" "$LEARNING_PEER"
{
  echo "class = \"quick\"
launches = $pairs
threads = ${THREADS:-$(nproc)}
launcher = \"$here/learning.sh --launch {ranks} {threads}\"
[[kernel]]
name = \"learning/$kernel\""
  for setting in "$@"; do echo "${setting%%=*} = \"${setting#*=}\""; done
} >"$LEARNING_PEER/plan.toml"
"$tandem" run "$LEARNING_PEER/plan.toml" --out "$LEARNING_PEER/out" >"$LEARNING_PEER/log" ||
  { cat "$LEARNING_PEER/log" "$LEARNING_PEER/torch.log" >&2; exit 1; }

"$PYTHON" - "$LEARNING_PEER" <<'END'
import json, statistics, sys
import torch
folder = sys.argv[1]
read = lambda name: [(line.split(":")[0], float(line.split(":")[1])) for line in open(folder + "/" + name)]
kernel = json.load(open(folder + "/out/result.json"))["kernels"][0]
own = [statistics.median(seconds) for seconds in kernel["sample_seconds"]]
print(kernel["case"], "threads", kernel["threads"], kernel["status"], "; PyTorch", torch.__version__)
for variant, seconds in read("variants.log"):
    print(f"  {seconds * 1e3:8.3f} ms  {variant} (first process)")
ratios = []
for ours, (variant, theirs) in zip(own, read("pairs.log")):
    ratios.append(theirs / ours)
    print(f"  own {ours * 1e3:8.3f} ms   PyTorch {theirs * 1e3:8.3f} ms ({variant})   ratio {ratios[-1]:.3f}")
print(f"  median ratio {statistics.median(ratios):.3f}, range {min(ratios):.3f} .. {max(ratios):.3f}")
END
