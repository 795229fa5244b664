// Growing designs (docs/method.md section 4.1): when each met the criterion, and what steering gained. A design that
// was given up counts as larger than any number in a median, and as its last round in a ratio, which is a lower bound
// then.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/result/derive_arm.hpp"

namespace tandem {
namespace {

const std::string kSteered = kInMemory + ".design=steered", kUntilGate = kInMemory + ".design=fixed_until_gate";

std::size_t samples_of(const Judged& launch) { return launch.growth->rounds.back().at("simulated").get<std::size_t>(); }

// Launches with rounds, whether the criterion was met or not.
std::vector<const Judged*> grown(const Arm& arm) {
  std::vector<const Judged*> launches;
  for (const Judged& launch : arm.launches)
    if (launch.growth && !launch.growth->rounds.empty()) launches.push_back(&launch);
  return launches;
}

// Whether the criterion's checks hold again where the answers were judged, on questions that the stop did not see; null
// where the judgement of the answers has none of them.
Json confirmed(const Judged& launch) {
  Json result = nullptr;
  if (!launch.pass()) return result;
  for (const Json& criterion : launch.growth->rounds.back().at("verdicts"))
    for (const Json& verdict : launch.gate.answers.at("verdicts"))
      if (verdict.at("check") == criterion.at("check"))
        result = (result.is_null() || result.get<bool>()) &&
                 as_number(verdict.at("value")) <= as_number(criterion.at("limit"));
  return result;
}

Json design_json(Part& part, const Arm& arm) {
  const Json& steering = part.item.at("problem").at("steering");
  const std::size_t last = steering.at("samples").back(), per_round = steering.at("judged");
  std::vector<double> counts;  // twice the last round's for a design that was given up: larger than any
  std::size_t given_up = 0;
  Json launches = Json::array();
  for (const Judged* launch : grown(arm)) {
    counts.push_back(static_cast<double>(launch->given_up() ? 2 * last : samples_of(*launch)));
    given_up += launch->given_up() ? 1 : 0;
    launches.push_back({{"launch", launch->record->line.at("launch")},
                        {"simulations", samples_of(*launch)},
                        {"met", launch->growth->met},
                        {"judging_simulations", launch->growth->rounds.size() * per_round},
                        {"seconds", launch->measured},
                        {"confirmed", confirmed(*launch)},
                        {"rounds", launch->growth->rounds}});
  }
  Json value = nullptr, ci = nullptr;
  std::string reason = "not run";
  if (!counts.empty()) {
    reason = given_up == 0 ? "" : fmt::format("given up at {} in {} of {} launches", last, given_up, counts.size());
    const double middle = median(counts), most = static_cast<double>(last);
    if (middle <= most) value = middle;
    if (const auto interval = median_ci(counts); interval && interval->high <= most && !value.is_null())
      ci = ci_json(interval);
  }
  part.derivation.fom(part.fom + "." + arm.id.text() + ".simulations_to_gate", value, "1", ci, arm.launches.size(),
                      arm.launches.size(), arm.status, reason);
  return {{"design", arm.id.design},
          {"split", arm.id.is_split() ? Json(arm.id.split.text()) : Json(nullptr)},
          {"simulations_to_gate", measured(value, ci, "1", reason)},
          {"given_up", given_up},
          {"launches", launches}};
}

// Cost of the fixed design over that of the steered one, paired by block.
Json gain_json(Part& part, const std::string& name, double (*cost)(const Judged&)) {
  const Arm *steered = part.find(kSteered), *fixed = part.find(kUntilGate);
  std::string reason = "it takes the designs steered and fixed_until_gate";
  Json value = nullptr, ci = nullptr;
  Status status = part.derivation.common;
  std::size_t blocks = 0;
  if (steered != nullptr && fixed != nullptr) {
    status.add(steered->status);
    status.add(fixed->status);
    std::vector<double> a, b;
    std::size_t given_up = 0;
    for (const Judged* other : grown(*fixed))
      if (const Judged* own = launch_of_block(steered, other->record->line.at("launch"));
          own != nullptr && other->status.has_figure()) {
        a.push_back(cost(*other));
        b.push_back(cost(*own));
        given_up += other->given_up() ? 1 : 0;
      }
    blocks = a.size();
    reason = blocks == 0 ? "no block has both designs" : "";
    if (blocks > 0) {
      const Ratio ratio = hl_ratio_paired(a, b);
      value = ratio.value;
      if (given_up == 0) ci = ci_json(ratio.ci);
      if (given_up > 0) {
        reason = fmt::format("a lower bound: the fixed design was given up in {} of {} launches", given_up, blocks);
        if (ratio.ci) reason += fmt::format("; at least {:.2f} with 97.5 % confidence", ratio.ci->low);
      }
    }
  }
  part.derivation.fom(part.fom + "." + name, value, "1", ci, blocks, blocks, status, reason);
  return measured(value, ci, "1", reason);
}

// Both designs of a block begin alike: where they do not, more than the steering differs.
void check_same_start(Part& part) {
  const Arm *steered = part.find(kSteered), *fixed = part.find(kUntilGate);
  if (steered == nullptr || fixed == nullptr || part.item.at("ranks") != 1) return;
  for (const Judged* own : grown(*steered))
    for (const Judged* other : grown(*fixed)) {
      const int block = own->record->line.at("launch");
      if (other->record->line.at("launch") != block) continue;
      const bool same = own->growth->rounds[0].at("weights") == other->growth->rounds[0].at("weights");
      part.derivation.check_fact(fmt::format("{}.same_start.launch={}", part.fom, block), same ? 0 : 1, 0, same);
    }
}

}  // namespace

Growth judge_growth(const LaunchRecord& record, const Json& problem, const ArmId& id, Status& status) {
  Growth growth;
  const Json& steering = problem.at("steering");
  const auto plan = steering.at("samples").get<std::vector<double>>();
  const double last = plan.empty() ? 0 : plan.back();
  double trained_on = 0, simulated = 0;
  for (const Json& round : record.of("round")) {
    const std::size_t index = growth.rounds.size();
    const bool follows = !growth.met && index < plan.size() && trained_on < last &&
                         as_number(round.at("samples")) == std::max(simulated, plan[index]);
    trained_on = as_number(round.at("samples"));
    simulated = as_number(round.at("simulated"));
    const bool planned =
        follows && simulated <= last && (id.is_split() ? simulated >= trained_on : simulated == trained_on);
    if (!planned) status.add("INVALID", fmt::format("round {} is not one of the Problem's", index));
    Json verdicts = Json::array();
    bool pass = !round.at("verdicts").empty();
    for (const Json& verdict : round.at("verdicts")) {
      const bool holds = as_number(verdict.at("value")) <= as_number(verdict.at("limit"));
      pass = pass && holds;
      verdicts.push_back(verdict);
      verdicts.back()["pass"] = holds;
    }
    growth.met = pass;
    growth.rounds.push_back({{"samples", round.at("samples")},
                             {"simulated", round.at("simulated")},
                             {"replaced", round.at("replaced")},
                             {"weights", round.at("weights")},
                             {"verdicts", verdicts},
                             {"pass", pass}});
  }
  if (growth.rounds.empty()) status.add("INVALID", "no round was judged");
  if (growth.met || growth.rounds.empty()) return growth;
  if (!(trained_on >= last)) status.add("INVALID", "the design ended before its last round");
  if (id.design == "steered")
    for (const Json& verdict : growth.rounds.back().at("verdicts"))
      if (!verdict.at("pass").get<bool>())
        status.add("INVALID", fmt::format("the criterion was not met with {} simulations: {}: {} is above {}",
                                          growth.rounds.back().at("samples").get<std::size_t>(),
                                          verdict.at("check").get<std::string>(), verdict.at("value").dump(),
                                          verdict.at("limit").dump()));
  return growth;
}

Json steering_json(Part& part, Json& kpis) {
  Json designs = Json::array();
  for (const Arm& arm : part.arms)
    if (arm.id.grows()) designs.push_back(design_json(part, arm));
  if (designs.empty()) return nullptr;
  check_same_start(part);
  const auto count = [](const Judged& launch) { return static_cast<double>(samples_of(launch)); };
  const auto seconds = [](const Judged& launch) { return launch.measured; };
  kpis["steering_gain"] = gain_json(part, "steering_gain", seconds);
  kpis["steering_gain_in_simulations"] = gain_json(part, "steering_gain_in_simulations", count);
  return {{"criterion", part.item.at("problem").at("steering").at("criterion")}, {"designs", designs}};
}

}  // namespace tandem
