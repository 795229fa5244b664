// What risk asks: all prices of the book in every scenario, with what follows from them: value at risk and expected
// shortfall of two portfolios, and the bookings that are mis-marked. Rules and numbers: docs/pipelines/risk.md.
#pragma once

#include <array>

#include "kernels/montecarlo/sobol.hpp"
#include "pipelines/risk/size.hpp"

namespace tandem::pipelines {

inline constexpr double risk_tail = 0.01;            // VaR and shortfall at 99 %
inline constexpr double risk_tail_criterion = 0.01;  // relative error of VaR and shortfall: a growing design stops
inline constexpr double risk_mark = 0.005;           // of notional: how far a mis-marked booking is off
inline constexpr double risk_missed = 0.03;          // 1 - AUC of mis-marked bookings
inline constexpr double risk_truth_parity = 0.0015;  // of notional, of a full revaluation

// Answer::values of a block of scenarios.
enum RiskValue : std::size_t { var_a, es_a, var_b, es_b, mean_a, mean_b, outside, digest, booked };
inline constexpr std::size_t risk_booked = 8;  // prices that the block states for its first scenario

// Units of each product in the portfolios: A is long calls on the basket, short half of the puts, long a quarter of the
// puts on the worst; B is short all puts.
std::vector<double> risk_portfolio(const RiskSize& size, bool b);
// The market today: ln S = 0.
std::vector<double> risk_today(const RiskSize& size);
// A market tomorrow, not yet confined to the box: Student-t(5) shocks of spots with a common part, volatilities that
// rise as spots fall.
std::vector<double> risk_scenario(const RiskSize& size, Purpose purpose, std::uint64_t seed, std::uint64_t index);

struct RiskTail {
  double var = 0, shortfall = 0;
};
// Of the `tail` largest of these losses.
RiskTail risk_tail_of(std::vector<double> losses, std::size_t tail);
// Probability that a booking off by +-mark has a larger residual than one that is right: all residuals, shifted.
double risk_auc(std::span<const double> residuals, double mark);

class RiskProblem : public Problem {
 public:
  explicit RiskProblem(const RiskSize& size);
  const ProblemSpec& spec() const override { return spec_; }
  // training: even indices are Sobol points of the box, odd ones scenarios; holdout: uniform points and scenarios
  // alike; all others scenarios. Scenarios are confined to the box.
  Case draw(Purpose purpose, std::uint64_t seed, std::uint64_t index) const override;
  double error(const Case&, std::span<const float> truth, std::span<const float> prediction) const override;
  // Question q: scenarios q * block and on.
  std::vector<Answer> answer(const Model& model, std::uint64_t seed, std::size_t count,
                             const Ranks& ranks) const override;
  std::vector<Verdict> judge(std::span<const Answer> answers, std::uint64_t seed, const Simulation& simulation,
                             const Ranks& ranks) const override;
  std::vector<Rival> rivals() const override;
  // Of eight times as many fresh scenarios those in which the model sees the largest losses of either portfolio.
  std::vector<Case> propose(const Model& model, std::uint64_t seed, std::span<const Case> simulated, std::size_t count,
                            const Ranks& ranks) const override;
  // VaR and shortfall of a fresh block.
  std::vector<Verdict> criterion(const Model& model, std::uint64_t seed, const Simulation& simulation,
                                 const Ranks& ranks) const override;

 private:
  struct Losses {
    std::vector<double> a, b;
  };
  std::vector<Case> scenarios(Purpose purpose, std::uint64_t seed, std::size_t block, std::size_t& beyond) const;
  Losses losses(std::span<const float> today, const Fields& prices) const;
  // Of VaR and shortfall stated for this block, the relative errors against full revaluation of its worst scenarios.
  std::array<double, 4> tail_errors(std::span<const double> stated, const std::vector<Case>& block,
                                    const Simulation& simulation, const Ranks& ranks, double& parity) const;
  // VaR and shortfall of both portfolios.
  std::array<double, 4> tails(const Losses& losses) const;
  // Truths of these cases as prices; the worst violation of the invariant goes to `parity`.
  Fields revalue(std::span<const Case> cases, const Simulation& simulation, Fidelity fidelity, double& parity) const;

  const RiskSize& size_;
  kernels::Sobol box_;
  std::vector<double> a_, b_;  // the portfolios
  ProblemSpec spec_;
};

}  // namespace tandem::pipelines
