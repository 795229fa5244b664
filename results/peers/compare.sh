#!/usr/bin/env bash
# Every comparison of this folder, one after another, with its defaults: results/peers/compare.sh [name ...]
# A comparison whose peer is not installed says so and is skipped (exit code 2 of its script); any other failure counts.
# For a quiet machine; the scripts say what they need and how long they take.
set -uo pipefail

here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
names=("$@")
if ((${#names[@]} == 0)); then
  for script in "$here"/*.sh; do
    name=$(basename "$script" .sh)
    [[ $name == compare ]] || names+=("$name")
  done
fi
failed=0
for name in "${names[@]}"; do
  echo "== $name"
  "$here/$name.sh"
  code=$?
  case $code in
    0) ;;
    2) echo "skipped" ;;
    *) echo "failed (exit code $code)"; failed=1 ;;
  esac
done
exit "$failed"
