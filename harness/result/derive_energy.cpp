#include "harness/result/derive_energy.hpp"

#include <algorithm>
#include <array>

#include "harness/result/energy_model.hpp"
#include "harness/result/phase_energy.hpp"

namespace tandem {
namespace {

// In the order of width; "device" does not contain the host.
constexpr std::array<const char*, 6> kScopes = {"system", "node", "platform", "package", "dram", "device"};

Json reading_json(const EnergyReading& reading) {
  return {{"joules", number_or_null(reading.joules)},
          {"error", reading.joules ? Json(reading.error) : Json(nullptr)},
          {"reason", reading.joules ? Json(nullptr) : Json(reading.reason)}};
}

Json scopes_json(const PowerPart* part, const Judged& launch) {
  Json all = Json::array();
  if (part == nullptr) return all;
  const double begin = launch.record->line.at("begin");
  for (const char* scope : kScopes) {
    if (!has_scope(part->traces, scope, part->nodes)) continue;
    Json one = reading_json(energy_of_scope(part->traces, scope, begin, begin + launch.measured));
    one["scope"] = scope;
    one["level"] = energy_level(scope);
    all.push_back(one);
  }
  return all;
}

Json phases_json(const PowerPart* part, const Judged& launch) {
  const Json& measured = launch.record->energy;
  const bool metered = part != nullptr && measured.at("joules").is_number();
  const std::vector<EnergyTrace> none;
  Json all = Json::array();
  for (const PhaseEnergy& phase :
       energy_by_phase(launch.closed, launch.record->line.at("ranks"), metered ? part->traces : none,
                       metered ? measured.at("scope").get<std::string>() : "", launch.record->line.at("begin"))) {
    Json reason = phase.joules ? Json(nullptr) : Json(phase.reason);
    if (!metered) reason = measured.at("reason").is_string() ? measured.at("reason") : Json("no reading");
    all.push_back({{"name", phase.name},
                   {"seconds", phase.seconds},
                   {"alone_seconds", phase.alone},
                   {"joules", number_or_null(phase.joules)},
                   {"error", phase.joules ? Json(phase.error) : Json(nullptr)},
                   {"watts", phase.joules ? Json(*phase.joules / phase.alone) : Json(nullptr)},
                   {"reason", reason}});
  }
  return all;
}

// Slot seconds of a launch in a state.
double seconds_in(const Judged& launch, const std::string& state) {
  double sum = 0;
  for (const Stay& stay : launch.closed)
    if (stay.state == state) sum += stay.seconds;
  return sum;
}

// As K2: all launches' energy over those that pass.
Json modelled_json(const Json& declared, const Arm& arm) {
  EnergyModel model;
  model.source = declared.at("source");
  model.idle = declared.at("idle");
  model.phase = declared.at("phase");
  model.transition = declared.at("transition");
  model.waiting = declared.at("waiting");
  double joules = 0;
  for (const Judged& launch : arm.launches)
    joules += modelled_joules(model, launch.measured, seconds_in(launch, "phase"), seconds_in(launch, "transition"),
                              seconds_in(launch, "waiting"));
  const std::size_t passing = arm.passing().size();
  return {{"joules", passing > 0 ? Json(joules / static_cast<double>(passing)) : Json(nullptr)},
          {"reason", passing > 0 ? Json(nullptr) : Json("no launch passed the gate")},
          {"note", "modelled, not measured"},
          {"model", declared}};
}

}  // namespace

void add_energy(const Records& records, const Arm& arm, const Judged& middle, Json& json) {
  const PowerPart* part = part_of(records.power, middle.record->line.at("begin"));
  const Json& scope = json.at("energy_scope");
  json["energy_level"] = energy_level(scope.is_string() ? scope.get<std::string>() : "");
  json["energy_scopes"] = scopes_json(part, middle);
  json["energy_by_phase"] = phases_json(part, middle);
  if (const Json model = records.plan.value("energy_model", Json(nullptr)); model.is_object())
    json["energy_modelled"] = modelled_json(model, arm);
}

Json saving_split_json(const Part& part, const std::string& unmetered) {
  Json json = {{"joules", nullptr},          {"from_time", nullptr},        {"from_power", nullptr},
               {"watts_separated", nullptr}, {"watts_integrated", nullptr}, {"pairs", 0},
               {"reason", unmetered}};
  if (!unmetered.empty()) return json;
  double joules_apart = 0, seconds_apart = 0, joules_together = 0, seconds_together = 0;
  std::size_t pairs = 0;
  for (const Judged& apart : part.find(kSeparated)->launches) {
    const Judged* together = launch_of_block(part.find(kInMemory), apart.record->line.at("launch"));
    if (!apart.pass() || together == nullptr || !apart.joules || !together->joules) continue;
    joules_apart += *apart.joules;
    seconds_apart += apart.measured;
    joules_together += *together->joules;
    seconds_together += together->measured;
    ++pairs;
  }
  const auto n = static_cast<double>(pairs);
  const SavingSplit split =
      saving_split(joules_apart / n, seconds_apart / n, joules_together / n, seconds_together / n);
  return {{"joules", split.joules},
          {"from_time", split.from_time},
          {"from_power", split.from_power},
          {"watts_separated", split.watts_before},
          {"watts_integrated", split.watts_after},
          {"pairs", pairs},
          {"reason", nullptr}};
}

Json idle_power_json(const Records& records) {
  Json all = Json::array();
  for (const Json& rest : records.idle) {
    const double begin = rest.at("begin"), seconds = rest.at("seconds");
    const PowerPart* part = part_of(records.power, begin);
    Json one = {{"when", rest.at("when")}, {"seconds", seconds}, {"watts", nullptr},
                {"error", nullptr},        {"scope", nullptr},   {"reason", "no meter covers the host"}};
    for (std::size_t i = 0; i < kScopes.size() && part != nullptr; ++i) {
      const std::string scope = kScopes.at(i);
      if (scope == "dram" || scope == "device" || !has_scope(part->traces, scope)) continue;
      const EnergyReading reading = energy_of_scope(part->traces, scope, begin, begin + seconds);
      one["scope"] = scope;
      one["watts"] = reading.joules ? Json(*reading.joules / seconds) : Json(nullptr);
      one["error"] = reading.joules ? Json(reading.error / seconds) : Json(nullptr);
      one["reason"] = reading.joules ? Json(nullptr) : Json(reading.reason);
      break;
    }
    all.push_back(one);
  }
  return all;
}

}  // namespace tandem
