// tandem-freeze: finds the target e* of a pipeline on fresh seeds, for those who version a Problem. For every seed it
// simulates, trains and judges many more hold-out cases than a run does; e* is the least error at which an honest
// launch passes the Problem's plan with probability 0.99 (docs/method.md section 4). Prints a Markdown table.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

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

struct Judged {
  std::vector<double> errors, violations;  // sorted
  double truth = 0;                        // largest violation of the invariant in the truth
};

double at(const std::vector<double>& sorted, double quantile) {
  return sorted[static_cast<std::size_t>(quantile * static_cast<double>(sorted.size() - 1))];
}

void sort(Judged& judged) {
  std::sort(judged.errors.begin(), judged.errors.end());
  std::sort(judged.violations.begin(), judged.violations.end());
}

// One model each, on the same fresh cases.
std::vector<Judged> judge(const Pipeline& pipeline, const std::vector<const Model*>& models, std::uint64_t seed,
                          std::size_t count) {
  std::vector<Judged> judged(models.size());
  constexpr std::size_t kBlock = 128;
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    std::vector<Case> cases;
    for (std::size_t i = begin; i < std::min(count, begin + kBlock); ++i)
      cases.push_back(pipeline.problem->draw(Purpose::holdout, seed, i));
    const auto truths = pipeline.simulation->simulate(cases, Fidelity::truth);
    for (std::size_t m = 0; m < models.size(); ++m) {
      const Fields predicted = models[m]->predict(cases);
      for (std::size_t i = 0; i < cases.size(); ++i) {
        const auto truth = pipeline.simulation->outputs(truths[i]);
        judged[m].errors.push_back(pipeline.problem->error(cases[i], truth, predicted.row(i)));
        judged[m].violations.push_back(pipeline.simulation->invariant(cases[i], predicted.row(i)));
        judged[m].truth = std::max(judged[m].truth, pipeline.simulation->invariant(cases[i], truth));
      }
    }
  }
  for (Judged& one : judged) sort(one);
  return judged;
}

// The least limit e for which P(Bin(cases, share of values above e) <= allowed) >= 0.99.
double least_limit(const std::vector<double>& sorted, const GatePlan& plan) {
  const auto n = static_cast<double>(sorted.size());
  std::size_t above = 0;
  while (above + 1 < sorted.size() && pass_probability(plan, static_cast<double>(above + 1) / n) >= kPass) ++above;
  return sorted[sorted.size() - 1 - above];
}

void show(const std::string& name, const Judged& judged, const GatePlan& plan, const std::string& training = "") {
  fmt::print("| {} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.3f} | {:.3f} | {:.1e} | {} |\n", name,
             100 * at(judged.errors, 0.5), 100 * at(judged.errors, 0.9), 100 * at(judged.errors, 0.99),
             100 * judged.errors.back(), 100 * least_limit(judged.errors, plan), judged.violations.back(),
             least_limit(judged.violations, plan), judged.truth, training);
  std::fflush(stdout);
}

// The worst violation of the invariant by a training sample, of the last training that the log tells of.
std::string of_training(const std::filesystem::path& log) {
  std::string worst;
  std::ifstream file(log);
  for (std::string line; std::getline(file, line);)
    if (const Json record = Json::parse(line); record.at("record") == "training_invariant")
      worst = record.at("value").is_number() ? fmt::format("{:.1e}", record.at("value").get<double>()) : "no number";
  return worst;
}

Trained train_once(const Pipeline& pipeline, const Ranks& ranks, Recorder& recorder, std::uint64_t seed) {
  const Stage stage{pipeline, ranks, recorder, seed};
  const auto handover = memory_handover();
  simulate(stage, *handover);
  return train(stage, *handover);
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
  fmt::print("| seed | median % | p90 % | p99 % | max % | least e* % | worst violation | least limit | of the truth ");
  fmt::print("| of training |\n|--|--|--|--|--|--|--|--|--|--|\n");
  const auto coarse = pipeline.simulation->coarse_model();
  show("coarse", judge(pipeline, {coarse.get()}, leading_bits(sha256("coarse")), cases)[0], plan);
  Judged pooled;
  for (int s = 0; s < seeds; ++s) {
    const std::uint64_t seed = first + static_cast<std::uint64_t>(s);
    const Trained trained = train_once(pipeline, ranks, recorder, seed);
    std::vector<std::unique_ptr<Model>> owned;
    owned.push_back(trained.network->model());
    for (const auto& [rival, learner] : trained.rivals) owned.push_back(learner->model());
    std::vector<const Model*> models;
    models.reserve(owned.size());
    for (const auto& model : owned) models.push_back(model.get());
    const auto judged = judge(pipeline, models, leading_bits(sha256(fmt::format("freeze {}", seed))), cases);
    show(fmt::format("{}", seed), judged[0], plan, of_training(log));
    for (std::size_t r = 0; r < trained.rivals.size(); ++r)
      if (!trained.rivals[r].first.trivial) show("  " + trained.rivals[r].first.name, judged[r + 1], plan);
    pooled.errors.insert(pooled.errors.end(), judged[0].errors.begin(), judged[0].errors.end());
    pooled.violations.insert(pooled.violations.end(), judged[0].violations.begin(), judged[0].violations.end());
    pooled.truth = std::max(pooled.truth, judged[0].truth);
  }
  sort(pooled);
  if (seeds > 0) show("all seeds", pooled, plan);
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
  app.add_option("--seeds", seeds, "How many seeds; 0: only the coarse method")->capture_default_str();
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
