// What flow asks: for each Reynolds number and required lift the two elements of least drag. Rules and numbers:
// docs/pipelines/flow.md.
#pragma once

#include "pipelines/flow/size.hpp"

namespace tandem::pipelines {

inline constexpr double flow_drag_error = 0.1;       // |predicted / simulated drag - 1|, 90th percentile, at most
inline constexpr double flow_drag_criterion = 0.02;  // the same, at which a growing design stops
inline constexpr std::size_t flow_population = 32;   // of a generation of the search for a design

class FlowProblem : public Problem {
 public:
  explicit FlowProblem(const FlowSize& size);
  const ProblemSpec& spec() const override { return spec_; }
  // training: Sobol points, digitally shifted by the seed; holdout: independent uniform; question: a Reynolds number
  // and the lift that is required, the design at the centre.
  Case draw(Purpose purpose, std::uint64_t seed, std::uint64_t index) const override;
  // Of the velocities, over their deviation from the empty duct.
  double error(const Case&, std::span<const float> truth, std::span<const float> prediction) const override;
  std::vector<Answer> answer(const Model& model, std::uint64_t seed, std::size_t count,
                             const Ranks& ranks) const override;
  std::vector<Verdict> judge(std::span<const Answer> answers, std::uint64_t seed, const Simulation& simulation,
                             const Ranks& ranks) const override;
  std::vector<Rival> rivals() const override;
  // The model's own optima for fresh questions.
  std::vector<Case> propose(const Model& model, std::uint64_t seed, std::span<const Case> simulated, std::size_t count,
                            const Ranks& ranks) const override;
  // Lift and drag of the designs of 59 fresh questions.
  std::vector<Verdict> criterion(const Model& model, std::uint64_t seed, const Simulation& simulation,
                                 const Ranks& ranks) const override;

 private:
  // Of designs, the questions with the design in their parameters: how far their lift is from the required one, and
  // the error of the drag that was stated.
  struct Forces {
    double missed = 0, drag_error = 0;  // the worst, the 90th percentile; of all ranks
  };
  Forces judged(std::span<const Case> designs, std::span<const double> stated, const Simulation& simulation,
                const Ranks& ranks) const;

  const FlowSize& size_;
  ProblemSpec spec_;
};

// The design of least drag for each question through a model alone: Gaussians that shrink around the best of their
// samples (cross-entropy method, Rubinstein 1999), one prediction of all questions' samples in each generation. Returns
// the questions with the design in their parameters, and the forces that the model predicts.
struct FlowDesign {
  Case with;
  FlowForces predicted;
};
std::vector<FlowDesign> flow_designs(const FlowSize& size, const Model& model, std::span<const Case> questions,
                                     std::uint64_t seed);

}  // namespace tandem::pipelines
