#include "harness/result/kpi.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

namespace tandem {

std::vector<Stay> close_gaps(std::vector<Stay> stays, int slots, double begin, double end) {
  std::vector<Stay> closed;
  std::stable_sort(stays.begin(), stays.end(), [](const Stay& a, const Stay& b) { return a.begin < b.begin; });
  for (int slot = 0; slot < slots; ++slot) {
    double at = begin;
    for (Stay stay : stays) {
      if (stay.rank != slot) continue;
      const double stop = std::min(stay.begin + stay.seconds, end);
      stay.begin = std::max(stay.begin, at);  // clocks of two nodes agree only to their uncertainty
      stay.seconds = stop - stay.begin;
      if (stay.seconds <= 0) continue;
      if (stay.begin > at) closed.push_back({slot, "start-up", "transition", at, stay.begin - at});
      closed.push_back(stay);
      at = stop;
    }
    if (end > at) closed.push_back({slot, "start-up", "transition", at, end - at});
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
      result.phases += stay.seconds;
    else if (stay.state == "waiting")
      result.waiting += stay.seconds;
    else
      result.transitions += stay.seconds;
  }
  return result;
}

std::vector<Stay> seconds_by_name(const std::vector<Stay>& closed, int slots) {
  std::vector<Stay> totals;
  for (const Stay& stay : closed) {
    auto total = std::find_if(totals.begin(), totals.end(), [&](const Stay& t) { return t.name == stay.name; });
    if (total == totals.end()) total = totals.insert(totals.end(), {0, stay.name, stay.state, stay.begin, 0});
    total->seconds += stay.seconds / slots;
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

std::string interval(const std::optional<Interval>& ci) {
  return ci ? fmt::format(", CI95 [{:.3g}, {:.3g}]", ci->low, ci->high) : "";
}

}  // namespace

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

Claim claim_speedup(const std::optional<Ratio>& speedup, std::size_t launches, double startup_share) {
  Claim claim{"3-10x", "inconclusive", ""};
  if (!speedup) {
    claim.text = "not measured: it takes passing launches of the separated and the integrated arm";
    return claim;
  }
  const std::string measured = fmt::format("separated / integrated = {:.3g}{}, {} launch{}", speedup->value,
                                           interval(speedup->ci), launches, launches == 1 ? "" : "es");
  if (!speedup->ci) {
    claim.text = measured + ": no verdict on fewer than 6 launches";
    return claim;
  }
  if (speedup->ci->low >= 3)
    claim.verdict = startup_share <= 0.1 ? "supported" : "start-up dominated";
  else if (speedup->ci->high < 3)
    claim.verdict = "not supported";
  claim.text = measured + fmt::format(", start-up {:.1f} % of the separated arm", 100 * startup_share);
  return claim;
}

Claim claim_energy(const std::optional<Ratio>& energies, std::size_t launches, const std::string& reason) {
  Claim claim{"20-40 % energy", "inconclusive", ""};
  if (!energies) {
    claim.text = reason;
    return claim;
  }
  const double saving = 1 - 1 / energies->value;
  claim.text = fmt::format("saving {:.1f} %, {} launches", 100 * saving, launches);
  if (!energies->ci) return claim;
  const double least = 1 - 1 / energies->ci->low;
  const double most = 1 - 1 / energies->ci->high;
  if (least >= 0.2)
    claim.verdict = "supported";
  else if (most < 0.2)
    claim.verdict = "not supported";
  return claim;
}

double amortisation(double data, double train, double validate, double validate_simulation, double t_equal,
                    double t_infer) {
  if (t_equal <= t_infer) return std::numeric_limits<double>::infinity();
  return std::ceil((data + train + validate - validate_simulation) / (t_equal - t_infer));
}

}  // namespace tandem
