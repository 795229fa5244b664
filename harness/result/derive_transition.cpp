// The transition probe's figures: latencies, warm-up penalties, the granularity curve and its half-efficiency period.
#include <algorithm>
#include <map>

#include "harness/result/derive_pairing.hpp"
#include "harness/result/pairing_kpi.hpp"

namespace tandem {
namespace {

using Numbers = std::vector<double>;

Numbers numbers(const Json& json) { return json.get<Numbers>(); }

// A step alone: the median of the turns before and after.
double alone(const Json& side) {
  Numbers all = numbers(side.at("alone")[0]);
  for (const double seconds : numbers(side.at("alone")[1])) all.push_back(seconds);
  return median(all);
}

Alternation alternation_of(const Json& record) {
  const Json &from = record.at("from"), &to = record.at("to");
  const Numbers begins = numbers(from.at("begins"));
  Numbers cycles;
  for (std::size_t i = 0; i + 1 < begins.size(); ++i) cycles.push_back(begins[i + 1] - begins[i]);
  return {from.at("steps"), to.at("steps"), alone(from), alone(to), median(cycles)};
}

// Seconds from the end of each turn of one side to the begin of the next turn of the other.
Numbers gaps(const Json& record, bool back) {
  const Numbers ends = numbers(record.at(back ? "to" : "from").at("ends"));
  const Numbers begins = numbers(record.at(back ? "from" : "to").at("begins"));
  Numbers found;
  for (std::size_t i = 0; i + (back ? 1 : 0) < begins.size(); ++i)
    found.push_back(begins[i + (back ? 1 : 0)] - ends[i]);
  return found;
}

// The stamped turns of one side that tell most of its warm-up: all with a full profile, else those of the longest
// period. Each with the step alone beside it.
struct Profiles {
  std::vector<Numbers> steps;
  Numbers alone;
};
Profiles profiles_of(const LaunchRecord& launch, const std::string& side) {
  std::size_t longest = 0;
  for (const Json& record : launch.samples) longest = std::max(longest, record.at(side).at("profiles").at(0).size());
  Profiles found;
  for (const Json& record : launch.samples)
    for (const Json& profile : record.at(side).at("profiles"))
      if (profile.size() == longest) {
        found.steps.push_back(numbers(profile));
        found.alone.push_back(alone(record.at(side)));
      }
  return found;
}

struct Penalty {
  WarmUp warm_up;
  double seconds = 0;
  std::size_t turns = 0;
};
Penalty penalty_of(const Profiles& profiles) {
  Numbers middle(profiles.steps.front().size());
  for (std::size_t i = 0; i < middle.size(); ++i) {
    Numbers ratios;
    for (std::size_t turn = 0; turn < profiles.steps.size(); ++turn)
      ratios.push_back(profiles.steps[turn][i] / profiles.alone[turn]);
    middle[i] = median(ratios);
  }
  Penalty penalty{warm_up_steps(middle), 0, profiles.steps.size()};
  Numbers seconds;
  for (std::size_t turn = 0; turn < profiles.steps.size(); ++turn)
    seconds.push_back(warm_up_penalty(profiles.steps[turn], penalty.warm_up.steps, profiles.alone[turn]));
  penalty.seconds = median(seconds);
  return penalty;
}

// One direction of the change: into `side`.
Json direction(const PairingCase& pairing, bool back) {
  const std::string end = back ? "_back" : "", side = back ? "from" : "to";
  Numbers middle, high, penalties, steps;
  std::size_t changes = 0, turns = 0;
  bool settled = true;
  for (const LaunchRecord* launch : pairing.launches) {
    Numbers all;
    for (const Json& record : launch->samples)
      for (const double gap : gaps(record, back)) all.push_back(gap);
    changes += all.size();
    middle.push_back(median(all));
    high.push_back(percentile(all, 0.95));
    const Penalty penalty = penalty_of(profiles_of(*launch, side));
    penalties.push_back(penalty.seconds);
    steps.push_back(static_cast<double>(penalty.warm_up.steps));
    turns += penalty.turns;
    settled = settled && penalty.warm_up.settled;
  }
  return {{"latency", pairing.figure("latency" + end, middle, "s", changes)},
          {"latency_p95", pairing.figure("latency_p95" + end, high, "s", changes)},
          {"warm_up", pairing.figure("warm_up" + end, penalties, "s", turns)},
          {"warm_up_steps", steps.empty() ? Json(nullptr) : Json(median(steps))},
          {"settled", settled}};
}

// By nominal period: what every launch measured there, and the median.
Json curve_of(const std::vector<const LaunchRecord*>& launches) {
  std::map<double, std::vector<Alternation>> by_period;
  for (const LaunchRecord* launch : launches)
    for (const Json& record : launch->samples) by_period[record.at("period")].push_back(alternation_of(record));
  Json curve = Json::array();
  for (const auto& [nominal, points] : by_period) {
    Numbers periods, efficiencies;
    for (const Alternation& point : points) {
      periods.push_back(point.period());
      efficiencies.push_back(point.efficiency());
    }
    curve.push_back({{"nominal", nominal},
                     {"period", median(periods)},
                     {"efficiency", median(efficiencies)},
                     {"ci95", ci_json(median_ci(efficiencies))},
                     {"launches", points.size()},
                     {"from_steps", points.front().from_steps},
                     {"to_steps", points.front().to_steps},
                     {"from_alone", points.front().from_alone},
                     {"to_alone", points.front().to_alone}});
  }
  return curve;
}

}  // namespace

Json derive_transition(const PairingCase& pairing) {
  Numbers halves;
  std::string reason;
  std::size_t points = 0;
  for (const LaunchRecord* launch : pairing.launches) {
    std::vector<CurvePoint> curve;
    for (const Json& record : launch->samples) {
      const Alternation point = alternation_of(record);
      curve.push_back({point.period(), point.efficiency()});
    }
    points += curve.size();
    const Crossing crossing = half_efficiency(curve);
    if (crossing.period) halves.push_back(*crossing.period);
    if (!crossing.period) reason = crossing.reason();
  }
  if (halves.size() < pairing.launches.size()) halves.clear();  // not on every launch: no figure
  const Json forth = direction(pairing, false), back = direction(pairing, true);
  return {{"half_efficiency_period", pairing.figure("half_efficiency_period", halves, "s", points, reason)},
          {"forth", forth},
          {"back", back},
          {"curve", curve_of(pairing.launches)}};
}

}  // namespace tandem
