#include "harness/result/derive_arm.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "harness/result/derive_energy.hpp"
#include "harness/result/stop_rule.hpp"

namespace tandem {
namespace {

// A slot is a rank; where a split gives ranks shares of threads of their own, it counts by its cores.
std::vector<double> slot_weights(const Split& split) {
  std::vector<double> weights;
  if (split.shares_threads())
    for (int rank = 0; rank < split.ranks(); ++rank)
      weights.push_back(static_cast<double>(split.threads_of(rank) * split.ranks()) / split.cores());
  return weights;
}

void read_stays(const Json& line, Judged& judged) {
  std::vector<Stay> stays;
  for (const Json& record : line.at("records"))
    if (record.at("record") == "interval")
      stays.push_back(
          {record.at("rank"), record.at("name"), record.at("state"), record.at("begin"), record.at("seconds"), 1});
  const double begin = line.at("begin");
  judged.measured = line.at("seconds");
  judged.closed = close_gaps(stays, line.at("ranks"), begin, begin + judged.measured,
                             slot_weights(ArmId::of(line.at("arm")).split));
  for (Stay& stay : judged.closed) stay.begin -= begin;
  for (const Stay& stay : seconds_by_name(judged.closed, line.at("ranks"))) judged.by_name[stay.name] = stay.seconds;
}

Json no_answers(const Json& problem) {
  return {{"questions", problem.at("questions")},
          {"answered", 0},
          {"queries", 0},
          {"verdicts", Json::array()},
          {"rows", Json::array()}};
}

Judged judge_launch(const LaunchRecord& record, const Json& problem, const ArmId& id) {
  Judged judged = read_launch(record);
  for (const Json& questions : record.of("questions")) {
    judged.answered = questions.at("answered");
    judged.of = questions.at("of");
  }
  if (judged.scaled())  // only the answers are scaled, not their validation: this favours the simulation-only arm
    judged.seconds +=
        judged.by_name["answer"] * (static_cast<double>(judged.of) / static_cast<double>(judged.answered) - 1);
  if (!record.failed() && id.grows()) judged.growth = judge_growth(record, problem, id, judged.status);
  if (record.failed())
    judged.status.add("FAILED", record.failure());
  else if (judged.given_up() || !record.skipped().empty())
    judged.gate.answers = no_answers(problem);
  else
    judged.gate = judge_gate(record, problem, id.trains(), judged.status, !id.grows());
  return judged;
}

Json phases_json(const Judged& launch) {
  Json phases = Json::array();
  for (const Stay& stay : seconds_by_name(launch.closed, launch.record->line.at("ranks")))
    phases.push_back({{"name", stay.name}, {"state", stay.state}, {"seconds", stay.seconds}});
  return phases;
}

// Of each launch its median hold-out error, null where it has none: a launch that failed its gate shows it too.
Json errors_json(const Arm& arm) {
  Json errors = Json::array();
  for (const Judged& launch : arm.launches)
    errors.push_back(launch.gate.holdout.is_null() ? Json(nullptr) : launch.gate.holdout.at("median"));
  return errors;
}

// Median hold-out errors of the launches that pass, of the middle one where none does.
std::vector<double> holdout_errors(const Arm& arm, const Judged& middle) {
  std::vector<double> errors;
  for (const Judged& launch : arm.launches)
    if ((launch.pass() || &launch == &middle) && !launch.gate.holdout.is_null())
      if (const Json& error = launch.gate.holdout.at("median"); error.is_number()) errors.push_back(error);
  return errors;
}

Json holdout_json(const Judged* launch) { return launch == nullptr ? Json(nullptr) : launch->gate.holdout; }

// How many samples a streamed arm saw, and how often each pair was drawn: it depends on the machine.
Json streamed_json(const Judged& launch, const Json& problem) {
  const auto records = launch.record->of("streamed");
  if (records.empty()) return nullptr;
  double samples = 0;
  for (const Json& record : records) samples += record.at("samples").get<double>();
  const double drawn = problem.at("batches").get<double>() * problem.at("batch").get<double>();
  return {{"samples", samples}, {"uses", drawn / samples}, {"reservoir", problem.at("samples")}};
}

// The first rank's GPU, with its library; null: the CPU.
Json place_json(const Judged& launch, const char* record) {
  const auto records = launch.record->of(record);
  return records.empty() ? Json(nullptr) : records.front().at("device");
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

// Of every launch: hold-out, skill, answers.
Json all_verdicts(const Arm& arm) {
  Json verdicts = Json::array();
  for (const Judged& launch : arm.launches) {
    const Json gate = gate_verdicts(launch.gate.holdout, launch.gate.skill);
    verdicts.insert(verdicts.end(), gate.begin(), gate.end());
    if (!launch.gate.answers.is_object()) continue;
    const Json& answers = launch.gate.answers.at("verdicts");
    verdicts.insert(verdicts.end(), answers.begin(), answers.end());
  }
  return verdicts;
}

}  // namespace

Judged read_launch(const LaunchRecord& record) {
  Judged judged;
  judged.record = &record;
  read_stays(record.line, judged);
  for (const Json& bytes : record.of("bytes"))
    judged.bytes[bytes.at("channel").get<std::string>()] += bytes.at("bytes").get<double>();
  for (const Json& bytes : record.of("weight_bytes"))
    judged.weight_bytes[bytes.at("channel").get<std::string>()] += bytes.at("bytes").get<double>();
  for (const Json& useful : record.of("useful")) judged.useful += useful.at("bytes").get<double>();
  judged.seconds = judged.measured;
  if (const Json& joules = record.energy.at("joules"); joules.is_number()) judged.joules = joules.get<double>();
  return judged;
}

double Judged::phases() const {
  double sum = 0;
  for (const Stay& stay : closed)
    if (stay.state == "phase") sum += stay.seconds;
  return sum / record->line.at("ranks").get<int>();
}

std::vector<double> Arm::passing() const {
  std::vector<double> seconds;
  for (const Judged& launch : launches)
    if (launch.pass()) seconds.push_back(launch.seconds);
  return seconds;
}

const Arm* Part::find(const std::string& name) const {
  for (const Arm& arm : arms)
    if (arm.id.text() == name) return &arm;
  return nullptr;
}

bool one_scope(const std::vector<const Arm*>& arms) {
  std::set<std::string> scopes;
  for (const Arm* arm : arms)
    for (const Judged& launch : arm->launches)
      if (launch.joules) scopes.insert(launch.record->energy.at("scope").get<std::string>());
  return scopes.size() <= 1;
}

std::string unmetered_reason(const std::vector<const Arm*>& arms) {
  for (const Arm* arm : arms)
    for (const Judged& launch : arm->launches) {
      if (launch.joules) continue;
      const Json& reason = launch.record->energy.at("reason");
      return "unmetered: " + (reason.is_string() ? reason.get<std::string>() : "no reading");
    }
  return one_scope(arms) ? "" : "unmetered: the launches were metered at different scopes";
}

Arm judge_arm(const Derivation& derivation, const Json& item, const std::string& name) {
  Arm arm;
  arm.id = ArmId::of(name);
  arm.status = derivation.common;
  const Json& problem = item.at("problem");
  if (const std::string what = problem.value("provisional", ""); !what.empty())
    arm.status.add("UNOFFICIAL", fmt::format("{} is provisional: {}", problem.at("version").get<std::string>(), what));
  const auto launches = derivation.records.launches_of(item.at("case"), name);
  const std::size_t planned = derivation.launches(item);
  if (launches.size() < planned)
    arm.status.add("FAILED", fmt::format("{} of {} launches were run", launches.size(), planned));
  for (const LaunchRecord* launch : launches) {
    arm.launches.push_back(judge_launch(*launch, problem, arm.id));
    arm.status.add(arm.launches.back().status);
    if (arm.skipped.empty()) arm.skipped = launch->skipped();
  }
  // A growing design takes as many rounds as its seed needs: its launches may differ.
  arm.noise = judge_noise_of(launches, arm.id.grows() ? std::vector<double>() : arm.passing(), arm.status);
  return arm;
}

const Judged* middle_launch(const Arm& arm) {
  if (arm.launches.empty() || !arm.skipped.empty()) return nullptr;
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

const Judged* launch_of_block(const Arm* arm, int block) {
  if (arm == nullptr) return nullptr;
  for (const Judged& launch : arm->launches)
    if (launch.record->line.at("launch") == block && launch.pass()) return &launch;
  return nullptr;
}

Json arm_json(Part& part, const Arm& arm) {
  const Judged* middle = middle_launch(arm);
  const std::vector<double> passing = arm.passing();
  std::vector<double> all, joules;
  for (const Judged& launch : arm.launches) {
    all.push_back(launch.seconds);
    if (launch.joules) joules.push_back(*launch.joules);
  }
  const std::string name = part.fom + "." + arm.id.text();
  const bool scaled = middle != nullptr && middle->scaled();
  const Json convergence = convergence_json(part.derivation.records, part.item, arm.id.text());
  const auto given_up =
      std::count_if(arm.launches.begin(), arm.launches.end(), [](const Judged& launch) { return launch.given_up(); });
  const std::string note =
      scaled ? fmt::format("scaled from {} of {} answers", middle->answered, middle->of)
      : given_up > 0
          ? fmt::format("of those that met the criterion: {} of {} launches were given up", given_up, all.size())
          : unconverged(convergence);
  const std::string absent = arm.skipped.empty() ? "not run" : "skipped: " + arm.skipped;
  const std::string failed = middle == nullptr    ? absent
                             : !passing.empty()   ? note
                             : middle->given_up() ? "no launch met the criterion"
                                                  : "no launch passed the gate";
  const auto add = [&](const std::string& fom, const Json& value, const std::string& unit, const Json& ci,
                       const std::string& reason) {
    part.derivation.fom(name + "." + fom, value, unit, ci, arm.launches.size(), arm.launches.size(), arm.status,
                        reason);
    return measured(value, ci, unit, reason);
  };
  part.derivation.check_verdicts(name, all_verdicts(arm));
  const Json ttis = passing.empty() ? Json(nullptr) : Json(median(passing));
  const auto expected = ettis(all, passing.size());
  const std::string no_energy = unmetered_reason({&arm});
  const bool metered = no_energy.empty() && !passing.empty();
  const std::optional<double> energy = metered ? ettis(joules, passing.size()) : std::nullopt;
  const auto energy_ci = metered ? ets_ci(joules, passing.size()) : std::nullopt;
  const auto solutions_ci =
      energy_ci ? std::optional(Interval{3.6e6 / energy_ci->high, 3.6e6 / energy_ci->low}) : std::nullopt;
  const std::string unmetered = metered ? "" : middle == nullptr ? absent : no_energy;

  Json json = {{"arm", arm.id.arm},
               {"coupling", arm.id.coupling.empty() ? Json(nullptr) : Json(arm.id.coupling)},
               {"split", arm.id.is_split() ? Json(arm.id.split.text()) : Json(nullptr)},
               {"cache", arm.id.arm == "separated" ? Json(arm.id.cache) : Json(nullptr)},
               {"design", arm.id.trains() ? Json(arm.id.design) : Json(nullptr)},
               {"handover", arm.id.trains() ? Json(arm.id.handover) : Json(nullptr)},
               {"status", arm.skipped.empty() ? arm.status.worst() : "SKIPPED"},
               {"reasons", arm.status.reasons()},
               {"skipped", arm.skipped.empty() ? Json(nullptr) : Json(arm.skipped)},
               {"launches", arm.launches.size()}};
  json["launch_ids"] = launch_ids(part.derivation.records.launches_of(part.item.at("case"), arm.id.text()));
  json["launch_seconds"] = all;
  json["launch_joules"] = joules.size() == all.size() ? Json(joules) : Json(nullptr);
  json["launch_errors"] = errors_json(arm);
  json["noise"] = arm.noise;
  json["convergence"] = convergence;
  json["ttis"] = add("ttis", ttis, "s", ci_json(passing.empty() ? std::nullopt : median_ci(passing)), failed);
  json["ettis"] = add("ettis", number_or_null(expected), "s", nullptr, failed);
  json["energy_to_solution"] = add("energy_to_solution", number_or_null(energy), "J", ci_json(energy_ci), unmetered);
  json["solutions_per_kwh"] = add("solutions_per_kwh", energy ? Json(3.6e6 / *energy) : Json(nullptr), "1/kWh",
                                  ci_json(solutions_ci), unmetered);
  json["energy_scope"] = metered ? middle->record->energy.at("scope") : Json(nullptr);
  if (middle == nullptr) return json;

  json["phases"] = phases_json(*middle);
  add_energy(part.derivation.records, arm, *middle, json);
  const Json& efficiency = json["cross_workflow_efficiency"] = efficiency_json(part, arm, *middle);
  add("cross_workflow_efficiency", efficiency.at("value"), "1", efficiency.value("ci95", Json(nullptr)),
      efficiency.value("reason", std::string()));
  json["bytes"] = middle->bytes;
  json["weight_bytes"] = middle->weight_bytes;
  json["useful_bytes"] = middle->useful;
  const std::vector<double> moved = amplifications(arm, *middle);
  json["movement_amplification"] =
      add("movement_amplification", moved.empty() ? Json(nullptr) : Json(median(moved)), "1",
          moved.empty() ? Json(nullptr) : ci_json(median_ci(moved)), moved.empty() ? "nothing is handed over" : "");
  json["sufficiency"] = sufficiency_json(part.derivation, arm, *middle);
  for (const Json& channel : json["sufficiency"])
    add("sufficiency_of_" + channel.at("channel").get<std::string>(), channel.at("sufficiency"), "1",
        channel.at("ci95"), channel.value("reason", std::string()));
  json["streamed"] = streamed_json(*middle, part.item.at("problem"));
  for (const char* place : {"simulated_on", "trained_on"}) json[place] = place_json(*middle, place);
  json["holdout"] = holdout_json(middle);
  const std::vector<double> errors = holdout_errors(arm, *middle);
  add("holdout_error", errors.empty() ? Json(nullptr) : Json(median(errors)), "1",
      errors.empty() ? Json(nullptr) : ci_json(median_ci(errors)),
      errors.empty() ? "the problem has no error per case" : "");
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

}  // namespace tandem
