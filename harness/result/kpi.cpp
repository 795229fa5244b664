#include "harness/result/kpi.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

namespace tandem {

std::vector<Stay> close_gaps(std::vector<Stay> stays, int slots, double begin, double end,
                             const std::vector<double>& weights) {
  std::vector<Stay> closed;
  std::stable_sort(stays.begin(), stays.end(), [](const Stay& a, const Stay& b) { return a.begin < b.begin; });
  for (int slot = 0; slot < slots; ++slot) {
    const double weight = weights.empty() ? 1 : weights.at(static_cast<std::size_t>(slot));
    double at = begin;
    for (Stay stay : stays) {
      if (stay.rank != slot) continue;
      const double stop = std::min(stay.begin + stay.seconds, end);
      stay.begin = std::max(stay.begin, at);  // clocks of two nodes agree only to their uncertainty
      stay.seconds = stop - stay.begin;
      stay.weight = weight;
      if (stay.seconds <= 0) continue;
      if (stay.begin > at) closed.push_back({slot, "start-up", "transition", at, stay.begin - at, weight});
      closed.push_back(stay);
      at = stop;
    }
    if (end > at) closed.push_back({slot, "start-up", "transition", at, end - at, weight});
  }
  return closed;
}

Efficiency efficiency(const std::vector<Stay>& closed, int slots, double seconds, double isolated) {
  Efficiency result;
  result.seconds = seconds;
  result.slots = slots;
  result.isolated = isolated;
  for (const Stay& stay : closed) {
    if (stay.state == "phase")
      result.phases += stay.weight * stay.seconds;
    else if (stay.state == "waiting")
      result.waiting += stay.weight * stay.seconds;
    else
      result.transitions += stay.weight * stay.seconds;
  }
  return result;
}

std::vector<Stay> seconds_by_name(const std::vector<Stay>& closed, int slots) {
  std::vector<Stay> totals;
  for (const Stay& stay : closed) {
    auto total = std::find_if(totals.begin(), totals.end(), [&](const Stay& t) { return t.name == stay.name; });
    if (total == totals.end()) total = totals.insert(totals.end(), {0, stay.name, stay.state, stay.begin, 0, 1});
    total->seconds += stay.weight * stay.seconds / slots;
  }
  return totals;
}

std::optional<double> ettis(const std::vector<double>& all_seconds, std::size_t passing) {
  if (passing == 0) return std::nullopt;
  return std::accumulate(all_seconds.begin(), all_seconds.end(), 0.0) / static_cast<double>(passing);
}

namespace {

double total(const std::map<std::string, double>& bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), 0.0,
                         [](double sum, const auto& item) { return sum + item.second; });
}

constexpr double kMostStartup = 0.1;  // of the separated arm's time

std::string interval(const std::optional<Interval>& ci) {
  return ci ? fmt::format(", CI95 [{:.3g}, {:.3g}]", ci->low, ci->high) : "";
}

// The lower end decides, the upper end refutes.
std::string verdict_of(const std::optional<Interval>& ci, double least, double startup_share) {
  if (ci && ci->low >= least) return startup_share <= kMostStartup ? "supported" : "start-up dominated";
  return ci && ci->high < least ? "not supported" : "inconclusive";
}

// The claim in words, `measured` after it; of fewer than 6 launches it says how few.
Claim claim(const std::string& name, const std::string& verdict, std::size_t launches, const std::string& measured) {
  const std::string few =
      launches < least_launches ? fmt::format(" ({} launch{})", launches, launches == 1 ? "" : "es") : "";
  return {name, verdict, fmt::format("{}: {}{} on this system: {}", name, verdict, few, measured)};
}

std::string startup(double share) {
  return fmt::format("start-up {:.1f} % of the separated arm (limit {:.0f} %)", 100 * share, 100 * kMostStartup);
}

}  // namespace

std::optional<Interval> ets_ci(const std::vector<double>& joules, std::size_t passing) {
  const auto ets_joules = ettis(joules, passing);
  if (!ets_joules || passing != joules.size()) return std::nullopt;
  const auto ci = median_ci(joules);
  return ci && ci->low <= *ets_joules && *ets_joules <= ci->high ? ci : std::nullopt;
}

double movement_amplification(const std::map<std::string, double>& bytes, double useful) {
  return total(bytes) / useful;
}

double sufficiency(double bottleneck_seconds, double bytes, double bandwidth) {
  return bottleneck_seconds / (bytes / bandwidth);
}

std::optional<double> movement_reduction(const std::map<std::string, double>& separated,
                                         const std::map<std::string, double>& integrated) {
  if (total(separated) == 0) return std::nullopt;
  return 1 - total(integrated) / total(separated);
}

Claim claim_speedup(const std::optional<Ratio>& speedup, const std::optional<Ratio>& without_startup,
                    std::size_t launches, double startup_share) {
  const std::string name = "3-10x";
  if (!speedup)
    return claim(name, "inconclusive", launches,
                 "it takes passing launches of the separated and the integrated arm in one block");
  std::string measured = fmt::format("separated / integrated = {:.3g}{}", speedup->value, interval(speedup->ci));
  if (without_startup)
    measured += fmt::format("; without start-up {:.3g}{}", without_startup->value, interval(without_startup->ci));
  return claim(name, verdict_of(speedup->ci, 3, startup_share), launches, measured + "; " + startup(startup_share));
}

Claim claim_energy(const std::optional<Ratio>& energies, std::size_t launches, double startup_share,
                   const std::string& reason) {
  const std::string name = "20-40 % energy";
  if (!energies) return claim(name, "inconclusive", launches, reason);
  const auto saving = [](double ratio) { return 1 - 1 / ratio; };
  std::optional<Interval> ci;
  if (energies->ci) ci = Interval{saving(energies->ci->low), saving(energies->ci->high)};
  std::string measured = fmt::format("saving {:.1f} %", 100 * saving(energies->value));
  if (ci) measured += fmt::format(", CI95 [{:.1f}, {:.1f}] %", 100 * ci->low, 100 * ci->high);
  constexpr double kFifthLess = 1.25;  // the ratio at a saving of 20 %
  return claim(name, verdict_of(energies->ci, kFifthLess, startup_share), launches,
               measured + "; " + startup(startup_share));
}

double amortisation(double data, double train, double validate, double validate_simulation, double t_equal,
                    double t_infer) {
  if (t_equal <= t_infer) return std::numeric_limits<double>::infinity();
  return std::ceil((data + train + validate - validate_simulation) / (t_equal - t_infer));
}

}  // namespace tandem
