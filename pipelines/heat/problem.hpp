// What heat asks: for every scenario (powers, board) the cheapest module whose chips stay below 60 K above ambient, and
// how reliable that design is under manufacturing tolerances. Rules and numbers: docs/pipelines/heat.md.
#pragma once

#include <array>

#include "pipelines/heat/size.hpp"

namespace tandem::pipelines {

// Of the 12 parameters, the design fixes these; the scenario gives the others (P1, P2, P3, k_b).
inline constexpr std::array<std::size_t, 8> heat_design = {0, 1, 2, 3, 4, 5, 9, 10};

inline constexpr double heat_peak_limit = 53;             // K, of a design as predicted: a margin for the surrogate
inline constexpr double heat_validated_limit = 62;        // K, of a design as solved
inline constexpr std::size_t heat_judged_scenarios = 59;  // of one judgement of a growing design

// J = t_cu / 2 mm + 1.5 h / 4000 + 0.5 (d12 + d13 + d23) / 20 mm, d the distances of the chips' centres.
double heat_cost(std::span<const double> parameters);
// Largest theta of the chip layer.
double heat_peak(const HeatMesh& mesh, std::span<const float> theta);
double heat_largest(std::span<const float> theta);  // not empty; NaN where one of them is no number
// Verdicts that a judgement of answers and the criterion of a growing design share.
inline constexpr const char* heat_error_check = "|predicted - validated| peak, p90, K";
inline constexpr const char* heat_peak_check = "largest validated peak, K";
// All ranks' values in rising order; a single NaN where one of them is no number, or where there is none.
std::vector<double> heat_sorted(std::span<const double> values, const Ranks& ranks);
inline double heat_p90(const std::vector<double>& sorted) { return sorted[(9 * sorted.size() - 1) / 10]; }
// A parameter at u in [0, 1] of its range, and back.
double heat_from_unit(const HeatParameter& parameter, double u);
double heat_to_unit(const HeatParameter& parameter, double value);

class HeatProblem : public Problem {
 public:
  // `scenarios`: training points vary the scenario only as far as questions do; a variant, to see what steering gains
  // over a fixed design that knows where the questions lie.
  explicit HeatProblem(const HeatSize& size, bool scenarios = false);
  // A setting makes it another Problem: `suffix` of its version, `why` its targets do not hold.
  void vary(const std::string& suffix, const std::string& why);
  const ProblemSpec& spec() const override { return spec_; }
  // training: Sobol points, digitally shifted by the seed; holdout: independent uniform; question, steering, judging: a
  // scenario, its design at the centre; tolerance: 12 standard normal deviates, index = question * samples + sample.
  Case draw(Purpose purpose, std::uint64_t seed, std::uint64_t index) const override;
  double error(const Case&, std::span<const float> truth, std::span<const float> prediction) const override;
  std::vector<Answer> answer(const Model& model, std::uint64_t seed, std::size_t count,
                             const Ranks& ranks) const override;
  std::vector<Verdict> judge(std::span<const Answer> answers, std::uint64_t seed, const Simulation& simulation,
                             const Ranks& ranks) const override;
  std::vector<Rival> rivals() const override;
  // The model's own optima for fresh scenarios.
  std::vector<Case> propose(const Model& model, std::uint64_t seed, std::span<const Case> simulated, std::size_t count,
                            const Ranks& ranks) const override;
  // Of the designs for 59 fresh scenarios: p90 of |predicted - true| peak and the largest true peak.
  std::vector<Verdict> criterion(const Model& model, std::uint64_t seed, const Simulation& simulation,
                                 const Ranks& ranks) const override;

 private:
  Case designed(const Answer& answer, std::uint64_t seed) const;
  const HeatSize& size_;
  bool scenarios_;
  ProblemSpec spec_;
};

}  // namespace tandem::pipelines
