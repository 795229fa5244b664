// Answers of the book's owner, and their judgement by full revaluation.
#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>

#include "harness/base/digest.hpp"
#include "harness/base/random.hpp"
#include "pipelines/risk/problem.hpp"

namespace tandem::pipelines {
namespace {

double value_of(std::span<const double> units, std::span<const float> prices) {
  double value = 0;
  for (std::size_t p = 0; p < units.size(); ++p) value += units[p] * static_cast<double>(prices[p]);
  return value;
}

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// The block states the prices of its first scenario for one maturity, each block for the next one.
std::size_t first_booked(const RiskSize& size, std::size_t block) { return block % size.maturities * size.each(); }

// 53 bits, so that a double holds them.
double digest_of(std::span<const float> prices) {
  return static_cast<double>(leading_bits(sha256(std::as_bytes(prices))) >> 11);
}

}  // namespace

RiskTail risk_tail_of(std::vector<double> losses, std::size_t tail) {
  check(tail >= 1 && tail <= losses.size(), "risk: a tail of {} of {} losses", tail, losses.size());
  if (std::any_of(losses.begin(), losses.end(), [](double loss) { return std::isnan(loss); }))
    return {std::nan(""), std::nan("")};
  const auto end = losses.begin() + static_cast<std::ptrdiff_t>(tail);
  std::partial_sort(losses.begin(), end, losses.end(), std::greater<>());
  return {losses[tail - 1], mean_of(std::span(losses).first(tail))};
}

double risk_auc(std::span<const double> residuals, double mark) {
  std::vector<double> right;
  for (const double residual : residuals) {
    if (std::isnan(residual)) return std::nan("");
    right.push_back(std::abs(residual));
  }
  std::sort(right.begin(), right.end());
  double above = 0;
  for (const double residual : residuals)
    for (const double off : {residual + mark, residual - mark}) {
      const auto [low, high] = std::equal_range(right.begin(), right.end(), std::abs(off));
      above += static_cast<double>(low - right.begin()) + 0.5 * static_cast<double>(high - low);
    }
  return above / (2 * static_cast<double>(right.size() * right.size()));
}

std::vector<Case> RiskProblem::scenarios(Purpose purpose, std::uint64_t seed, std::size_t block,
                                         std::size_t& beyond) const {
  std::vector<Case> cases(size_.block);
  std::size_t count = 0;
#pragma omp parallel for schedule(static) reduction(+ : count)
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::uint64_t index = block * size_.block + i;
    if (risk_outside(size_, risk_scenario(size_, purpose, seed, index)) > 0) ++count;
    cases[i] = draw(purpose, seed, index);
  }
  beyond = count;
  return cases;
}

RiskProblem::Losses RiskProblem::losses(std::span<const float> today, const Fields& prices) const {
  Losses losses;
  for (std::size_t i = 0; i < prices.rows; ++i) {
    losses.a.push_back(value_of(a_, today) - value_of(a_, prices.row(i)));
    losses.b.push_back(value_of(b_, today) - value_of(b_, prices.row(i)));
  }
  return losses;
}

std::array<double, 4> RiskProblem::tails(const Losses& losses) const {
  const auto tail = static_cast<std::size_t>(std::ceil(risk_tail * static_cast<double>(size_.block)));
  const RiskTail a = risk_tail_of(losses.a, tail), b = risk_tail_of(losses.b, tail);
  return {a.var, a.shortfall, b.var, b.shortfall};
}

std::vector<Answer> RiskProblem::answer(const Model& model, std::uint64_t seed, std::size_t count,
                                        const Ranks& ranks) const {
  const Case today{Purpose::question, 0, risk_today(size_), {}};
  const Fields base = model.predict(std::span(&today, 1));
  std::vector<Answer> answers;
  for (const std::size_t block : ranks.share(count)) {
    std::size_t beyond = 0;
    const Fields prices = model.predict(scenarios(Purpose::question, seed, block, beyond));
    const Losses loss = losses(base.row(0), prices);
    const auto stated = tails(loss);
    Answer answer{block, {stated.begin(), stated.end()}};
    answer.values.insert(answer.values.end(),
                         {mean_of(loss.a), mean_of(loss.b), static_cast<double>(beyond), digest_of(prices.values)});
    for (std::size_t k = 0; k < risk_booked; ++k)
      answer.values.push_back(static_cast<double>(prices.row(0)[first_booked(size_, block) + k]));
    answers.push_back(std::move(answer));
  }
  return answers;
}

Fields RiskProblem::revalue(std::span<const Case> cases, const Simulation& simulation, Fidelity fidelity,
                            double& parity) const {
  const std::vector<Sample> samples = simulation.simulate(cases, fidelity);
  Fields prices(cases.size(), size_.products());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto outputs = simulation.outputs(samples[i]);
    std::copy(outputs.begin(), outputs.end(), prices.row(i).begin());
    if (fidelity == Fidelity::truth) worse(parity, simulation.invariant(cases[i], outputs));
  }
  return prices;
}

