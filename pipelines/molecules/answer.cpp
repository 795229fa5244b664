// From a ranking of the library to the k best: a short list of those predicted best is simulated.
#include <algorithm>
#include <cmath>
#include <limits>

#include "pipelines/molecules/problem.hpp"

namespace tandem::pipelines {
namespace {

// NaN is worse than any number; ties by molecule, so that every rank has the same order.
template <typename Scored>
void sort_by_score(std::vector<Scored>& scores) {
  for (Scored& one : scores)
    if (std::isnan(one.score)) one.score = std::numeric_limits<double>::infinity();
  std::sort(scores.begin(), scores.end(), [](const Scored& a, const Scored& b) {
    return a.score != b.score ? a.score < b.score : a.molecule < b.molecule;
  });
}

}  // namespace

std::vector<MoleculeProblem::Scored> MoleculeProblem::ranking(const Model& model, std::uint64_t seed,
                                                              const Ranks& ranks) const {
  std::vector<Case> mine;
  for (const std::size_t i : ranks.share(library_.size())) mine.push_back(draw(Purpose::question, seed, i));
  const Fields predicted = model.predict(mine);
  std::vector<double> rows;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    rows.push_back(static_cast<double>(mine[i].index));
    rows.push_back(static_cast<double>(predicted.row(i)[0]));
  }
  const std::vector<double> all = ranks.gather(rows);
  std::vector<Scored> ranked;
  for (std::size_t i = 0; i < all.size(); i += 2) ranked.push_back({static_cast<std::size_t>(all[i]), all[i + 1]});
  sort_by_score(ranked);
  return ranked;
}

std::vector<MoleculeProblem::Scored> MoleculeProblem::simulated(std::span<const std::size_t> molecules,
                                                                const Simulation& simulation, Purpose purpose,
                                                                std::uint64_t seed, const Ranks& ranks) const {
  std::vector<Case> mine;
  for (const std::size_t i : ranks.share(molecules.size())) mine.push_back(draw(purpose, seed, molecules[i]));
  const std::vector<Sample> samples = simulation.simulate(mine, Fidelity::truth);
  std::vector<double> rows;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    rows.push_back(static_cast<double>(mine[i].index));
    rows.push_back(static_cast<double>(simulation.outputs(samples[i])[0]));
  }
  const std::vector<double> all = ranks.gather(rows);
  std::vector<Scored> scores;
  for (std::size_t i = 0; i < all.size(); i += 2) scores.push_back({static_cast<std::size_t>(all[i]), all[i + 1]});
  sort_by_score(scores);
  return scores;
}

// Answers that this rank gives: share of the first `count` of `best`, with what the judge wants to know.
std::vector<Answer> MoleculeProblem::answers_of(std::span<const Scored> best, std::span<const Scored> ranked,
                                                std::size_t simulations, std::size_t count, const Ranks& ranks) const {
  std::vector<double> predictions(library_.size());
  for (const Scored& one : ranked) predictions[one.molecule] = one.score;
  std::vector<Answer> answers;
  for (const std::size_t i : ranks.share(std::min(count, best.size()))) {
    const Molecule molecule = isomer(library_[best[i].molecule]);
    double sites = 0;
    for (const std::size_t kind : molecule.kinds) sites = 10 * sites + static_cast<double>(kind + 1);
    Answer answer{i,
                  {static_cast<double>(best[i].molecule), static_cast<double>(molecule.scaffold), sites,
                   predictions[best[i].molecule], best[i].score, static_cast<double>(simulations)}};
    for (std::size_t n = 0; n < audited_next; ++n) {
      const std::size_t at = std::min(simulations + n * size_.best + i, ranked.size() - 1);
      answer.values.push_back(static_cast<double>(ranked[at].molecule));
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

std::vector<Answer> MoleculeProblem::answer(const Model& model, std::uint64_t seed, std::size_t count,
                                            const Ranks& ranks) const {
  const std::vector<Scored> ranked = ranking(model, seed, ranks);
  return answers_of(std::span(ranked).first(size_.best), ranked, 0, count, ranks);
}

std::vector<Answer> MoleculeProblem::answer(const Model& model, const Simulation& simulation, std::uint64_t seed,
                                            std::size_t count, const Ranks& ranks) const {
  const std::vector<Scored> ranked = ranking(model, seed, ranks);
  std::vector<std::size_t> listed;
  for (const Scored& one : std::span(ranked).first(std::min(size_.short_list, ranked.size())))
    listed.push_back(one.molecule);
  std::vector<Scored> best = simulated(listed, simulation, Purpose::question, seed, ranks);
  best.resize(std::min(best.size(), size_.best));
  return answers_of(best, ranked, listed.size(), count, ranks);
}

}  // namespace tandem::pipelines
