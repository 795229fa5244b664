#include "harness/pipeline/gate.hpp"

#include <limits>

namespace tandem {
namespace {

// Per hold-out case: error and invariant of the arm's model, invariant of the truth, then the rivals' errors.
constexpr std::size_t kOwn = 3;

void record_pictures(const Stage& stage, const std::vector<Slice>& slices, std::span<const float> truth,
                     std::span<const float> predicted) {
  for (const Slice& slice : slices) {
    Json picture = {{"record", "picture"}, {"title", slice.title},  {"unit", slice.unit},        {"nx", slice.nx},
                    {"ny", slice.ny},      {"true", Json::array()}, {"predicted", Json::array()}};
    for (const std::size_t at : slice.at) {
      picture["true"].push_back(truth[at]);
      picture["predicted"].push_back(predicted[at]);
    }
    stage.recorder.write(picture);
  }
}

std::vector<double> errors_of_share(const Stage& stage, const std::vector<GateModel>& models,
                                    const std::vector<Case>& cases, const std::vector<Slice>& slices) {
  const Simulation& simulation = *stage.pipeline.simulation;
  const Problem& problem = *stage.pipeline.problem;
  const std::size_t width = kOwn + models.size() - 1;
  std::vector<double> rows(cases.size() * width, std::numeric_limits<double>::quiet_NaN());
  const std::vector<Sample> truths = simulation.simulate(cases, Fidelity::truth);
  for (std::size_t m = 0; m < models.size(); ++m) {
    const Fields predicted = models[m].model->predict(cases);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const auto truth = simulation.outputs(truths[i]);
      const double error = problem.error(cases[i], truth, predicted.row(i));
      rows[i * width + (m == 0 ? 0 : kOwn + m - 1)] = error;
      if (m > 0) continue;
      rows[i * width + 1] = simulation.invariant(cases[i], predicted.row(i));
      rows[i * width + 2] = simulation.invariant(cases[i], truth);
      if (i == 0 && stage.ranks.root()) record_pictures(stage, slices, truth, predicted.row(i));
    }
  }
  return rows;
}

}  // namespace

void run_gate(const Stage& stage, const std::vector<GateModel>& models, const std::vector<Answer>& answers,
              std::uint64_t holdout, const std::vector<Slice>& slices) {
  stage.recorder.enter("validate");
  std::vector<const Model*> rivals;
  for (std::size_t m = 1; m < models.size(); ++m) rivals.push_back(models[m].model);
  const auto verdicts =
      stage.pipeline.problem->judge_against(rivals, answers, stage.seed, *stage.pipeline.simulation, stage.ranks);
  for (const Answer& answer : answers)
    stage.recorder.write({{"record", "answer"}, {"question", answer.question}, {"values", answer.values}});
  if (stage.ranks.root())
    for (const Verdict& verdict : verdicts) stage.recorder.verdict(verdict);
  run_holdout(stage, models, holdout, slices);
}

void run_holdout(const Stage& stage, const std::vector<GateModel>& models, std::uint64_t holdout,
                 const std::vector<Slice>& slices) {
  const Problem& problem = *stage.pipeline.problem;
  const std::size_t count = problem.spec().gate.cases;
  if (count == 0) return;
  std::vector<Case> cases;
  std::vector<double> indices;
  for (const std::size_t i : stage.ranks.share(count)) {
    cases.push_back(problem.draw(Purpose::holdout, holdout, i));
    indices.push_back(static_cast<double>(i));
  }
  const std::vector<double> mine = errors_of_share(stage, models, cases, slices);
  stage.recorder.enter("wait", State::waiting);
  const std::vector<double> rows = stage.ranks.gather(mine);  // the plan's cases: at most 124 x rivals
  const std::vector<double> order = stage.ranks.gather(indices);
  if (!stage.ranks.root()) return;
  const std::size_t width = kOwn + models.size() - 1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    Json rivals = Json::object();
    for (std::size_t m = 1; m < models.size(); ++m) rivals[models[m].name] = number(rows[i * width + kOwn + m - 1]);
    stage.recorder.write({{"record", "holdout"},
                          {"index", order[i]},
                          {"error", number(rows[i * width])},
                          {"invariant", number(rows[i * width + 1])},
                          {"truth_invariant", number(rows[i * width + 2])},
                          {"rivals", rivals}});
  }
}

}  // namespace tandem
