// The growing designs of flow: where to simulate next, and when it is enough. docs/pipelines/flow.md.
#include "pipelines/flow/problem.hpp"

namespace tandem::pipelines {
namespace {

// The designs of this rank's share of the questions `first` to `first + count` of a stream.
std::vector<FlowDesign> own_designs(const FlowProblem& problem, const FlowSize& size, const Model& model,
                                    Purpose purpose, std::uint64_t seed, std::size_t first, std::size_t count,
                                    const Ranks& ranks) {
  std::vector<Case> questions;
  for (const std::size_t i : ranks.share(count)) questions.push_back(problem.draw(purpose, seed, first + i));
  return flow_designs(size, model, questions, seed);
}

}  // namespace

std::vector<Case> FlowProblem::propose(const Model& model, std::uint64_t seed, std::span<const Case> simulated,
                                       std::size_t count, const Ranks& ranks) const {
  std::vector<Case> mine;
  for (FlowDesign& design : own_designs(*this, size_, model, Purpose::steering, seed, simulated.size(), count, ranks))
    mine.push_back(std::move(design.with));
  return gathered_cases(mine, flow_numbers, ranks);
}

std::vector<Verdict> FlowProblem::criterion(const Model& model, std::uint64_t seed, const Simulation& simulation,
                                            const Ranks& ranks) const {
  std::vector<Case> designs;
  std::vector<double> stated;
  for (FlowDesign& design : own_designs(*this, size_, model, Purpose::judging, seed, 0, spec_.steering.judged, ranks)) {
    designs.push_back(std::move(design.with));
    stated.push_back(design.predicted.drag);
  }
  const Forces forces = judged(designs, stated, simulation, ranks);
  return {{"largest |simulated - required| lift", forces.missed, size_.lift_reach},
          {"|predicted / simulated drag - 1|, p90", forces.drag_error, flow_drag_criterion}};
}

}  // namespace tandem::pipelines
