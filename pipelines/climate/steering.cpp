// The growing designs of climate: where to simulate next, and when it is enough. docs/pipelines/climate.md.
#include <algorithm>
#include <cmath>

#include "pipelines/climate/features.hpp"
#include "pipelines/climate/problem.hpp"

namespace tandem::pipelines {
namespace {

constexpr std::size_t candidates = 4;  // fresh jets for each that is proposed
constexpr std::size_t batch = 128;     // snapshots in memory at a time

// What the model sees of the jets `first` to `first + count` of a stream, of this rank's share: body(case, break).
template <typename Body>
void foresee(const ClimateProblem& problem, const Model& model, Purpose purpose, std::uint64_t seed, std::size_t first,
             std::size_t count, const Ranks& ranks, const Body& body) {
  const std::vector<std::size_t> mine = ranks.share(count);
  for (std::size_t begin = 0; begin < mine.size(); begin += batch) {
    std::vector<Case> cases(std::min(batch, mine.size() - begin));
    climate_each(cases.size(), [&](std::size_t i) { cases[i] = problem.draw(purpose, seed, first + mine[begin + i]); });
    const Fields curves = model.predict(cases);
    for (std::size_t i = 0; i < cases.size(); ++i)
      body(std::move(cases[i]), climate_break(curves.row(i).first(climate_horizon)));
  }
}

}  // namespace

std::vector<Case> ClimateProblem::propose(const Model& model, std::uint64_t seed, std::span<const Case> simulated,
                                          std::size_t count, const Ranks& ranks) const {
  std::vector<double> mine;
  foresee(*this, model, Purpose::steering, seed, candidates * simulated.size(), candidates * count, ranks,
          [&](const Case& jet, const ClimateBreak& seen) {
            const double distance = seen.peak > 0 ? std::abs(std::log(seen.peak / climate_broken)) : 0;
            mine.insert(mine.end(), {static_cast<double>(jet.index), distance});
          });
  GatheredRows all = gathered_rows(mine, 2, ranks);
  std::stable_sort(all.rows.begin(), all.rows.end(), [](const double* x, const double* y) { return x[1] < y[1]; });
  std::vector<Case> proposed;
  for (std::size_t i = 0; i < std::min(count, all.rows.size()); ++i) {
    Case jet = draw(Purpose::steering, seed, static_cast<std::uint64_t>(*all.rows[i]));
    jet.snapshot.clear();  // a training run starts from the jet itself
    proposed.push_back(std::move(jet));
  }
  return proposed;
}

std::vector<Verdict> ClimateProblem::criterion(const Model& model, std::uint64_t seed, const Simulation& simulation,
                                               const Ranks& ranks) const {
  std::vector<Case> jets;
  std::vector<ClimateBreak> stated;
  foresee(*this, model, Purpose::judging, seed, 0, spec_.steering.judged, ranks,
          [&](Case jet, const ClimateBreak& seen) {
            jets.push_back(std::move(jet));
            stated.push_back(seen);
          });
  std::vector<Verdict> verdicts = climate_verdicts(audits(jets, stated, {}, simulation, ranks));
  for (Verdict& verdict : verdicts) verdict.limit *= climate_criterion;
  return verdicts;
}

}  // namespace tandem::pipelines
