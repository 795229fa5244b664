#!/usr/bin/env bash
# How often does tandem compare see a difference where there is none, and how often does it see one that is there?
# Each trial measures configs/aa.toml three times: A, B (the same program) and S (the same kernels, slowed by repeating every
# m-th run; 1/m is at least 10 % and twice the threshold delta). B against A must be neither FASTER nor SLOWER, S must be SLOWER.
#   results/aa_trials.sh FOLDER [trials]      default 20 trials, about two minutes each; go on with the same command
# Needs a built tandem-test (target tandem-test; it alone can slow kernels) in build/cpu or in $TANDEM, and python3.
# Leave the machine alone meanwhile: what disturbs one run and not the other is a difference.
set -euo pipefail
((EUID != 0)) || export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
folder=${1:?"usage: results/aa_trials.sh FOLDER [trials]"} trials=${2:-20}
config=${AA_CONFIG:-$here/../configs/aa.toml}
tandem=$(realpath "${TANDEM:-$here/../build/cpu/tandem-test}")
[[ -x $tandem ]] || { echo "aa_trials.sh: $tandem is missing: build the target tandem-test, or set TANDEM" >&2; exit 2; }
mkdir -p "$folder"

# run NAME ENVIRONMENT...: measures NAME unless it is there whole.
run() {
  local name=$1
  shift
  [[ -e $folder/$name/manifest-sha256.txt ]] && return
  rm -rf "${folder:?}/$name"
  env "$@" "$tandem" run "$config" --out "$folder/$name" >"$folder/$name.log" 2>&1 || { cat "$folder/$name.log" >&2; exit 1; }
}
# against A B FILE: the comparison of B with A; that nothing could be decided (5) is an outcome.
against() {
  local code=0
  "$tandem" compare "$folder/$1" "$folder/$2" --aa "$folder/aa.json" --json "$folder/$3" >"$folder/$3.log" 2>&1 || code=$?
  ((code == 0 || code == 5)) || { cat "$folder/$3.log" >&2; exit 1; }
}

if [[ ! -e $folder/aa.json ]]; then
  rm -rf "${folder:?}/aa"
  echo "A/A threshold of this machine, ten launches a side"
  "$tandem" aa "$config" --launches "${AA_LAUNCHES:-10}" --out "$folder/aa.json" >"$folder/aa.log" 2>&1 || { cat "$folder/aa.log" >&2; exit 1; }
fi
every=$(python3 - "$folder/aa.json" <<'END'
import json, math, sys
share = max(0.10, math.expm1(2 * json.load(open(sys.argv[1]))["kernel"]["delta"]))
every = 8
while every > 1 and 1 / every < share:
    every //= 2
sys.exit(f"aa_trials.sh: this machine differs from itself by so much that {share:.0%} would be needed") if 1 / every < share else print(every)
END
)
echo "S does every ${every}th run twice: it takes 1/$every longer"

for ((i = 1; i <= trials; ++i)); do
  run "$i.A"
  run "$i.B"
  run "$i.S" TANDEM_TEST_SLOWED="$every"
  against "$i.A" "$i.B" "$i.same.json"
  against "$i.A" "$i.S" "$i.slowed.json"
  echo "trial $i of $trials: B $(grep -o ': [0-9]* FASTER.*INCONCLUSIVE' "$folder/$i.same.json.log" | head -1); S $(grep -o ': [0-9]* FASTER.*INCONCLUSIVE' "$folder/$i.slowed.json.log" | head -1)"
done

python3 - "$folder" "$trials" "$every" <<'END'
import json, sys
folder, trials, every = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
def verdicts(kind):
    return [{row["title"]: row["verdict"] for row in json.load(open(f"{folder}/{i}.{kind}.json"))["comparisons"][0]["headline"]}
            for i in range(1, trials + 1)]
same, slowed = verdicts("same"), verdicts("slowed")
aa = json.load(open(f"{folder}/aa.json"))["kernel"]
print(f"\ndelta {aa['delta']:.4f}, S slower by {1 / every:.1%}, {trials} trials")
for title in same[0]:
    count = lambda trials_, word: sum(one.get(title) == word for one in trials_)
    print(f"  {title:58} same: {count(same, 'FASTER')} FASTER {count(same, 'SLOWER')} SLOWER;  slowed: {count(slowed, 'SLOWER')} SLOWER")
wrong = sum(any(verdict in ("FASTER", "SLOWER") for verdict in one.values()) for one in same)
every_one = sum(all(verdict == "SLOWER" for verdict in one.values()) and bool(one) for one in slowed)
print(f"same: a FASTER or SLOWER in {wrong} of {trials} trials (wanted: 0)")
print(f"slowed: every figure SLOWER in {every_one} of {trials} trials (wanted: at least {0.9 * trials:.0f})")
sys.exit(0 if wrong == 0 and every_one >= 0.9 * trials else 5)
END