std::array<double, 4> RiskProblem::tail_errors(std::span<const double> stated, const std::vector<Case>& all,
                                               const Simulation& simulation, const Ranks& ranks, double& parity) const {
  const Case today{Purpose::question, 0, risk_today(size_), {}};
  // [scenario, loss of A, loss of B] of these, of all ranks.
  const auto revalued = [&](std::span<const std::size_t> which, Fidelity fidelity) {
    std::vector<Case> cases = {today};
    std::vector<std::size_t> mine;
    for (const std::size_t i : ranks.share(which.size())) mine.push_back(which[i]);
    for (const std::size_t i : mine) cases.push_back(all[i]);
    const Fields prices = revalue(cases, simulation, fidelity, parity);
    const Losses loss = losses(prices.row(0), prices);
    std::vector<double> rows;
    for (std::size_t i = 0; i < mine.size(); ++i)
      rows.insert(rows.end(), {static_cast<double>(mine[i]), or_infinity(loss.a[i + 1]), or_infinity(loss.b[i + 1])});
    return ranks.gather(rows);
  };
  // The coarse method finds where the tails may lie, the truth values them.
  std::vector<std::size_t> which(all.size());
  for (std::size_t i = 0; i < which.size(); ++i) which[i] = i;
  const std::vector<double> screened = revalued(which, Fidelity::coarse);
  std::vector<std::size_t> audited;
  for (std::size_t book = 1; book <= 2; ++book) {
    std::vector<std::size_t> order(which.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
      const double x = screened[3 * i + book], y = screened[3 * j + book];
      return x != y ? x > y : screened[3 * i] < screened[3 * j];
    });
    for (std::size_t i = 0; i < std::min(size_.audited, order.size()); ++i)
      audited.push_back(static_cast<std::size_t>(screened[3 * order[i]]));
  }
  std::sort(audited.begin(), audited.end());
  audited.erase(std::unique(audited.begin(), audited.end()), audited.end());
  const std::vector<double> truths = revalued(audited, Fidelity::truth);
  const auto tail = static_cast<std::size_t>(std::ceil(risk_tail * static_cast<double>(size_.block)));
  std::array<double, 4> errors{};
  for (std::size_t book = 1; book <= 2; ++book) {
    std::vector<double> losses_of;
    for (std::size_t i = 0; i < audited.size(); ++i) losses_of.push_back(truths[3 * i + book]);
    const RiskTail truth = risk_tail_of(losses_of, tail);
    errors[2 * book - 2] = std::abs(stated[2 * book - 2] / truth.var - 1);
    errors[2 * book - 1] = std::abs(stated[2 * book - 1] / truth.shortfall - 1);
  }
  return errors;
}

std::vector<Verdict> RiskProblem::judge(std::span<const Answer> answers, std::uint64_t seed,
                                        const Simulation& simulation, const Ranks& ranks) const {
  const std::size_t width = 1 + RiskValue::booked + risk_booked;
  std::vector<double> mine, residuals;
  std::vector<Case> booked;
  for (const Answer& answer : answers) {
    check(answer.values.size() + 1 == width, "risk: an answer of {} values, expected {}", answer.values.size(),
          width - 1);
    mine.push_back(static_cast<double>(answer.question));
    mine.insert(mine.end(), answer.values.begin(), answer.values.end());
    booked.push_back(draw(Purpose::question, seed, answer.question * size_.block));
  }
  double parity = 0;
  const Fields truths = revalue(booked, simulation, Fidelity::truth, parity);
  for (std::size_t i = 0; i < answers.size(); ++i)
    for (std::size_t k = 0; k < risk_booked; ++k)
      residuals.push_back(answers[i].values[RiskValue::booked + k] -
                          static_cast<double>(truths.row(i)[first_booked(size_, answers[i].question) + k]));
  // The audited block follows from all digests: known only when every price is.
  const std::vector<double> rows = ranks.gather(mine);
  check(!rows.empty(), "risk: no answers to judge");
  std::uint64_t nonce = 0;
  for (std::size_t at = 0; at < rows.size(); at += width)
    nonce ^=
        mix(mix(static_cast<std::uint64_t>(rows[at])) ^ std::bit_cast<std::uint64_t>(rows[at + 1 + RiskValue::digest]));
  std::vector<std::pair<double, std::size_t>> order;  // blocks, whichever ranks they lie on
  for (std::size_t at = 0; at < rows.size(); at += width) order.emplace_back(rows[at], at);
  std::sort(order.begin(), order.end());
  const std::size_t at = order[nonce % order.size()].second;
  std::size_t beyond = 0;
  const auto block = scenarios(Purpose::question, seed, static_cast<std::size_t>(rows[at]), beyond);
  const auto errors = tail_errors(std::span(rows).subspan(at + 1, 4), block, simulation, ranks, parity);
  const std::vector<double> all = ranks.gather(residuals);
  const std::vector<double> parities = ranks.gather(std::vector<double>{parity});
  return {{"VaR99 of A, relative error", errors[0], size_.tail_error},
          {"ES99 of A, relative error", errors[1], size_.tail_error},
          {"VaR99 of B, relative error", errors[2], size_.tail_error},
          {"ES99 of B, relative error", errors[3], size_.tail_error},
          {"mis-marked by 50 bp, 1 - AUC", 1 - risk_auc(all, risk_mark), risk_missed},
          {"parity of full revaluations / notional", *std::max_element(parities.begin(), parities.end()),
           risk_truth_parity}};
}

}  // namespace tandem::pipelines
