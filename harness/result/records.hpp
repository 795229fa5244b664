// A result directory's records in memory: what the derivation reads and nothing else.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/base/json.hpp"
#include "harness/result/power.hpp"

namespace tandem {

struct LaunchRecord {
  Json line;                  // its line in the ledger
  std::vector<Json> samples;  // its lines in samples.jsonl
  std::vector<Json> holdout, answers, pictures;
  Json energy = nullptr;  // {"joules", "error", "scope", "reason"}, by the readings in power.csv

  std::vector<Json> of(const std::string& kind) const;  // records of a kind in the ledger line
  bool failed() const;                                  // crashed, timed out, or ended with an error
  std::string failure() const;
  std::string skipped() const;  // "" or the reason
};

struct Records {
  Json plan, machine, run;       // run: the closing record {"started", "seconds", "interrupted"}
  Json dropped = Json::array();  // what a repair dropped before the run went on, a sentence each
  std::vector<LaunchRecord> launches;
  std::vector<PowerPart> power;  // the meters' readings
  std::vector<Json> idle;        // {"when", "begin", "seconds"}: nothing ran

  // The launches of a case (and arm) that count: in order, a repeated one replacing the first.
  std::vector<const LaunchRecord*> launches_of(const std::string& path, const std::string& arm = "") const;
};

// ["k00.0", "k00.1"]: how the lines of samples.jsonl, holdout.jsonl and the ledger name them.
Json launch_ids(const std::vector<const LaunchRecord*>& launches);

// Checks while it reads: the ledger's chain, every launch's digests of its lines, its energy by the readings, launches
// that the plan does not know or that are missing. `problems` collects what is wrong; an unreadable directory throws.
Records read_records(const std::filesystem::path& folder, std::vector<std::string>& problems);

}  // namespace tandem
