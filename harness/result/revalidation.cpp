#include "harness/result/revalidation.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/arm_id.hpp"
#include "harness/base/check.hpp"
#include "harness/result/derive_parts.hpp"
#include "harness/result/files.hpp"

namespace tandem {
namespace {

constexpr const char* kRevalidation = "tandem-revalidation/1";

// The hold-out of one launch, judged by the plan of its Problem; what fails makes the whole record INVALID.
void judge(const Json& launch, const Json& problem, const std::string& run, Derivation& derivation, Status& status,
           Json& reasons) {
  LaunchRecord record;
  record.line = {{"records", Json::array()}};
  record.holdout = launch.at("rows").get<std::vector<Json>>();
  Status own;
  const Json holdout = judge_holdout(record, problem, true, own);
  const auto name = [&](const char* what) {
    return fmt::format("{}.{}.launch={}", launch.at("fom").get<std::string>(), what, launch.at("launch").get<int>());
  };
  Status shown = own;
  if (severity(run) < severity("INVALID")) shown.add(run, "the run that is revalidated");
  derivation.fom(name("revalidation_error"), holdout.at("median"), "1", nullptr, 1, record.holdout.size(), shown);
  const Json &truth = holdout.at("truth_invariant_max"), &limit = holdout.at("truth_invariant_limit");
  const Json& allowed = holdout.at("allowed");
  // A case that was not judged counts as one above the target.
  const std::size_t above = holdout.at("above").get<std::size_t>() + holdout.at("cases").get<std::size_t>() -
                            std::min(record.holdout.size(), holdout.at("cases").get<std::size_t>());
  derivation.check_fact(name("revalidation_errors"), above, allowed, above <= allowed.get<std::size_t>());
  derivation.check_fact(name("revalidation_invariant"), holdout.at("invariant_above"), allowed,
                        holdout.at("invariant_above") <= allowed);
  derivation.check_fact(name("revalidation_truth"), truth, limit, truth.is_number() && truth <= limit);
  status.add(own);
  for (const Json& reason : own.reasons())
    reasons.push_back({{"case", launch.at("case")},
                       {"status", reason.at("status")},
                       {"reason", name("revalidation") + ": " + reason.at("reason").get<std::string>()}});
}

}  // namespace

Json judge_revalidation(const Json& facts) {
  const Records none;
  Derivation derivation{none, {}, nullptr};
  const Json& result = facts.at("result");
  Status status;
  status.add(result.at("status"), "the run that is revalidated");
  Json reasons = Json::array();
  for (const Json& launch : facts.at("launches"))
    judge(launch, facts.at("problems").at(launch.at("case").get<std::string>()), result.at("status"), derivation,
          status, reasons);
  Json record = facts;
  record["run"] = {{"status", status.worst()}, {"class", result.at("class")}, {"config", result.at("config")}};
  record["reasons"] = reasons;
  record["foms"] = derivation.foms;
  record["checks"] = derivation.checks;
  record["seal"] = seal_of(record);
  return record;
}

std::vector<std::string> check_revalidation(const Json& record) {
  std::vector<std::string> problems;
  if (record.value("seal", "") != seal_of(record)) problems.emplace_back("the record was changed: its seal is broken");
  try {
    Json facts = record;
    for (const char* derived : {"run", "reasons", "foms", "checks", "seal"}) facts.erase(derived);
    const Json again = judge_revalidation(facts);
    for (const char* derived : {"run", "reasons", "foms", "checks"})
      if (record.at(derived) != again.at(derived))
        problems.push_back(fmt::format("\"{}\" does not follow from the errors of the hold-outs", derived));
  } catch (const Json::exception& error) {
    problems.emplace_back(std::string("it does not hold what it should: ") + error.what());
  }
  return problems;
}

std::string why_not_revalidated(const LaunchRecord& launch, const Json& item) {
  if (launch.failed() || !launch.skipped().empty()) return "it failed in the run";
  if (ArmId::of(launch.line.at("arm")).grows()) return "its hold-out decides nothing: the design grew until it was met";
  return item.at("problem").at("cases") == 0 ? "its problem has no error per case" : "";
}

bool is_revalidation(const std::filesystem::path& file) {
  if (!std::filesystem::is_regular_file(file)) return false;
  const Json record = read_json(file);
  return record.is_object() && record.value("schema", "") == kRevalidation;
}

}  // namespace tandem
