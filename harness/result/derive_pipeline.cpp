#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/result/derive_parts.hpp"
#include "harness/result/kpi.hpp"

namespace tandem {
namespace {

const std::string kUnmetered = "unmetered: ";

// One launch of an arm, judged.
struct Judged {
  const LaunchRecord* record = nullptr;
  Status status;
  GateOutcome gate;
  std::vector<Stay> closed;  // relative to t0
  std::map<std::string, double> by_name;
  std::map<std::string, double> bytes;
  double useful = 0;
  double measured = 0;  // T as it was
  double seconds = 0;   // T, scaled where a subset was answered
  std::size_t answered = 0, of = 0;
  std::optional<double> joules;
  bool pass() const { return status.has_figure(); }
  bool scaled() const { return answered < of; }
  double phases() const {
    double sum = 0;
    for (const Stay& stay : closed)
      if (stay.state == "phase") sum += stay.seconds;
    return sum / record->line.at("ranks").get<int>();
  }
};

struct Arm {
  std::string name, coupling;
  std::vector<Judged> launches;
  Status status;

  std::vector<double> passing() const {
    std::vector<double> seconds;
    for (const Judged& launch : launches)
      if (launch.pass()) seconds.push_back(launch.seconds);
    return seconds;
  }
};

void read_stays(const Json& line, Judged& judged) {
  std::vector<Stay> stays;
  for (const Json& record : line.at("records"))
    if (record.at("record") == "interval")
      stays.push_back(
          {record.at("rank"), record.at("name"), record.at("state"), record.at("begin"), record.at("seconds")});
  const double begin = line.at("begin");
  judged.measured = line.at("seconds");
  judged.closed = close_gaps(stays, line.at("ranks"), begin, begin + judged.measured);
  for (Stay& stay : judged.closed) stay.begin -= begin;
  for (const Stay& stay : seconds_by_name(judged.closed, line.at("ranks"))) judged.by_name[stay.name] = stay.seconds;
}

Judged judge_launch(const LaunchRecord& record, const Json& problem, bool simulation_only) {
  Judged judged;
  judged.record = &record;
  read_stays(record.line, judged);
  for (const Json& bytes : record.of("bytes"))
    judged.bytes[bytes.at("channel").get<std::string>()] += bytes.at("bytes").get<double>();
  for (const Json& useful : record.of("useful")) judged.useful += useful.at("bytes").get<double>();
  for (const Json& questions : record.of("questions")) {
    judged.answered = questions.at("answered");
    judged.of = questions.at("of");
  }
  judged.seconds = judged.measured;
  if (judged.scaled())  // only the answers are scaled, not their validation: this favours the simulation-only arm
    judged.seconds +=
        judged.by_name["answer"] * (static_cast<double>(judged.of) / static_cast<double>(judged.answered) - 1);
  const Json& energy = record.line.at("energy");
  if (energy.at("joules").is_number()) judged.joules = energy.at("joules").get<double>();
  if (record.failed())
    judged.status.add("FAILED", record.failure());
  else
    judged.gate = judge_gate(record, problem, !simulation_only, judged.status);
  return judged;
}

void judge_spread(Arm& arm) {
  const std::vector<double> seconds = arm.passing();
  if (seconds.size() < 3) return;
  const double spread = 1.4826 * mad(seconds) / median(seconds);
  if (spread > 0.10)
    arm.status.add("UNSTABLE", fmt::format("spread of the launches {:.1f} % (limit 10 %)", 100 * spread));
}

Arm judge_arm(const Derivation& derivation, const Json& item, const std::string& name) {
  Arm arm;
  arm.name = name;
  arm.coupling = name == "integrated" ? "in_memory" : "";
  arm.status = derivation.common;
  const auto launches = derivation.records.launches_of(item.at("case"), name);
  const std::size_t planned = derivation.records.plan.at("launches");
  if (launches.size() < planned)
    arm.status.add("FAILED", fmt::format("{} of {} launches were run", launches.size(), planned));
  for (const LaunchRecord* launch : launches) {
    arm.launches.push_back(judge_launch(*launch, item.at("problem"), name == "simulation_only"));
    arm.status.add(arm.launches.back().status);
  }
  judge_spread(arm);
  return arm;
}

// The launch whose time is nearest to the median: its phases and gate stand for the arm.
const Judged* middle_launch(const Arm& arm) {
  if (arm.launches.empty()) return nullptr;
  std::vector<double> seconds = arm.passing();
  if (seconds.empty()) return &arm.launches.front();
  const double middle = median(seconds);
  return &*std::min_element(arm.launches.begin(), arm.launches.end(), [&](const Judged& a, const Judged& b) {
    return std::pair(!a.pass(), std::abs(a.seconds - middle)) < std::pair(!b.pass(), std::abs(b.seconds - middle));
  });
}

Json measured(const Json& value, const Json& ci, const std::string& unit, const std::string& reason) {
  const bool explained = !reason.empty() || !value.is_null();
  const std::string why = explained ? reason : "no launch passed";
  return {{"value", value}, {"ci95", ci}, {"unit", unit}, {"reason", why.empty() ? Json(nullptr) : Json(why)}};
}

Json phases_json(const Judged& launch) {
  Json phases = Json::array();
  for (const Stay& stay : seconds_by_name(launch.closed, launch.record->line.at("ranks")))
    phases.push_back({{"name", stay.name}, {"state", stay.state}, {"seconds", stay.seconds}});
  return phases;
}

Json efficiency_json(const Judged& launch, const Judged* isolated) {
  if (isolated == nullptr)
    return {{"value", nullptr}, {"reason", "phases alone were not measured: it takes the integrated arm"}};
  const Efficiency e = efficiency(launch.closed, launch.record->line.at("ranks"), launch.measured, isolated->phases());
  return {{"value", e.value()},
          {"eta_wait", e.eta_wait()},
          {"eta_transition", e.eta_transition()},
          {"eta_dilation", e.eta_dilation()},
          {"A", e.phases},
          {"X", e.transitions},
          {"Z", e.waiting},
          {"slots", e.slots},
          {"seconds", e.seconds},
          {"isolated", e.isolated}};
}

const Judged* launch_of_block(const Arm* arm, int block) {
  if (arm == nullptr) return nullptr;
  for (const Judged& launch : arm->launches)
    if (launch.record->line.at("launch") == block && launch.pass()) return &launch;
  return nullptr;
}

struct Part {
  Derivation& derivation;
  const Json& item;
  std::vector<Arm> arms;
  std::string fom;

