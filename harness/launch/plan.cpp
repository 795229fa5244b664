#include "harness/launch/plan.hpp"

#include <algorithm>

#include "harness/base/check.hpp"
#include "harness/base/digest.hpp"
#include "harness/base/precision.hpp"
#include "harness/base/random.hpp"
#include "harness/kernel/gpu_kernels.hpp"
#include "harness/pipeline/pipeline.hpp"
#include "harness/pipeline/regime.hpp"
#include "harness/pipeline/spec.hpp"

namespace tandem {
namespace {

std::string kind_of(const CaseConfig& item) {
  return item.pairing ? "pairing" : item.regime ? "regime" : item.pipeline ? "pipeline" : "kernel";
}

Job limits_job(const std::string& when, int ranks) {
  Job job;
  job.id = fmt::format("limits.{}{}", when, ranks > 1 ? fmt::format(".ranks{}", ranks) : "");
  job.kind = Job::Kind::limits;
  job.when = when;
  job.ranks = ranks;
  return job;
}

int most_ranks(const Config& config) {
  int most = 1;
  for (const CaseConfig& item : config.cases) most = std::max(most, item.most_ranks());
  return most;
}

// What of the seed a launch has for itself: both of a pair do the same work.
std::uint64_t block_of(const Config& config, int launch) {
  return static_cast<std::uint64_t>(config.pairs ? launch / 2 : launch);
}

std::string without_precision(const CaseConfig& item) {
  std::string text = fmt::format("{} {} {}", item.name, item.ranks, item.threads);
  for (const auto& [key, value] : item.settings.named())
    if (!is_precision(key)) text += " " + key + "=" + value;
  return text;
}

// The pipelines that differ from this one in precision alone, itself included: they do the same work, and so share
// blocks. A point of the regime map stands alone.
std::vector<std::size_t> group_of(const Config& config, std::size_t item) {
  if (!config.cases[item].pipeline) return {item};
  std::vector<std::size_t> group;
  for (std::size_t other = 0; other < config.cases.size(); ++other)
    if (config.cases[other].pipeline && without_precision(config.cases[other]) == without_precision(config.cases[item]))
      group.push_back(other);
  return group;
}

// Arms of a block in an order drawn from the block's seed, so that no arm always runs first.
void add_arms(const Config& config, std::size_t first, int launch, std::vector<Job>& jobs) {
  const std::vector<std::size_t> group = group_of(config, first);
  if (group.front() != first) return;
  const std::uint64_t seed = random_bits(config.seed, 1 + first, block_of(config, launch));
  std::vector<std::pair<std::size_t, ArmId>> arms;
  for (const std::size_t item : group)
    for (const ArmId& arm : config.cases[item].arms) arms.emplace_back(item, arm);
  for (std::size_t i = arms.size(); i > 1; --i) std::swap(arms[i - 1], arms[random_bits(seed, 7, i) % i]);
  for (const auto& [item, arm] : arms) {
    Job job;
    job.id = fmt::format("p{:02}.{}.{}", item, arm.text(), launch);
    job.kind = Job::Kind::arm;
    job.item = item;
    job.arm = arm;
    job.launch = launch;
    job.seed = seed;
    jobs.push_back(job);
  }
}

std::string figure_name(KernelEntry::Figure figure) {
  if (figure == KernelEntry::Figure::time) return "time";
  return figure == KernelEntry::Figure::flop_rate ? "flop_rate" : "byte_rate";
}

Json case_json(const CaseConfig& item) {
  Json settings = Json::object();
  for (const auto& [key, value] : item.settings.named()) settings[key] = value;
  Json json = {{"case", item.path()},  {"kind", kind_of(item)}, {"name", item.name},
               {"settings", settings}, {"ranks", item.ranks},   {"threads", item.threads}};
  if (item.device != "cpu") json["device"] = item.device;
  if (item.pairing) {
    json["activities"] = item.activities;
    return json;
  }
  if (item.arms.empty()) {
    for (const KernelEntry& entry : plannable_kernels(item.device))
      if (entry.name == item.name) json["figure"] = figure_name(entry.figure);
    return json;
  }
  json["arms"] = Json::array();
  for (const ArmId& arm : item.arms) json["arms"].push_back(arm.text());
  if (item.pipeline) json["simulation_questions"] = item.simulation_questions;
  if (item.regime) json["pipeline"] = item.pipeline_name();
  for (const PipelineEntry& entry : pipeline_registry()) {
    if (entry.name != item.pipeline_name()) continue;
    const Pipeline pipeline = item.regime ? regime_pipeline(entry, item.settings, 1) : entry.make(item.settings, 1);
    json["problem"] = spec_json(pipeline.problem->spec());
    if (item.pipeline) json["predicting_cases"] = Json::array();
    for (const Prediction& prediction : pipeline.problem->spec().predictions)
      if (item.pipeline) json["predicting_cases"].push_back(predicting_case(prediction, item.threads).path());
    for (const Parameter& parameter : entry.parameters)
      if (item.pipeline && is_precision(parameter.key))
        json["precision"][parameter.key] = item.settings.text(parameter.key);
  }
  return json;
}

}  // namespace

std::string kind_name(Job::Kind kind) {
  if (kind == Job::Kind::pairing) return "pairing";
  return kind == Job::Kind::limits ? "limits" : kind == Job::Kind::kernel ? "kernel" : "arm";
}

Plan make_plan(const Config& config) {
  Plan plan{config, {}};
  const int ranks = most_ranks(config);
  if (config.limits) plan.jobs.push_back(limits_job("before", 1));
  if (config.limits && ranks > 1) plan.jobs.push_back(limits_job("before", ranks));
  for (int launch = 0; launch < config.launches_most; ++launch)
    for (std::size_t item = 0; item < config.cases.size(); ++item) {
      if (!config.cases[item].arms.empty()) {
        add_arms(config, item, launch, plan.jobs);
        continue;
      }
      Job job;
      const bool pairing = config.cases[item].pairing;
      if (pairing && launch >= config.launches) continue;  // the stop rule is for kernels and arms
      job.id = fmt::format("{}{:02}.{}", pairing ? "d" : "k", item, launch);
      if (pairing) job.kind = Job::Kind::pairing;
      job.item = item;
      job.launch = launch;
      job.seed = random_bits(config.seed, 1 + item, block_of(config, launch));
      plan.jobs.push_back(job);
    }
  if (config.limits) plan.jobs.push_back(limits_job("after", 1));
  return plan;
}

Json to_json(const Plan& plan) {
  const Config& config = plan.config;
  Json document = {{"schema", "tandem-plan/1"}, {"class", config.run_class},   {"launches", config.launches},
                   {"seed", config.seed},       {"launcher", config.launcher}, {"timeout", config.timeout},
                   {"cases", Json::array()},    {"jobs", Json::array()}};
  if (const auto& model = config.energy_model)
    document["energy_model"] = {{"source", model->source},
                                {"idle", model->idle},
                                {"phase", model->phase},
                                {"transition", model->transition},
                                {"waiting", model->waiting}};
  if (config.pairs) document["pairs"] = true;
  if (!config.keep_all) document["keep"] = "records";
  if (!config.meter_launcher.empty()) document["meter_launcher"] = config.meter_launcher;
  if (!config.headline.empty()) document["headline"] = config.headline;
  if (config.launches_most > config.launches) document["launches_most"] = config.launches_most;
  for (const CaseConfig& item : config.cases) document["cases"].push_back(case_json(item));
  for (const Job& job : plan.jobs)
    document["jobs"].push_back({{"id", job.id},
                                {"kind", kind_name(job.kind)},
                                {"item", job.item},
                                {"arm", job.arm.text()},
                                {"launch", job.launch},
                                {"seed", job.seed},
                                {"ranks", job.ranks},
                                {"when", job.when}});
  return document;
}

Plan plan_of(const Json& document) {
  Plan plan;
  Config& config = plan.config;
  config.run_class = document.at("class");
  config.launches = document.at("launches");
  config.pairs = document.value("pairs", false);
  config.keep_all = document.value("keep", "all") == "all";
  config.meter_launcher = document.value("meter_launcher", "");
  config.launches_most = document.value("launches_most", config.launches);
  config.headline = document.value("headline", config.headline);
  config.seed = document.at("seed");
  config.launcher = document.at("launcher");
  config.timeout = document.at("timeout");
  for (const Json& json : document.at("cases")) {
    CaseConfig item;
    item.pipeline = json.at("kind") == "pipeline";
    item.pairing = json.at("kind") == "pairing";
    item.regime = json.at("kind") == "regime";
    if (item.pairing) item.activities = json.at("activities").get<std::vector<std::string>>();
    item.name = json.at("name");
    for (const PipelineEntry& entry : pipeline_registry())  // what is not part of the name is not in the plan
      if ((item.pipeline || item.regime) && entry.name == item.pipeline_name())
        item.settings = Settings(item.regime ? regime_parameters(entry) : entry.parameters);
    for (const auto& [key, value] : json.at("settings").items()) item.settings.set(key, value.get<std::string>());
    item.device = json.value("device", item.device);
    item.ranks = json.at("ranks");
    item.threads = json.at("threads");
    for (const Json& arm : json.value("arms", Json::array())) item.arms.push_back(ArmId::of(arm));
    if (item.pipeline) item.simulation_questions = json.at("simulation_questions");
    config.cases.push_back(item);
  }
  for (const Json& json : document.at("jobs")) {
    Job job;
    job.id = json.at("id");
    for (const auto kind : {Job::Kind::limits, Job::Kind::kernel, Job::Kind::arm, Job::Kind::pairing})
      if (json.at("kind") == kind_name(kind)) job.kind = kind;
    job.item = json.at("item");
    job.arm = ArmId::of(json.at("arm"));
    job.launch = json.at("launch");
    job.seed = json.at("seed");
    job.ranks = json.at("ranks");
    job.when = json.at("when");
    plan.jobs.push_back(job);
  }
  return plan;
}

std::string plan_digest(const Json& document) { return sha256(document.dump()); }

}  // namespace tandem
