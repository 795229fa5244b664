// The growing designs of risk: where to simulate next, and when it is enough. docs/pipelines/risk.md.
#include <algorithm>
#include <set>

#include "pipelines/risk/problem.hpp"

namespace tandem::pipelines {
namespace {

constexpr std::size_t candidates = 8;  // fresh scenarios for each that is proposed

}  // namespace

std::vector<Case> RiskProblem::propose(const Model& model, std::uint64_t seed, std::span<const Case> simulated,
                                       std::size_t count, const Ranks& ranks) const {
  const std::size_t first = candidates * simulated.size();
  std::vector<Case> cases = {{Purpose::question, 0, risk_today(size_), {}}};
  for (const std::size_t i : ranks.share(candidates * count)) cases.push_back(draw(Purpose::steering, seed, first + i));
  const Fields prices = model.predict(cases);
  const Losses loss = losses(prices.row(0), prices);
  std::vector<double> mine;
  for (std::size_t i = 1; i < cases.size(); ++i)
    mine.insert(mine.end(), {static_cast<double>(cases[i].index), loss.a[i], loss.b[i]});
  const GatheredRows all = gathered_rows(mine, 3, ranks);
  std::set<std::uint64_t> chosen;
  for (const std::size_t book : {1, 2}) {  // half for each; what both would take comes from the second's next losses
    std::vector<const double*> order = all.rows;
    std::stable_sort(order.begin(), order.end(),
                     [&](const double* x, const double* y) { return or_infinity(x[book]) > or_infinity(y[book]); });
    for (const double* row : order)
      if (chosen.size() < (book == 1 ? count / 2 : count)) chosen.insert(static_cast<std::uint64_t>(*row));
  }
  std::vector<Case> proposed;
  proposed.reserve(chosen.size());
  for (const std::uint64_t index : chosen) proposed.push_back(draw(Purpose::steering, seed, index));
  return proposed;
}

std::vector<Verdict> RiskProblem::criterion(const Model& model, std::uint64_t seed, const Simulation& simulation,
                                            const Ranks& ranks) const {
  const Case today{Purpose::judging, 0, risk_today(size_), {}};
  std::size_t beyond = 0;
  const std::vector<Case> block = scenarios(Purpose::judging, seed, 0, beyond);
  const Fields base = model.predict(std::span(&today, 1));
  const auto stated = tails(losses(base.row(0), model.predict(block)));
  double parity = 0;
  const auto errors = tail_errors(stated, block, simulation, ranks, parity);
  return {{"VaR99 of A, relative error", errors[0], risk_tail_criterion},
          {"ES99 of A, relative error", errors[1], risk_tail_criterion},
          {"VaR99 of B, relative error", errors[2], risk_tail_criterion},
          {"ES99 of B, relative error", errors[3], risk_tail_criterion}};
}

}  // namespace tandem::pipelines
