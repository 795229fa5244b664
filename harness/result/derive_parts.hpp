// The parts of the derivation, and the grammar of names.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/measure/statistics.hpp"
#include "harness/result/records.hpp"
#include "harness/result/status.hpp"

namespace tandem {

struct Derivation {
  const Records& records;
  Status common;  // what holds for every case: class, virtual machine, uncommitted build
  Json limits;    // the document's "limits"
  Json foms = Json::array();
  Json checks = Json::array();

  std::optional<double> limit(const std::string& name) const;
  std::size_t launches(const Json& item) const;  // that the plan, with its stop rule, asks of a case
  // Adds a figure of merit; a value that the status forbids becomes null with the reason.
  void fom(const std::string& name, Json value, const std::string& unit, const Json& ci95, std::size_t launches,
           std::size_t samples, const Status& status, const std::string& reason = "");
  void check_fact(const std::string& name, const Json& value, const Json& limit, bool pass);
  // One fact for each check that is named, of whatever launch: the first that does not pass, else the first.
  void check_verdicts(const std::string& name, const Json& verdicts);
};

Json derive_limits(const Records& records);
Json derive_kernel(Derivation& derivation, const Json& item);
Json derive_pipeline(Derivation& derivation, const Json& item);
Json derive_pairing(Derivation& derivation, const Json& item);

// Devices of which no figure is official: the guarded one by its name, and a GPU by its own, which has "MIG 3g.71gb" in
// it where it is a part of one.
void judge_device(const std::string& device, Status& status);
void judge_gpu(const std::string& name, Status& status);
// GPUs on which other processes computed before a launch began or after it had ended.
void judge_gpu_processes(const LaunchRecord& launch, Status& status);

// A gate's hold-out and skill as verdicts, to be listed with those on the answers.
Json gate_verdicts(const Json& holdout, const Json& skill);

// Hold-out, skill and answers of one launch of an arm; adds INVALID reasons to `status`. The hold-out of a growing
// design does not decide: its criterion does.
struct GateOutcome {
  Json holdout, skill, answers;
};
GateOutcome judge_gate(const LaunchRecord& launch, const Json& problem, bool skill_matters, Status& status,
                       bool holdout_decides = true);
// The hold-out alone: errors by the plan, invariants of predictions and truths. One that does not decide is judged all
// the same, but for what it says of the simulation.
Json judge_holdout(const LaunchRecord& launch, const Json& problem, bool decides, Status& status);

// Of each noise guard the worst value over the launches, [{"check", "value", "limit", "unstable", "text"}]; one above
// its limit makes `status` UNSTABLE. A canary has "seconds", too, a reading of each launch. `seconds`: the launches of
// a pipeline's arm that pass, in order, for spread and trend.
Json judge_noise_of(const std::vector<const LaunchRecord*>& launches, std::span<const double> seconds, Status& status);

// "kernel.dense.gemm.n=4096.precision=fp64.device=cpu": the grammar of names of docs/method.md section 6.
// Without a kind the name stands for it: a pairing's "transition.from=...".
std::string fom_name(const std::string& kind, const Json& item);
std::string escape_value(const std::string& value);

// A verdict record as it stands in the document; one that does not pass makes `status` INVALID.
Json judge_verdict(const Json& record, Status& status);

double as_number(const Json& json);  // "nan", "inf" and null are NaN or infinite
Json ci_json(const std::optional<Interval>& ci);
Json number_or_null(const std::optional<double>& value);

}  // namespace tandem
