#include "harness/result/phase_energy.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tandem {

std::vector<Span> alone(const std::vector<Stay>& closed, int slots, const std::string& name) {
  std::vector<std::pair<double, int>> edges;  // a stay that ends where the next begins leaves the count as it is
  for (const Stay& stay : closed)
    if (stay.name == name && stay.state == "phase" && stay.seconds > 0) {
      edges.emplace_back(stay.begin, 1);
      edges.emplace_back(stay.begin + stay.seconds, -1);
    }
  std::sort(edges.begin(), edges.end());
  std::vector<Span> spans;
  int inside = 0;
  for (std::size_t i = 0; i < edges.size();) {
    const double time = edges[i].first;
    const int before = inside;
    for (; i < edges.size() && edges[i].first <= time; ++i) inside += edges[i].second;
    if (inside == slots && before < slots) spans.push_back({time, time});
    if (before == slots) spans.back().end = time;
  }
  return spans;
}

namespace {

PhaseEnergy of_phase(const Stay& phase, const std::vector<Span>& spans, std::span<const EnergyTrace> traces,
                     const std::string& scope, double t0) {
  PhaseEnergy energy{phase.name, phase.seconds, 0, std::nullopt, 0, ""};
  for (const Span& span : spans) energy.alone += span.end - span.begin;
  if (spans.empty()) {
    energy.reason = "never alone: at each instant some slot was in another state";
    return energy;
  }
  double joules = 0;
  for (const Span& span : spans) {
    const EnergyReading reading = energy_of_scope(traces, scope, t0 + span.begin, t0 + span.end);
    if (!reading.joules) {
      energy.error = 0;
      energy.reason = reading.reason;
      return energy;
    }
    joules += *reading.joules;
    energy.error += reading.error;
  }
  energy.joules = joules;
  return energy;
}

}  // namespace

std::vector<PhaseEnergy> energy_by_phase(const std::vector<Stay>& closed, int slots,
                                         std::span<const EnergyTrace> traces, const std::string& scope, double t0) {
  std::vector<PhaseEnergy> all;
  for (const Stay& phase : seconds_by_name(closed, slots))
    if (phase.state == "phase") all.push_back(of_phase(phase, alone(closed, slots, phase.name), traces, scope, t0));
  return all;
}

}  // namespace tandem
