// What molecules asks: the k best binders of a library of L molecules, every one of them simulated. Rules and numbers:
// docs/pipelines/molecules.md.
#pragma once

#include "pipelines/molecules/size.hpp"

namespace tandem::pipelines {

inline constexpr std::uint64_t own_library = 1;  // seed of library and receptor that golden numbers are known of
inline constexpr std::size_t audited_next = 4;   // candidates that each answer lists for the audit
inline constexpr const char* recall_check = "1 - recall of the k best";

// Of Answer::values. Answer i is the i-th best molecule. Sites are a decimal number of ten digits, the kinds from 1 on.
enum AnswerValue : std::size_t {
  answered_molecule,
  answered_scaffold,
  answered_sites,
  answered_prediction,
  answered_score,
  answered_simulations,
  answered_next,
  answer_values = answered_next + audited_next
};

class MoleculeProblem : public Problem {
 public:
  // `library`: the seed of library and receptor; another than own_library has no golden number and is audited.
  MoleculeProblem(const MoleculeSize& size, std::uint64_t library);
  const ProblemSpec& spec() const override { return spec_; }
  // training: the library in an order of the seed, without repetition, the noise of the seed; question: molecule
  // `index` of the library with the same noise; judging: the same with other noise; others: any molecule, other noise.
  Case draw(Purpose purpose, std::uint64_t seed, std::uint64_t index) const override;
  // |prediction - truth| of the score in k T.
  double error(const Case&, std::span<const float> truth, std::span<const float> prediction) const override;
  // Without a simulation: the k best as predicted. The judge takes no score that was not simulated.
  std::vector<Answer> answer(const Model& model, std::uint64_t seed, std::size_t count,
                             const Ranks& ranks) const override;
  // Simulates the short list, the best predicted, and takes the k best of it.
  std::vector<Answer> answer(const Model& model, const Simulation& simulation, std::uint64_t seed, std::size_t count,
                             const Ranks& ranks) const override;
  std::vector<Verdict> judge(std::span<const Answer> answers, std::uint64_t seed, const Simulation& simulation,
                             const Ranks& ranks) const override;
  std::vector<Rival> rivals() const override;
  // The best predicted molecules that were not simulated yet.
  std::vector<Case> propose(const Model& model, std::uint64_t seed, std::span<const Case> simulated, std::size_t count,
                            const Ranks& ranks) const override;
  // Recall of the 2 k best as predicted, simulated with fresh noise.
  std::vector<Verdict> criterion(const Model& model, std::uint64_t seed, const Simulation& simulation,
                                 const Ranks& ranks) const override;

 private:
  struct Scored {
    std::size_t molecule;
    double score;
  };
  Case candidate(std::size_t molecule, double noise) const;
  // The whole library by predicted score, best first; the same on every rank.
  std::vector<Scored> ranking(const Model& model, std::uint64_t seed, const Ranks& ranks) const;
  // Scores of these molecules, simulated by all ranks together with the noise of (purpose, seed).
  std::vector<Scored> simulated(std::span<const std::size_t> molecules, const Simulation& simulation, Purpose purpose,
                                std::uint64_t seed, const Ranks& ranks) const;
  std::vector<Answer> answers_of(std::span<const Scored> best, std::span<const Scored> ranked, std::size_t simulations,
                                 std::size_t count, const Ranks& ranks) const;
  std::vector<Verdict> audit(const std::vector<double>& all, double kth, std::uint64_t seed,
                             const Simulation& simulation, const Ranks& ranks) const;

  const MoleculeSize& size_;
  bool golden_;
  std::vector<std::size_t> library_;  // numbers of its isomers
  ProblemSpec spec_;
};

}  // namespace tandem::pipelines