  const Arm* find(const std::string& name) const {
    for (const Arm& arm : arms)
      if (arm.name == name) return &arm;
    return nullptr;
  }
  // Times (or joules) of two arms, paired by block where both pass.
  std::pair<std::vector<double>, std::vector<double>> pairs(
      const std::string& a, const std::string& b, const std::function<std::optional<double>(const Judged&)>& of) const {
    std::pair<std::vector<double>, std::vector<double>> result;
    const Arm* first = find(a);
    if (first == nullptr) return result;
    for (const Judged& launch : first->launches) {
      const Judged* other = launch_of_block(find(b), launch.record->line.at("launch"));
      if (!launch.pass() || other == nullptr || !of(launch) || !of(*other)) continue;
      result.first.push_back(*of(launch));
      result.second.push_back(*of(*other));
    }
    return result;
  }
  std::optional<Ratio> ratio(const std::string& a, const std::string& b,
                             const std::function<std::optional<double>(const Judged&)>& of) const {
    const auto [x, y] = pairs(a, b, of);
    if (x.empty()) return std::nullopt;
    return hl_ratio_paired(x, y);
  }
};

Json holdout_json(const Judged* launch) { return launch == nullptr ? Json(nullptr) : launch->gate.holdout; }

void add_pictures(const Judged& launch, Json& pictures) {
  for (const Json& picture : launch.record->pictures)
    pictures.push_back({{"title", picture.at("title")},
                        {"unit", picture.at("unit")},
                        {"nx", picture.at("nx")},
                        {"ny", picture.at("ny")},
                        {"true", picture.at("true")},
                        {"predicted", picture.at("predicted")}});
}

// The cheapest rival that meets the hold-out's target, with the time that the arm would take with it: the network's
// training replaced by the rival's fit. Composed of measured times, not run.
Json passing_rival(const Judged& launch) {
  Json best = nullptr;
  if (launch.gate.skill.is_null()) return best;
  for (const Json& rival : launch.gate.skill.at("rivals")) {
    if (!rival.at("passes_target").get<bool>()) continue;
    const double seconds = launch.measured - launch.by_name.at("train") + rival.at("seconds").get<double>();
    if (best.is_null() || seconds < best.at("seconds").get<double>())
      best = {{"name", rival.at("name")}, {"seconds", seconds}, {"composed", true}};
  }
  return best;
}

Json arm_json(Part& part, const Arm& arm) {
  const Judged* middle = middle_launch(arm);
  const std::vector<double> passing = arm.passing();
  std::vector<double> all, joules;
  for (const Judged& launch : arm.launches) {
    all.push_back(launch.seconds);
    if (launch.joules) joules.push_back(*launch.joules);
  }
  const std::string name = part.fom + "." + arm.name + (arm.coupling.empty() ? "" : ".coupling=" + arm.coupling);
  const bool scaled = middle != nullptr && middle->scaled();
  const std::string note = scaled ? fmt::format("scaled from {} of {} answers", middle->answered, middle->of) : "";
  const std::string failed = middle == nullptr ? "not run" : passing.empty() ? "no launch passed the gate" : note;
  const auto add = [&](const std::string& fom, const Json& value, const std::string& unit, const Json& ci,
                       const std::string& reason) {
    part.derivation.fom(name + "." + fom, value, unit, ci, arm.launches.size(), arm.launches.size(), arm.status,
                        reason);
    return measured(value, ci, unit, reason);
  };
  const Json ttis = passing.empty() ? Json(nullptr) : Json(median(passing));
  const auto expected = ettis(all, passing.size());
  const bool metered = !joules.empty() && joules.size() == arm.launches.size() && !passing.empty();
  const std::optional<double> energy = metered ? ettis(joules, passing.size()) : std::nullopt;
  const std::string unmetered =
      metered             ? ""
      : middle == nullptr ? "not run"
                          : kUnmetered + middle->record->line.at("energy").value("reason", std::string("no reading"));

  Json json = {{"arm", arm.name},
               {"coupling", arm.coupling.empty() ? Json(nullptr) : Json(arm.coupling)},
               {"status", arm.status.worst()},
               {"reasons", arm.status.reasons()},
               {"launches", arm.launches.size()}};
  json["launch_seconds"] = all;
  json["ttis"] = add("ttis", ttis, "s", ci_json(passing.empty() ? std::nullopt : median_ci(passing)), failed);
  json["ettis"] = add("ettis", number_or_null(expected), "s", nullptr, failed);
  json["energy_to_solution"] = add("energy_to_solution", number_or_null(energy), "J", nullptr, unmetered);
  json["solutions_per_kwh"] =
      add("solutions_per_kwh", energy ? Json(3.6e6 / *energy) : Json(nullptr), "1/kWh", nullptr, unmetered);
  json["energy_scope"] = metered ? middle->record->line.at("energy").at("scope") : Json(nullptr);
  if (middle == nullptr) return json;

  json["phases"] = phases_json(*middle);
  const bool coupled = arm.name != "simulation_only";
  const Judged* isolated =
      coupled ? launch_of_block(part.find("integrated"), middle->record->line.at("launch")) : nullptr;
  json["cross_workflow_efficiency"] = coupled
                                          ? efficiency_json(*middle, isolated)
                                          : Json{{"value", nullptr}, {"reason", "one workflow: nothing is crossed"}};
  const Json& efficiency = json["cross_workflow_efficiency"];
  add("cross_workflow_efficiency", efficiency.at("value"), "1", nullptr, efficiency.value("reason", std::string()));
  json["bytes"] = middle->bytes;
  json["useful_bytes"] = middle->useful;
  const Json moved =
      coupled && middle->useful > 0 ? Json(movement_amplification(middle->bytes, middle->useful)) : Json(nullptr);
  json["movement_amplification"] =
      add("movement_amplification", moved, "1", nullptr, moved.is_null() ? "nothing is handed over" : "");
  json["holdout"] = holdout_json(middle);
  const Json error = middle->gate.holdout.is_null() ? Json(nullptr) : middle->gate.holdout.at("median");
  add("holdout_error", error, "1", nullptr, error.is_null() ? "the problem has no error per case" : "");
  json["skill"] = middle->gate.skill;
  json["passing_rival"] = passing_rival(*middle);
  json["answers"] = middle->gate.answers;
  json["scaled"] =
      scaled ? Json{{"answered", middle->answered}, {"of", middle->of}, {"measured_seconds", middle->measured}}
             : Json(nullptr);
  const auto weights = middle->record->of("weights");
  json["weights_sha256"] = weights.empty() ? Json(nullptr) : weights[0].at("sha256");
  return json;
}

Json ratio_json(Part& part, const std::string& name, const std::optional<Ratio>& ratio, const Status& status,
                const std::string& reason) {
  const Json value = ratio ? Json(ratio->value) : Json(nullptr);
  const Json ci = ratio ? ci_json(ratio->ci) : Json(nullptr);
  const std::size_t launches = part.derivation.records.plan.at("launches");
  part.derivation.fom(part.fom + "." + name, value, "1", ci, launches, launches, status, reason);
  return measured(value, ci, "1", reason);
}

Json amortisation_json(Part& part, const Status& status) {
  const Judged* simulation = part.find("simulation_only") ? middle_launch(*part.find("simulation_only")) : nullptr;
  const Judged* own = part.find("integrated") ? middle_launch(*part.find("integrated")) : nullptr;
  Json value = nullptr;
  std::string reason = "it takes passing launches of the simulation-only and the integrated arm";
  if (simulation != nullptr && own != nullptr && simulation->pass() && own->pass()) {
    const double queries = part.item.at("problem").at("queries").get<double>() / static_cast<double>(own->of);
    const auto per_query = [&](const Judged& launch) {
      return launch.by_name.at("answer") / (queries * static_cast<double>(launch.answered));
    };
    const auto spent = [](const Judged& launch, const std::string& name) {
      const auto found = launch.by_name.find(name);
      return found == launch.by_name.end() ? 0.0 : found->second;
    };
    const double count = amortisation(spent(*own, "simulate"), spent(*own, "train"), spent(*own, "validate"),
                                      spent(*simulation, "validate"), per_query(*simulation), per_query(*own));
    value = std::isinf(count) ? Json("inf") : Json(count);
    reason = "";
  }
  const std::size_t launches = part.derivation.records.plan.at("launches");
  part.derivation.fom(part.fom + ".amortisation", value, "1", nullptr, launches, launches, status, reason);
  return measured(value, nullptr, "1", reason);
}

Json kpis_json(Part& part, Json& claims) {
  const auto time = [](const Judged& launch) { return std::optional<double>(launch.seconds); };
  const auto without_startup = [](const Judged& launch) {
    return std::optional<double>(launch.seconds - launch.by_name.at("start-up"));
  };
  const auto joules = [](const Judged& launch) { return launch.joules; };
  Status status = part.derivation.common;
  for (const Arm& arm : part.arms) status.add(arm.status);
  const std::string missing = "it takes passing launches of both arms";

  const auto coupling = part.ratio("separated", "integrated", time);
  const auto energies = part.ratio("separated", "integrated", joules);
  const auto over_simulation = part.ratio("simulation_only", "integrated", time);
  const Arm* separated = part.find("separated");
  const Arm* integrated = part.find("integrated");
  const Judged* apart = separated ? middle_launch(*separated) : nullptr;
  const Judged* together = integrated ? middle_launch(*integrated) : nullptr;
  std::string unmetered = missing;
  if (apart != nullptr)
    unmetered = kUnmetered + apart->record->line.at("energy").value("reason", std::string("no reading"));
  std::string scaled;
  if (const Judged* launch = part.find("simulation_only") ? middle_launch(*part.find("simulation_only")) : nullptr;
      launch && launch->scaled())
    scaled = fmt::format("simulation-only arm scaled from {} of {} answers", launch->answered, launch->of);

  Json kpis;
  kpis["coupling_speedup"] = ratio_json(part, "coupling_speedup", coupling, status, coupling ? "" : missing);
  kpis["coupling_speedup_without_startup"] =
      ratio_json(part, "coupling_speedup_without_startup", part.ratio("separated", "integrated", without_startup),
                 status, coupling ? "" : missing);
  const auto reduction = apart && together ? movement_reduction(apart->bytes, together->bytes) : std::nullopt;
  const std::size_t launches = part.derivation.records.plan.at("launches");
  part.derivation.fom(part.fom + ".data_movement_reduction", number_or_null(reduction), "1", nullptr, launches,
                      launches, status, reduction ? "" : missing);
  kpis["data_movement_reduction"] = measured(number_or_null(reduction), nullptr, "1", reduction ? "" : missing);
  std::optional<Ratio> saving = energies;
  if (saving) {
    saving->value = 1 - 1 / energies->value;
    if (energies->ci) saving->ci = Interval{1 - 1 / energies->ci->low, 1 - 1 / energies->ci->high};
  }
  kpis["energy_saving"] = ratio_json(part, "energy_saving", saving, status, saving ? "" : unmetered);
  kpis["speedup_over_simulation"] =
      ratio_json(part, "speedup_over_simulation", over_simulation, status, over_simulation ? scaled : missing);
  kpis["amortisation"] = amortisation_json(part, status);
  const std::size_t blocks = part.pairs("separated", "integrated", time).first.size();
  for (const Claim& claim :
       {claim_speedup(coupling, blocks, apart ? apart->by_name.at("start-up") / apart->measured : 0),
        claim_energy(energies, blocks, unmetered)})
    claims.push_back({{"claim", claim.claim}, {"verdict", claim.verdict}, {"text", claim.text}});
  return kpis;
}

Json timeline_json(const Part& part) {
  Json timeline = Json::array();
  for (const Arm& arm : part.arms)
    if (const Judged* launch = middle_launch(arm))
      for (const Stay& stay : launch->closed)
        timeline.push_back({{"arm", arm.name},
                            {"rank", stay.rank},
                            {"state", stay.name},
                            {"begin", stay.begin},
                            {"seconds", stay.seconds}});
  return timeline;
}

// "separated, in_memory and concurrent give the same weights bit for bit at one rank": compared block by block.
void check_same_weights(Part& part, Status& status) {
  if (part.item.at("ranks") != 1 || part.find("separated") == nullptr) return;
  for (const Judged& apart : part.find("separated")->launches) {
    const Judged* together = nullptr;
    if (const Arm* integrated = part.find("integrated"))
      for (const Judged& launch : integrated->launches)
        if (launch.record->line.at("launch") == apart.record->line.at("launch")) together = &launch;
    if (together == nullptr || apart.record->of("weights").empty() || together->record->of("weights").empty()) continue;
    const bool same = apart.record->of("weights")[0].at("sha256") == together->record->of("weights")[0].at("sha256");
    part.derivation.check_fact(
        fmt::format("{}.same_weights.launch={}", part.fom, apart.record->line.at("launch").get<int>()), same ? 0 : 1, 0,
        same);
    if (!same)
      status.add("INVALID", "separated and integrated did not give the same weights: the coupling changed the science");
  }
}

}  // namespace

Json derive_pipeline(Derivation& derivation, const Json& item) {
  Part part{derivation, item, {}, fom_name("pipeline", item)};
  for (const Json& arm : item.at("arms")) part.arms.push_back(judge_arm(derivation, item, arm));
  Status status = derivation.common;
  for (const Arm& arm : part.arms) status.add(arm.status);
  check_same_weights(part, status);
  Json arms = Json::array(), claims = Json::array(), pictures = Json::array();
  for (const Arm& arm : part.arms) arms.push_back(arm_json(part, arm));
  const Json kpis = kpis_json(part, claims);
  for (const char* arm : {"integrated", "separated"})
    if (pictures.empty() && part.find(arm) != nullptr && middle_launch(*part.find(arm)) != nullptr)
      add_pictures(*middle_launch(*part.find(arm)), pictures);
  return {{"case", item.at("case")},
          {"name", item.at("name")},
          {"settings", item.at("settings")},
          {"ranks", item.at("ranks")},
          {"threads", item.at("threads")},
          {"status", status.worst()},
          {"reasons", status.reasons()},
          {"problem", item.at("problem")},
          {"arms", arms},
          {"kpis", kpis},
          {"claims", claims},
          {"pictures", pictures},
          {"timeline", timeline_json(part)}};
}

}  // namespace tandem
