// A test-only pipeline that stretches every word of harness/pipeline/pipeline.hpp: cases with a snapshot and
// parameters, several training pairs a simulation, Jacobian labels, an invariant, a ranking answer, named rivals.
//
//   y = C (I - M(p))^-1 x,   M(p) = p0 A + p1 B,   the last output the sum of the others
//
// The truth sums the Neumann series to its end, the coarse method stops after a few terms.
#pragma once

#include <array>

#include "harness/pipeline/pipeline.hpp"

namespace tandem::pipelines {

inline constexpr std::size_t toy_states = 8, toy_outputs = 4, toy_levels = 3, toy_terms = 6;
inline constexpr std::size_t toy_library = 64, toy_top = 5;

using ToyMap = std::array<double, toy_outputs * toy_states>;  // outputs x states

template <typename Values>
std::array<double, toy_outputs> toy_times(const ToyMap& map, const Values& x) {
  std::array<double, toy_outputs> y{};
  for (std::size_t k = 0; k < toy_outputs; ++k)
    for (std::size_t i = 0; i < toy_states; ++i) y[k] += map[k * toy_states + i] * static_cast<double>(x[i]);
  return y;
}

class ToySimulation : public Simulation {
 public:
  // `rounded`: training labels in bf16, which breaks their invariant.
  explicit ToySimulation(std::size_t ballast = 0, bool rounded = false) : ballast_(ballast), rounded_(rounded) {}
  // Arrays "inputs" [levels, states], "labels" [levels, outputs], "jacobians" [levels, outputs, states],
  // "parameters" [2], and "ballast" where asked for. Level t starts from the state of level t - 1, turned and damped.
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override;
  std::span<const float> outputs(const Sample& sample) const override;  // labels of level 0
  double invariant(const Case& problem_case, std::span<const float> outputs) const override;
  std::unique_ptr<Model> coarse_model() const override;

 private:
  std::size_t ballast_;
  bool rounded_;
};

class ToyProblem : public Problem {
 public:
  // proposer: "model" proposes the best-scored candidates; "deaf" proposes without asking the model, "repeating" what
  // was simulated first, "nan" no numbers, "short" one case too few. criterion: largest p90 of the errors that is good
  // enough.
  explicit ToyProblem(std::string proposer = "model", double criterion = 0.2);
  const ProblemSpec& spec() const override { return spec_; }
  Case draw(Purpose purpose, std::uint64_t seed, std::uint64_t index) const override;
  double error(const Case& problem_case, std::span<const float> truth,
               std::span<const float> prediction) const override;
  // Question q: the indices of the 5 of 64 candidates with the largest last output.
  std::vector<Answer> answer(const Model& model, std::uint64_t seed, std::size_t count,
                             const Ranks& ranks) const override;
  std::vector<Verdict> judge(std::span<const Answer> answers, std::uint64_t seed, const Simulation& simulation,
                             const Ranks& ranks) const override;
  std::vector<Rival> rivals() const override;
  std::vector<Case> propose(const Model& model, std::uint64_t seed, std::span<const Case> simulated, std::size_t count,
                            const Ranks& ranks) const override;
  std::vector<Verdict> criterion(const Model& model, std::uint64_t seed, const Simulation& simulation,
                                 const Ranks& ranks) const override;

 private:
  ProblemSpec spec_;
  std::string proposer_;
  double criterion_;
};

PipelineEntry toy();

}  // namespace tandem::pipelines
