// tandem-freeze: finds the target e* of a pipeline on fresh seeds, for those who version a Problem. For every seed it
// simulates, trains and judges many more hold-out cases than a run does; e* is the least error at which an honest
// launch passes the Problem's plan with probability 0.99 (docs/method.md section 4). Prints a Markdown table.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <omp.h>

#include "harness/base/digest.hpp"
#include "harness/device/host.hpp"
#include "harness/measure/statistics.hpp"
#include "harness/pipeline/stages.hpp"

namespace tandem {
namespace {

constexpr double kPass = 0.99;

struct Errors {
  std::vector<double> sorted;
  double invariant = 0, truth_invariant = 0;
  double at(double quantile) const {
    return sorted[static_cast<std::size_t>(quantile * static_cast<double>(sorted.size() - 1))];
  }
};

Errors judge(const Pipeline& pipeline, const Model& model, std::uint64_t seed, std::size_t count) {
  Errors errors;
  constexpr std::size_t kBlock = 128;
  for (std::size_t at = 0; at < count; at += kBlock) {
    std::vector<Case> cases;
    for (std::size_t i = at; i < std::min(count, at + kBlock); ++i)
      cases.push_back(pipeline.problem->draw(Purpose::holdout, seed, i));
    const auto truths = pipeline.simulation->simulate(cases, Fidelity::truth);
    const Fields predicted = model.predict(cases);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const auto truth = pipeline.simulation->outputs(truths[i]);
      errors.sorted.push_back(pipeline.problem->error(cases[i], truth, predicted.row(i)));
      errors.invariant = std::max(errors.invariant, pipeline.simulation->invariant(cases[i], predicted.row(i)));
      errors.truth_invariant = std::max(errors.truth_invariant, pipeline.simulation->invariant(cases[i], truth));
    }
  }
  std::sort(errors.sorted.begin(), errors.sorted.end());
  return errors;
}

// The least error e for which P(Bin(cases, share of errors above e) <= allowed) >= 0.99.
double least_target(const std::vector<double>& sorted, const GatePlan& plan) {
  const auto n = static_cast<double>(sorted.size());
  std::size_t above = 0;
  while (above + 1 < sorted.size() && pass_probability(plan, static_cast<double>(above + 1) / n) >= kPass) ++above;
  return sorted[sorted.size() - 1 - above];
}

void show(const std::string& name, const Errors& errors, const GatePlan& plan) {
  fmt::print("| {} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.2g} | {:.2g} |\n", name, 100 * errors.at(0.5),
             100 * errors.at(0.9), 100 * errors.at(0.99), 100 * errors.sorted.back(),
             100 * least_target(errors.sorted, plan), errors.invariant, errors.truth_invariant);
  std::fflush(stdout);
}

void freeze(const PipelineEntry& entry, const Settings& settings, int seeds, std::size_t cases, std::uint64_t first) {
  const Pipeline pipeline = entry.make(settings, physical_cores());
  const Gate& gate = pipeline.problem->spec().gate;
  const GatePlan plan{gate.cases, gate.allowed};
  const Ranks ranks(1);
  const auto log = std::filesystem::temp_directory_path() / fmt::format("tandem-freeze.{}.jsonl", getpid());
  Recorder recorder(log, 0);
  fmt::print("{} {}: {} hold-out cases a seed, plan {}/{}\n\n", entry.name, settings.path(), cases, plan.cases,
             plan.allowed);
  fmt::print(
      "| seed | median % | p90 % | p99 % | max % | least e* % | invariant | of the truth "
      "|\n|--|--|--|--|--|--|--|--|\n");
  Errors pooled;
  show("coarse", judge(pipeline, *pipeline.simulation->coarse_model(), leading_bits(sha256("coarse")), cases), plan);
  for (int s = 0; s < seeds; ++s) {
    const std::uint64_t seed = first + static_cast<std::uint64_t>(s);
    const Stage stage{pipeline, ranks, recorder, seed};
    const auto handover = memory_handover();
    simulate(stage, *handover);
    const std::vector<Sample> samples = handover->take();
    const Trained trained = train(stage, samples);
    const std::uint64_t fresh = leading_bits(sha256(fmt::format("freeze {}", seed)));
    const Errors errors = judge(pipeline, *trained.network->model(), fresh, cases);
    show(fmt::format("{}", seed), errors, plan);
    pooled.sorted.insert(pooled.sorted.end(), errors.sorted.begin(), errors.sorted.end());
    pooled.invariant = std::max(pooled.invariant, errors.invariant);
    pooled.truth_invariant = std::max(pooled.truth_invariant, errors.truth_invariant);
    for (const auto& [rival, learner] : trained.rivals)
      show("  " + rival.name, judge(pipeline, *learner->model(), fresh, cases), plan);
  }
  std::sort(pooled.sorted.begin(), pooled.sorted.end());
  show("all seeds", pooled, plan);
  std::filesystem::remove(log);
}

}  // namespace
}  // namespace tandem

int main(int argc, char** argv) {
  CLI::App app{"Finds the target e* of a pipeline on fresh seeds"};
  std::string name = "heat", size = "S";
  int seeds = 6;
  std::size_t cases = 1000;
  std::uint64_t first = 101;
  app.add_option("PIPELINE", name, "Which pipeline")->capture_default_str();
  app.add_option("--size", size, "Its size")->capture_default_str();
  app.add_option("--seeds", seeds, "How many seeds")->capture_default_str();
  app.add_option("--first", first, "The first seed")->capture_default_str();
  app.add_option("--cases", cases, "Hold-out cases of each seed")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    for (const tandem::PipelineEntry& entry : tandem::pipeline_registry()) {
      if (entry.name != name) continue;
      tandem::Settings settings(entry.parameters);
      settings.set("size", size);
      tandem::freeze(entry, settings, seeds, cases, first);
      return 0;
    }
    throw tandem::Error(tandem::Exit::usage, "no pipeline is named " + name);
  } catch (const std::exception& error) {
    fmt::print(stderr, "tandem-freeze: {}\n", error.what());
    return 1;
  }
}
