// The growing designs of heat: where to simulate next, and when it is enough. docs/pipelines/heat.md.
#include <algorithm>
#include <cmath>

#include "pipelines/heat/answer.hpp"

namespace tandem::pipelines {
namespace {

constexpr double peak_error_criterion = 1;  // K, 90th percentile of |predicted - true| over the designs

// The designs of this rank's share of the scenarios `first` to `first + count` of a stream.
std::vector<Case> own_designs(const HeatProblem& problem, const HeatMesh& mesh, const Model& model, Purpose purpose,
                              std::uint64_t seed, std::size_t first, std::size_t count, const Ranks& ranks) {
  std::vector<Case> scenarios;
  for (const std::size_t i : ranks.share(count)) scenarios.push_back(problem.draw(purpose, seed, first + i));
  return heat_designs(model, mesh, scenarios);
}

}  // namespace

std::vector<Case> HeatProblem::propose(const Model& model, std::uint64_t seed, std::span<const Case> simulated,
                                       std::size_t count, const Ranks& ranks) const {
  const auto designs = own_designs(*this, size_.mesh, model, Purpose::steering, seed, simulated.size(), count, ranks);
  return gathered_cases(designs, heat_parameters.size(), ranks);
}

std::vector<Verdict> HeatProblem::criterion(const Model& model, std::uint64_t seed, const Simulation& simulation,
                                            const Ranks& ranks) const {
  const auto designs = own_designs(*this, size_.mesh, model, Purpose::judging, seed, 0, heat_judged_scenarios, ranks);
  const Fields predicted = model.predict(designs);
  const std::vector<Sample> solved = simulation.simulate(designs, Fidelity::truth);
  std::vector<double> peaks, errors;
  for (std::size_t i = 0; i < designs.size(); ++i) {
    peaks.push_back(heat_peak(size_.mesh, simulation.outputs(solved[i])));
    errors.push_back(std::abs(heat_peak(size_.mesh, predicted.row(i)) - peaks.back()));
  }
  return {{heat_error_check, heat_p90(heat_sorted(errors, ranks)), peak_error_criterion},
          {heat_peak_check, heat_sorted(peaks, ranks).back(), heat_validated_limit}};
}

}  // namespace tandem::pipelines
