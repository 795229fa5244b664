// What climate asks: of 20,000 jets, each seen in one noisy snapshot, which break within four days, and when. Rules and
// numbers: docs/pipelines/climate.md.
#pragma once

#include "pipelines/climate/alarms.hpp"

namespace tandem::pipelines {

inline constexpr std::size_t climate_audited = 6;  // members of each question that the truth runs as well

// Of the limits on answers: where a growing design stops. It looks after every round, and with the limits themselves
// half of those that stopped failed on their answers.
inline constexpr double climate_criterion = 0.7;

class ClimateProblem : public Problem {
 public:
  explicit ClimateProblem(const ClimateSize& size);
  const ProblemSpec& spec() const override { return spec_; }
  // 28 independent numbers and the key of the noise; all purposes but training come with the noisy snapshot at t = 0.
  Case draw(Purpose purpose, std::uint64_t seed, std::uint64_t index) const override;
  double error(const Case&, std::span<const float> truth, std::span<const float> prediction) const override;
  std::vector<Answer> answer(const Model& model, std::uint64_t seed, std::size_t count,
                             const Ranks& ranks) const override;
  std::vector<Verdict> judge(std::span<const Answer> answers, std::uint64_t seed, const Simulation& simulation,
                             const Ranks& ranks) const override {
    return judge_against({}, answers, seed, simulation, ranks);
  }
  // Of the audited members: the alarms' area under the ROC curve, also against the best of present strength and rivals;
  // missed and false alarms; the hour of breaking.
  std::vector<Verdict> judge_against(std::span<const Model* const> rivals, std::span<const Answer> answers,
                                     std::uint64_t seed, const Simulation& simulation,
                                     const Ranks& ranks) const override;
  std::vector<Rival> rivals() const override;
  // Of four times as many fresh jets those of which the model knows least whether they break.
  std::vector<Case> propose(const Model& model, std::uint64_t seed, std::span<const Case> simulated, std::size_t count,
                            const Ranks& ranks) const override;
  // The verdicts on answers, of fresh jets, by stricter limits.
  std::vector<Verdict> criterion(const Model& model, std::uint64_t seed, const Simulation& simulation,
                                 const Ranks& ranks) const override;

 private:
  // What the truth says of these jets of this rank, against what was stated and the rivals; of all ranks.
  std::vector<ClimateAudit> audits(std::span<const Case> jets, std::span<const ClimateBreak> stated,
                                   std::span<const Model* const> rivals, const Simulation& simulation,
                                   const Ranks& ranks) const;
  std::uint64_t audited(std::size_t question, std::size_t i) const;  // index of the case
  const ClimateSize& size_;
  ProblemSpec spec_;
};

}  // namespace tandem::pipelines
