// One arm of a pipeline, judged launch by launch; only derive_*.cpp include this.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/arm_id.hpp"
#include "harness/result/derive_parts.hpp"
#include "harness/result/kpi.hpp"

namespace tandem {

// The arms that the coupling speed-up compares.
inline const std::string kSimulationOnly = "simulation_only", kSeparated = "separated",
                         kInMemory = "integrated.coupling=in_memory";

// The rounds of a growing design, their verdicts derived again from value and limit.
struct Growth {
  Json rounds = Json::array();  // [{"samples", "simulated", "replaced", "weights", "verdicts", "pass"}]
  bool met = false;             // the criterion, in the last of them
};

// One launch of an arm, judged.
struct Judged {
  const LaunchRecord* record = nullptr;
  Status status;
  GateOutcome gate;
  std::vector<Stay> closed;  // relative to t0
  std::map<std::string, double> by_name;
  std::map<std::string, double> bytes;
  std::map<std::string, double> weight_bytes;  // from training to answering: network and rivals
  double useful = 0;
  double measured = 0;  // T as it was
  double seconds = 0;   // T, scaled where a subset was answered
  std::size_t answered = 0, of = 0;
  std::optional<double> joules;
  std::optional<Growth> growth;  // of a growing design
  bool given_up() const { return growth && !growth->met; }
  bool pass() const { return status.has_figure() && !given_up() && record->skipped().empty(); }
  bool scaled() const { return answered < of; }
  double phases() const;  // seconds that a rank spent in phases, mean over ranks
};

struct Arm {
  ArmId id;
  std::vector<Judged> launches;
  Status status;
  Json noise;           // the guards, of each the worst of all launches
  std::string skipped;  // what this machine does not support; "" = it ran

  std::vector<double> passing() const;  // seconds of the launches that pass
};

// A pipeline while its document is made.
struct Part {
  Derivation& derivation;
  const Json& item;
  std::vector<Arm> arms;
  std::string fom;

  const Arm* find(const std::string& arm) const;  // by ArmId::text(); nullptr: it is not among the arms
};

// What a launch took and moved, before any verdict.
Judged read_launch(const LaunchRecord& record);
Arm judge_arm(const Derivation& derivation, const Json& item, const std::string& arm);  // as the plan writes it
Json arm_json(Part& part, const Arm& arm);  // adds the arm's figures of merit too

// K4: {"value", "ci95", "launch_values"} over the launches that pass; its parts are those of the middle launch.
Json efficiency_json(const Part& part, const Arm& arm, const Judged& middle);
// K5 of each launch that passes, else of the middle one; empty: nothing is handed over.
std::vector<double> amplifications(const Arm& arm, const Judged& middle);
// K5: the ledger of files against the operating system's count; a difference makes `status` INVALID.
void check_ledger(Part& part, const Arm& arm, Status& status);
// K5: per channel {"channel", "bytes", "limit", "bottleneck", "sufficiency", "ci95"}: the sufficiency's median over the
// launches that pass, the rest of the middle one.
Json sufficiency_json(const Derivation& derivation, const Arm& arm, const Judged& middle);

// Adds what is wrong with a growing design to `status`; that a design compared with was given up is no fault.
Growth judge_growth(const LaunchRecord& record, const Json& problem, const ArmId& id, Status& status);
// The growing designs side by side, null where the plan has none; adds their figures of merit, and gains to `kpis`.
Json steering_json(Part& part, Json& kpis);

using Quantity = std::function<std::optional<double>(const Judged&)>;
std::optional<double> seconds_of(const Judged& launch);
std::optional<double> seconds_without_startup(const Judged& launch);
// A quantity of two arms, paired by block where both pass; and the HL ratio of the pairs, nothing where there is none.
std::pair<std::vector<double>, std::vector<double>> pairs(const Part& part, const std::string& a, const std::string& b,
                                                          const Quantity& of);
std::optional<Ratio> ratio(const Part& part, const std::string& a, const std::string& b, const Quantity& of);
// Of the time of the arm, median over the launches that pass; 0 where none does.
double startup_share(const Arm* arm);

// The launch whose time is nearest to the median: its phases and gate stand for the arm. nullptr: none was run.
const Judged* middle_launch(const Arm& arm);
// The launch of a block if it passes.
const Judged* launch_of_block(const Arm* arm, int block);

// {"value", "ci95", "unit", "reason"}
Json measured(const Json& value, const Json& ci, const std::string& unit, const std::string& reason);
// Whether all launches of these arms that were metered were metered at one scope: else no energies are added or
// compared.
bool one_scope(const std::vector<const Arm*>& arms);
// "unmetered: " with the reason of the first launch without energy, or that their scopes differ; "" = all have theirs.
std::string unmetered_reason(const std::vector<const Arm*>& arms);

}  // namespace tandem
