// The coordinator runs a plan: fresh workers for every launch, one after the other, their records merged into the
// result directory as each ends. It is no MPI program. A worker that crashes is one failed launch; an interrupted run
// keeps every finished launch and goes on from there.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "harness/base/json.hpp"
#include "harness/launch/energy.hpp"
#include "harness/launch/plan.hpp"
#include "harness/launch/progress.hpp"
#include "harness/launch/resume.hpp"
#include "harness/result/files.hpp"

namespace tandem {

class Coordinator {
 public:
  // `folder` exists and holds plan.json; launches that its ledger already has are left out, after what a power cut tore
  // was dropped. `started`: the time of day, for the ledger.
  Coordinator(Plan plan, Json plan_document, std::filesystem::path folder, std::string started, bool terminal);

  // `needed`: launches that each case asks for by what was measured so far; asked again after each round, until nothing
  // is missing. True when all were run, false when a signal ended it early.
  using Needed = std::function<std::vector<std::size_t>()>;
  bool run(const Needed& needed);
  // Runs these launches once more (a rate above its limit), with the limits measured right beside them.
  bool run_again(const std::vector<std::size_t>& items);
  // Measures the idle node's power, `when` "before" or "after" the launches; returns at once where nothing is metered.
  void rest(const std::string& when);
  // Closes a run, or a part of it: its seconds in the ledger, and the meters' record in power.csv.
  void close(double seconds, bool interrupted);

 private:
  void begin_part(const Past& past, const std::vector<std::string>& dropped);
  std::filesystem::path weights_file(const Job& job) const;
  bool was_run(const std::string& id) const;
  bool run_jobs(const std::vector<Job>& jobs);
  bool run_job(const Job& job);
  void keep(const Job& job, const Json& launch, const std::vector<Json>& records);
  Geometry geometry_of_job(const Job& job) const;
  Json job_document(const Job& job, const std::string& stage) const;
  std::string title(const Job& job) const;
  double expected_seconds(const Job& job) const;
  std::vector<std::string> stages(const Job& job) const;  // a process each

  Plan plan_;
  Json plan_document_;
  std::filesystem::path folder_;
  std::string started_;
  bool terminal_;
  std::vector<std::string> done_;
  std::unique_ptr<Progress> progress_;
  std::unique_ptr<Ledger> ledger_;
  double origin_ = 0;  // steady clock at which the run's times would have started without its interruptions
  std::unique_ptr<EnergyWatch> energy_;
};

// Files of a result directory into which records of a kind go; all others stay in the launch's ledger line.
std::string file_of_record(const std::string& kind);

}  // namespace tandem
