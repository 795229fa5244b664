#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "harness/result/break_even.hpp"
#include "harness/result/derive_arm.hpp"
#include "harness/result/derive_energy.hpp"
#include "harness/result/derive_precision.hpp"

namespace tandem {
namespace {

void add_pictures(const Judged& launch, Json& pictures) {
  for (const Json& picture : launch.record->pictures)
    pictures.push_back({{"title", picture.at("title")},
                        {"unit", picture.at("unit")},
                        {"nx", picture.at("nx")},
                        {"ny", picture.at("ny")},
                        {"true", picture.at("true")},
                        {"predicted", picture.at("predicted")}});
}

Json ratio_json(Part& part, const std::string& name, const std::optional<Ratio>& ratio, const Status& status,
                const std::string& reason) {
  const Json value = ratio ? Json(ratio->value) : Json(nullptr);
  const Json ci = ratio ? ci_json(ratio->ci) : Json(nullptr);
  const std::size_t launches = part.derivation.launches(part.item);
  part.derivation.fom(part.fom + "." + name, value, "1", ci, launches, launches, status, reason);
  return measured(value, ci, "1", reason);
}

// Of every block in which both arms pass, what `of` makes of their launches; nothing of a block adds nothing.
template <typename Of>
std::vector<double> by_block(const Part& part, const std::string& a, const std::string& b, const Of& of) {
  std::vector<double> values;
  for (std::size_t block = 0; block < part.derivation.launches(part.item); ++block) {
    const Judged* one = launch_of_block(part.find(a), static_cast<int>(block));
    const Judged* other = launch_of_block(part.find(b), static_cast<int>(block));
    if (one == nullptr || other == nullptr) continue;
    if (const std::optional<double> value = of(*one, *other)) values.push_back(*value);
  }
  return values;
}

// Their median with its interval; one that reaches to infinity is none.
Json median_json(Part& part, const std::string& name, std::vector<double> values, const Status& status,
                 const std::string& missing) {
  constexpr double endless = 1e300;  // stands for infinity, of which no median can be taken
  for (double& value : values) value = std::min(value, endless);
  Json value = nullptr, ci = nullptr;
  if (!values.empty()) {
    const double middle = median(values);
    value = middle < endless / 2 ? Json(middle) : Json("inf");
    if (const auto interval = median_ci(values); interval && interval->high < endless) ci = ci_json(interval);
  }
  const std::string reason = values.empty() ? missing : "";
  const std::size_t launches = part.derivation.launches(part.item);
  part.derivation.fom(part.fom + "." + name, value, "1", ci, launches, launches, status, reason);
  return measured(value, ci, "1", reason);
}

double answers_until_it_pays(const Part& part, const Judged& simulation, const Judged& own) {
  const double queries = part.item.at("problem").at("queries").get<double>() / static_cast<double>(own.of);
  const auto per_query = [&](const Judged& launch) {
    return launch.by_name.at("answer") / (queries * static_cast<double>(launch.answered));
  };
  const auto spent = [](const Judged& launch, const std::string& name) {
    const auto found = launch.by_name.find(name);
    return found == launch.by_name.end() ? 0.0 : found->second;
  };
  return amortisation(spent(own, "simulate"), spent(own, "train"), spent(own, "validate"),
                      spent(simulation, "validate"), per_query(simulation), per_query(own));
}

// K6 of every coupling that does the same work, over the separated arm with a warm and with a cold page cache.
Json couplings_json(Part& part, const Status& status, const Quantity& time, const Quantity& without_startup) {
  Json couplings = Json::array();
  for (const Arm& arm : part.arms)
    for (const Arm& baseline : part.arms) {
      if (arm.id.arm != "integrated" || arm.id.coupling == "streamed" || arm.id.grows()) continue;
      if (baseline.id.arm != "separated" || baseline.id.grows()) continue;
      if (arm.id.handover != baseline.id.handover) continue;
      const std::string one = arm.id.text(), other = baseline.id.text();
      if (one == kInMemory && other == kSeparated) continue;  // the coupling speed-up itself
      const auto found = ratio(part, other, one, time);
      const auto without = ratio(part, other, one, without_startup);
      Json entry = ratio_json(part, one + ".speedup_over_separated" + (baseline.id.cache == "cold" ? "_cold" : ""),
                              found, status, found ? "" : "it takes passing launches of both arms");
      entry["arm"] = one;
      entry["baseline"] = other;
      entry["without_startup"] = without ? Json(without->value) : Json(nullptr);
      couplings.push_back(entry);
    }
  return couplings;
}

// K7 over the concurrent arms of the plan, by the share of their cores that simulates; null without one.
Json placement_json(Part& part, const Status& status) {
  std::vector<SweepPoint> points;
  Json sweep = Json::array();
  for (const Arm& arm : part.arms) {
    if (arm.id.coupling != "concurrent" || arm.id.grows() || arm.id.handover != "fp32") continue;
    const auto found = ratio(part, arm.id.text(), kInMemory, seconds_of);
    if (!found) continue;
    const double share = arm.id.split.share();
    points.push_back({share, found->value, found->ci});
    sweep.push_back(
        {{"split", arm.id.split.text()}, {"share", share}, {"ratio", found->value}, {"ci95", ci_json(found->ci)}});
  }
  if (points.empty()) return nullptr;
  std::stable_sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  const auto found = crossings(points);
  const std::string words = break_even_words(points);
  const Json value = found.empty() ? Json(nullptr) : Json(found.front().at);
  const Json ci = found.empty() ? Json(nullptr) : ci_json(found.front().ci);
  const std::size_t launches = part.derivation.launches(part.item);
  part.derivation.fom(part.fom + ".break_even", value, "1", ci, launches, launches, status, found.empty() ? words : "");
  return {{"points", sweep}, {"value", value}, {"ci95", ci}, {"text", words}};
}

Json kpis_json(Part& part, Json& claims) {
  const Quantity time = seconds_of, without_startup = seconds_without_startup;
  const auto joules = [](const Judged& launch) { return launch.joules; };
  Status status = part.derivation.common;
  for (const Arm& arm : part.arms)
    if (!arm.id.grows() && arm.id.handover == "fp32") status.add(arm.status);  // no figure here is of the others
  const std::string missing = "it takes passing launches of both arms";

  const auto coupling = ratio(part, kSeparated, kInMemory, time);
  const auto over_simulation = ratio(part, kSimulationOnly, kInMemory, time);
  const Arm* separated = part.find(kSeparated);
  const Arm* integrated = part.find(kInMemory);
  std::vector<const Arm*> both;
  for (const Arm* arm : {separated, integrated})
    if (arm != nullptr) both.push_back(arm);
  const auto energies = one_scope(both) ? ratio(part, kSeparated, kInMemory, joules) : std::nullopt;
  const std::string no_energy = unmetered_reason(both);
  const std::string& unmetered = no_energy.empty() ? missing : no_energy;
  std::string scaled;
  if (const Judged* launch = part.find(kSimulationOnly) ? middle_launch(*part.find(kSimulationOnly)) : nullptr;
      launch && launch->scaled())
    scaled = fmt::format("simulation-only arm scaled from {} of {} answers", launch->answered, launch->of);

  Json kpis;
  kpis["coupling_speedup"] = ratio_json(part, "coupling_speedup", coupling, status, coupling ? "" : missing);
  const auto steady = ratio(part, kSeparated, kInMemory, without_startup);
  kpis["coupling_speedup_without_startup"] =
      ratio_json(part, "coupling_speedup_without_startup", steady, status, coupling ? "" : missing);
  kpis["couplings"] = couplings_json(part, status, time, without_startup);
  kpis["data_movement_reduction"] = median_json(part, "data_movement_reduction",
                                                by_block(part, kSeparated, kInMemory,
                                                         [](const Judged& apart, const Judged& together) {
                                                           return movement_reduction(apart.bytes, together.bytes);
                                                         }),
                                                status, missing);
  std::optional<Ratio> saving = energies;
  if (saving) {
    saving->value = 1 - 1 / energies->value;
    if (energies->ci) saving->ci = Interval{1 - 1 / energies->ci->low, 1 - 1 / energies->ci->high};
  }
  kpis["energy_saving"] = ratio_json(part, "energy_saving", saving, status, saving ? "" : unmetered);
  kpis["energy_saving_split"] = saving_split_json(part, saving ? "" : unmetered);
  kpis["speedup_over_simulation"] =
      ratio_json(part, "speedup_over_simulation", over_simulation, status, over_simulation ? scaled : missing);
  const auto pays = [&](const Judged& simulation, const Judged& own) {
    return std::optional(answers_until_it_pays(part, simulation, own));
  };
  kpis["amortisation"] =
      median_json(part, "amortisation", by_block(part, kSimulationOnly, kInMemory, pays), status,
                  "it takes passing launches of the simulation-only and the integrated arm in one block");
  const double startup = startup_share(separated);
  const auto blocks = [&](const Quantity& of) { return pairs(part, kSeparated, kInMemory, of).first.size(); };
  for (const Claim& claim : {claim_speedup(coupling, steady, blocks(time), startup),
                             claim_energy(energies, blocks(joules), startup, unmetered)})
    claims.push_back({{"claim", claim.claim}, {"verdict", claim.verdict}, {"text", claim.text}});
  return kpis;
}

Json timeline_json(const Part& part) {
  Json timeline = Json::array();
  for (const Arm& arm : part.arms)
    if (const Judged* launch = middle_launch(arm))
      for (const Stay& stay : launch->closed)
        timeline.push_back({{"arm", arm.id.text()},
                            {"rank", stay.rank},
                            {"state", stay.name},
                            {"begin", stay.begin},
                            {"seconds", stay.seconds}});
  return timeline;
}

// Ranks and threads that train: other numbers of either add in another order.
std::pair<int, int> training_of(const Part& part, const Arm& arm) {
  const Geometry geometry = geometry_of(arm.id, part.item.at("ranks"), part.item.at("threads"));
  const Split& split = arm.id.split;
  return {arm.id.is_split() ? split.training : geometry.ranks,
          split.shares_threads() ? split.training_threads : geometry.threads};
}

// "separated, in_memory and concurrent give the same weights bit for bit where one rank trains" and the hand-over has
// the same precision: compared block by block.
void check_same_weights(Part& part, Status& status) {
  const auto follows_schedule = [](const Arm& arm) {
    return arm.id.trains() && arm.id.coupling != "streamed" && arm.id.design == "fixed";
  };
  for (auto arm = part.arms.begin(); arm != part.arms.end(); ++arm) {
    if (!follows_schedule(*arm)) continue;
    const auto first = std::find_if(part.arms.begin(), arm, [&](const Arm& other) {
      return follows_schedule(other) && other.id.handover == arm->id.handover;
    });
    if (first == arm) continue;
    if (training_of(part, *first).first != 1 || training_of(part, *arm) != training_of(part, *first)) continue;
    for (const Judged& one : first->launches)
      for (const Judged& other : arm->launches) {
        const Json& block = one.record->line.at("launch");
        const auto one_weights = one.record->of("weights"), weights = other.record->of("weights");
        if (other.record->line.at("launch") != block || one_weights.empty() || weights.empty()) continue;
        const bool same = one_weights[0].at("sha256") == weights[0].at("sha256");
        part.derivation.check_fact(
            fmt::format("{}.{}.same_weights.launch={}", part.fom, arm->id.text(), block.get<int>()), same ? 0 : 1, 0,
            same);
        if (!same)
          status.add("INVALID", fmt::format("{} and {} did not give the same weights: the coupling changed the science",
                                            first->id.text(), arm->id.text()));
      }
  }
}

}  // namespace

Json derive_pipeline(Derivation& derivation, const Json& item) {
  Part part{derivation, item, {}, fom_name("pipeline", item)};
  for (const Json& arm : item.at("arms")) part.arms.push_back(judge_arm(derivation, item, arm));
  Status status = derivation.common;
  for (const char* setting : {"simulate_on", "train_on"}) judge_device(item.at("settings").value(setting, ""), status);
  for (const Arm& arm : part.arms) {
    for (const Judged& launch : arm.launches) {
      judge_gpu_processes(*launch.record, status);
      for (const char* place : {"simulated_on", "trained_on"})
        for (const Json& record : launch.record->of(place)) judge_gpu(record.at("device"), status);
    }
    for (const Json& reason : arm.status.reasons())
      if (reason.at("status") != "INVALID" || is_required(derivation.records.plan.at("cases"), item, arm.id))
        status.add(reason.at("status"), reason.at("reason"));
  }
  const bool skipped =
      std::all_of(part.arms.begin(), part.arms.end(), [](const Arm& arm) { return !arm.skipped.empty(); });
  check_same_weights(part, status);
  for (const Arm& arm : part.arms) check_ledger(part, arm, status);
  Json arms = Json::array(), claims = Json::array(), pictures = Json::array();
  for (const Arm& arm : part.arms) arms.push_back(arm_json(part, arm));
  Json kpis = kpis_json(part, claims);
  const Json steering = steering_json(part, kpis);
  const Json placement = placement_json(part, status);
  for (const std::string& arm : {kInMemory, kSeparated})
    if (pictures.empty() && part.find(arm) != nullptr && middle_launch(*part.find(arm)) != nullptr)
      add_pictures(*middle_launch(*part.find(arm)), pictures);
  return {{"case", item.at("case")},
          {"name", item.at("name")},
          {"settings", item.at("settings")},
          {"ranks", item.at("ranks")},
          {"threads", item.at("threads")},
          {"status", skipped ? "SKIPPED" : status.worst()},
          {"reasons", status.reasons()},
          {"problem", item.at("problem")},
          {"arms", arms},
          {"kpis", kpis},
          {"placement", placement},
          {"steering", steering},
          {"claims", claims},
          {"pictures", pictures},
          {"timeline", timeline_json(part)}};
}

}  // namespace tandem
