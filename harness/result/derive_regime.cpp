// A point of the regime map: both arms did the same work, bit for bit, and the simulation held its invariant; then how
// much faster the integrated one was.
#include "harness/result/derive_regime.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "harness/result/derive_arm.hpp"
#include "harness/result/regime_map.hpp"

namespace tandem {
namespace {

const std::string kMissing = "it takes passing launches of both arms";

// What a launch proves of itself, each derived from the recorded value.
std::vector<Json> proofs_of(const LaunchRecord& record, const Json& problem) {
  std::vector<Json> proofs;
  const auto prove = [&](const std::string& check, const Json& value, double limit) {
    proofs.push_back({{"check", check}, {"value", value}, {"limit", limit}, {"pass", as_number(value) <= limit}});
  };
  for (const Json& invariant : record.of("training_invariant"))
    prove("invariant of the samples", invariant.at("value"), problem.at("truth_invariant_limit"));
  for (const Json& loss : record.of("loss"))
    prove("loss, a number", loss.at("value"), std::numeric_limits<double>::max());
  for (const Json& verdict : record.of("verdict")) prove(verdict.at("check"), verdict.at("value"), verdict.at("limit"));
  return proofs;
}

// `skipped`: why this machine cannot run the point, "" where it can.
Arm judge_coupled(const Derivation& derivation, const Json& item, const std::string& name, Json& verdicts,
                  std::string& skipped) {
  Arm arm;
  arm.id = ArmId::of(name);
  arm.status = derivation.common;
  const auto launches = derivation.records.launches_of(item.at("case"), name);
  const std::size_t planned = derivation.launches(item);
  if (launches.size() < planned)
    arm.status.add("FAILED", fmt::format("{} of {} launches were run", launches.size(), planned));
  for (const LaunchRecord* launch : launches) {
    Judged judged = read_launch(*launch);
    if (launch->failed()) judged.status.add("FAILED", launch->failure());
    if (!launch->skipped().empty()) {
      skipped = launch->skipped();
      continue;
    }
    if (!launch->failed() && launch->of("work").size() != 1)
      judged.status.add("INVALID", "the consumer left no record of its work");
    for (Json proof : proofs_of(*launch, item.at("problem"))) {
      proof["check"] = name + ": " + proof.at("check").get<std::string>();
      const bool pass = judge_verdict(proof, judged.status).at("pass");
      if (launch == launches.front() || !pass) verdicts.push_back(proof);
    }
    arm.status.add(judged.status);
    arm.launches.push_back(std::move(judged));
  }
  arm.noise = judge_noise_of(launches, arm.passing(), arm.status);
  return arm;
}

// The digest of what was computed and the bytes that were handed over, block by block.
void check_same_work(Part& part, Status& status) {
  for (const Judged& one : part.arms.front().launches) {
    const int block = one.record->line.at("launch");
    const Judged* other = launch_of_block(&part.arms.back(), block);
    if (other == nullptr || !one.pass()) continue;
    const bool same = one.record->of("work")[0].at("sha256") == other->record->of("work")[0].at("sha256") &&
                      one.useful == other->useful;
    part.derivation.check_fact(fmt::format("{}.same_work.launch={}", part.fom, block), same ? 0 : 1, 0, same);
    if (!same) status.add("INVALID", "the arms did not compute the same: what was handed over is not the same");
  }
}

Json quantity_json(Part& part, const std::string& name, const std::vector<double>& values, const std::string& unit,
                   const Status& status, const std::string& reason) {
  const Json value = values.empty() || !status.has_figure() ? Json(nullptr) : Json(median(values));
  const Json ci = value.is_null() ? Json(nullptr) : ci_json(median_ci(values));
  const std::string why = value.is_null() ? reason : "";
  part.derivation.fom(part.fom + "." + name, value, unit, ci, values.size(), values.size(), status, why);
  return measured(value, ci, unit, why);
}

Json point_ratio_json(Part& part, const std::string& name, const std::optional<Ratio>& found, const Status& status,
                      const std::string& missing) {
  const bool shown = found && status.has_figure();
  const Json value = shown ? Json(found->value) : Json(nullptr);
  const Json ci = shown ? ci_json(found->ci) : Json(nullptr);
  const std::size_t launches = part.derivation.launches(part.item);
  part.derivation.fom(part.fom + "." + name, value, "1", ci, launches, launches, status, shown ? "" : missing);
  return measured(value, ci, "1", shown ? "" : missing);
}

Json phases_json(const Arm& arm) {
  Json phases = Json::array();
  if (const Judged* middle = middle_launch(arm))
    for (const Stay& stay : seconds_by_name(middle->closed, middle->record->line.at("ranks")))
      phases.push_back({{"name", stay.name}, {"state", stay.state}, {"seconds", stay.seconds}});
  return phases;
}

// Where the point lies: of the launches of the integrated arm that pass.
Json place_json(Part& part, const Status& status, const std::string& missing) {
  std::vector<double> work, rate;
  double bytes = 0;
  for (const Judged& launch : part.arms.back().launches) {
    const auto simulated = launch.by_name.find("simulate");
    if (!launch.pass() || launch.useful <= 0 || simulated == launch.by_name.end()) continue;
    bytes = launch.useful;
    rate.push_back(launch.useful / simulated->second);
    const double flops = launch.record->of("work")[0].at("flops");
    if (flops > 0) work.push_back(flops / launch.useful);
  }
  const std::string untold = rate.empty() ? missing : "the consumer does not tell its operations";
  return {{"bytes", bytes},
          {"flops_per_byte", quantity_json(part, "flops_per_byte", work, "flop/B", status, untold)},
          {"simulated_byte_rate", quantity_json(part, "simulated_byte_rate", rate, "B/s", status, missing)}};
}

}  // namespace

Json derive_regime_point(Derivation& derivation, const Json& item) {
  Part part{derivation, item, {}, fom_name("", item)};
  Json verdicts = Json::array();
  std::string skipped;
  Status status = derivation.common;
  status.add("VALID-OPEN", "a point of a sweep: judged by the same work in both arms and the invariant, not by a gate");
  for (const Json& arm : item.at("arms")) part.arms.push_back(judge_coupled(derivation, item, arm, verdicts, skipped));
  const std::string missing = skipped.empty() ? kMissing : "skipped: " + skipped;
  check_same_work(part, status);
  for (const Arm& arm : part.arms) {
    check_ledger(part, arm, status);
    status.add(arm.status);
  }
  const Json place = place_json(part, status, missing);
  const auto speedup = ratio(part, kSeparated, kInMemory, seconds_of);
  const auto steady = ratio(part, kSeparated, kInMemory, seconds_without_startup);
  const double startup = startup_share(part.find(kSeparated));
  Json point = {{"case", item.at("case")},
                {"name", item.at("name")},
                {"pipeline", item.at("pipeline")},
                {"settings", item.at("settings")},
                {"ranks", item.at("ranks")},
                {"threads", item.at("threads")},
                {"bytes", place.at("bytes")},
                {"flops_per_byte", place.at("flops_per_byte")},
                {"simulated_byte_rate", place.at("simulated_byte_rate")},
                {"startup_share", startup},
                {"skipped", skipped.empty() ? Json(nullptr) : Json(skipped)},
                {"verdicts", verdicts},
                {"arms", Json::array()}};
  point["speedup"] = point_ratio_json(part, "coupling_speedup", speedup, status, missing);
  point["speedup_without_startup"] =
      point_ratio_json(part, "coupling_speedup_without_startup", steady, status, missing);
  const bool shown = speedup && status.has_figure();
  point["region"] = shown ? Json(region_of(speedup->value)) : Json(nullptr);
  const auto blocks = pairs(part, kSeparated, kInMemory, seconds_of).first.size();
  const Claim claim = shown ? claim_speedup(speedup, steady, blocks, startup) : claim_speedup({}, {}, 0, 0);
  point["claim"] = {{"verdict", claim.verdict}, {"text", claim.text}};
  for (const Arm& arm : part.arms) {
    Status of_arm = arm.status;
    of_arm.add(status);
    point["arms"].push_back(
        {{"arm", arm.id.text()},
         {"seconds", quantity_json(part, arm.id.text() + ".time", arm.passing(), "s", of_arm, missing)},
         {"phases", phases_json(arm)},
         {"noise", arm.noise}});
  }
  point["launches"] = blocks;
  point["status"] = skipped.empty() ? status.worst() : "SKIPPED";
  point["reasons"] = status.reasons();
  return point;
}

}  // namespace tandem
