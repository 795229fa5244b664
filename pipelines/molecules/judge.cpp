// Every answer is simulated again: with its own noise, which must give the stated score, and with other noise, which
// tells how far a score can be reproduced. How many of the k best were found is told by the golden score where one is
// known, else by an audit of molecules that were not simulated.
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "harness/base/random.hpp"
#include "pipelines/molecules/problem.hpp"

namespace tandem::pipelines {
namespace {

constexpr std::size_t audited_others = 59;  // none better: at most 5 % of the rest are, with 95 % confidence (Wilks)

// The number of a molecule of the library, or `size` for what is none.
std::size_t molecule_at(double value, std::size_t size) {
  return value >= 0 && value < static_cast<double>(size) && value == std::floor(value) ? static_cast<std::size_t>(value)
                                                                                       : size;
}

}  // namespace

std::vector<Verdict> MoleculeProblem::judge(std::span<const Answer> answers, std::uint64_t seed,
                                            const Simulation& simulation, const Ranks& ranks) const {
  double misstated = 0, violation = 0;
  std::vector<double> mine, repeats;  // values of all answers, (fresh - own)^2
  for (const Answer& answer : answers) {
    check(answer.values.size() == answer_values, "molecules: an answer of {} values, expected {}", answer.values.size(),
          static_cast<std::size_t>(answer_values));
    mine.insert(mine.end(), answer.values.begin(), answer.values.end());
    const std::size_t molecule = molecule_at(answer.values[answered_molecule], library_.size());
    if (molecule == library_.size()) continue;  // counted below
    const Case own = draw(Purpose::question, seed, molecule), fresh = draw(Purpose::judging, seed, molecule);
    const std::vector<Sample> samples = simulation.simulate(std::vector{own, fresh}, Fidelity::truth);
    const auto score = [&](std::size_t i) { return static_cast<double>(simulation.outputs(samples[i])[0]); };
    worse(misstated, std::abs(answer.values[answered_score] - score(0)));
    for (std::size_t i = 0; i < 2; ++i)
      worse(violation, simulation.invariant(i == 0 ? own : fresh, simulation.outputs(samples[i])));
    repeats.push_back((score(1) - score(0)) * (score(1) - score(0)) / 2);
  }
  const std::vector<double> all = ranks.gather(mine), squares = ranks.gather(repeats);
  const auto no_number =
      static_cast<double>(std::count_if(all.begin(), all.end(), [](double value) { return !std::isfinite(value); }));
  std::set<std::size_t> distinct;
  double recalled = 0, kth = -std::numeric_limits<double>::infinity();
  const std::size_t count = all.size() / answer_values;
  for (std::size_t i = 0; i < count; ++i) {
    const double* const values = &all[i * answer_values];
    const std::size_t molecule = molecule_at(values[answered_molecule], library_.size());
    if (molecule == library_.size() || !distinct.insert(molecule).second) continue;
    worse(kth, values[answered_score]);
    recalled += values[answered_score] <= size_.golden ? 1 : 0;
  }
  double mean = 0;
  for (const double square : squares) mean += square / static_cast<double>(squares.size());
  std::vector<Verdict> verdicts = {
      {"answers that are no molecule of the library or repeat one", static_cast<double>(count - distinct.size()), 0},
      {"values of answers that are no number", no_number, 0},
      {"|stated - simulated again| score, kT", ranks.max(misstated), 1e-4},
      {"force and torque against the reaction, energy of the pose", ranks.max(violation), spec_.gate.truth_invariant},
      {"standard deviation of the scores over noise, kT", squares.empty() ? std::nan("") : std::sqrt(mean),
       size_.repeat}};
  if (golden_) {
    verdicts.push_back({recall_check, count == 0 ? 1 : 1 - recalled / static_cast<double>(count), size_.slack});
    return verdicts;
  }
  for (const Verdict& verdict : audit(all, kth, seed, simulation, ranks)) verdicts.push_back(verdict);
  return verdicts;
}

// Of the candidates that stand next in the ranking all, of the others 59 at random; with the noise of the answers.
std::vector<Verdict> MoleculeProblem::audit(const std::vector<double>& all, double kth, std::uint64_t seed,
                                            const Simulation& simulation, const Ranks& ranks) const {
  const std::size_t count = all.size() / answer_values;
  std::set<std::size_t> seen;
  for (std::size_t i = 0; i < count; ++i)
    seen.insert(molecule_at(all[i * answer_values + answered_molecule], library_.size()));
  std::vector<std::size_t> next, others;
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t n = 0; n < audited_next; ++n) {
      const std::size_t molecule = molecule_at(all[i * answer_values + answered_next + n], library_.size());
      if (molecule < library_.size() && seen.insert(molecule).second) next.push_back(molecule);
    }
  const std::size_t wanted = std::min(audited_others, library_.size() - std::min(seen.size(), library_.size()));
  for (std::uint64_t i = 0; others.size() < wanted; ++i) {
    const std::size_t molecule = random_bits(seed, 30, i) % library_.size();
    if (seen.insert(molecule).second) others.push_back(molecule);
  }
  const auto better = [&](std::span<const std::size_t> molecules) {
    double found = 0;
    for (const Scored& one : simulated(molecules, simulation, Purpose::question, seed, ranks))
      found += one.score < kth ? 1 : 0;
    return found;
  };
  const auto listed = static_cast<double>(audited_next * count - next.size());
  return {
      {"candidates of the audit that repeat others", listed, size_.slack * static_cast<double>(audited_next * count)},
      {"missed among the next 4 k predicted, of k", count == 0 ? 1 : better(next) / static_cast<double>(count),
       size_.slack},
      {"better than the k-th answer, of 59 others at random", better(others), 0}};
}

}  // namespace tandem::pipelines
