#include "harness/launch/config.hpp"

#include <algorithm>
#include <optional>

#include <fnmatch.h>

#include "harness/base/check.hpp"
#include "harness/base/table.hpp"
#include "harness/device/host.hpp"
#include "harness/kernel/gpu_kernels.hpp"
#include "harness/launch/arms_config.hpp"
#include "harness/pairing/pairing.hpp"
#include "harness/pipeline/pipeline.hpp"
#include "harness/pipeline/regime.hpp"
#include "harness/result/files.hpp"
#include "harness/result/stop_rule.hpp"

namespace tandem {
namespace {

struct Defaults {
  std::string device = "cpu";
  int ranks = 1;
  std::optional<int> threads;  // none = physical cores / ranks
};

void place(CaseConfig& config, const Table& table, const Defaults& defaults) {
  config.ranks = static_cast<int>(table.integer("ranks", defaults.ranks, 1));
  const int cores = std::max(1, physical_cores() / config.ranks);
  if (const toml::node* node = table.find("threads"); node != nullptr && node->is_integer())
    config.threads = static_cast<int>(table.integer("threads", 1, 1));
  else if (table.text("threads", "", {"auto"}).empty() && defaults.threads)
    config.threads = *defaults.threads;
  else
    config.threads = cores;
}

// All combinations of the listed values, the last parameter fastest.
std::vector<Settings> combinations(const Table& table, const std::vector<Parameter>& parameters) {
  std::vector<Settings> all = {Settings(parameters)};
  for (const Parameter& parameter : parameters) {
    const auto values = table.texts(parameter.key);
    if (values.empty()) continue;
    std::vector<Settings> next;
    for (const Settings& settings : all)
      for (const std::string& value : values) {
        next.push_back(settings);
        next.back().set(parameter.key, value);
      }
    all = std::move(next);
  }
  return all;
}

std::vector<std::string> keys_of(const std::vector<Parameter>& parameters, std::vector<std::string> more) {
  more.reserve(more.size() + parameters.size());
  for (const Parameter& parameter : parameters) more.push_back(parameter.key);
  return more;
}

template <typename Entry>
const Entry& find_entry(const Table& table, const std::vector<Entry>& registry) {
  std::vector<std::string> names;
  names.reserve(registry.size());
  for (const Entry& entry : registry) names.push_back(entry.name);
  const std::string name = table.text("name", "", names);
  if (name.empty())
    table.fail(table.raw().source(), "\"name\" is missing; known: " + fmt::format("{}", fmt::join(names, ", ")));
  const auto found =
      std::find_if(registry.begin(), registry.end(), [&](const Entry& entry) { return entry.name == name; });
  if (found == registry.end()) table.fail(table.raw().source(), fmt::format("this program has no \"{}\"", name));
  return *found;
}

// `memory_of`: the entry's function of its settings, which refuses values that make no sense.
template <typename Memory>
void check_values(const Table& table, const std::string& name, const Memory& memory_of) {
  try {
    memory_of();
  } catch (const Unsupported&) {  // told by the case itself, as a skip
  } catch (const Error& error) {
    table.fail(table.raw().source(), fmt::format("{}: {}", name, error.what()));
  }
}

void add_kernels_on(const std::string& device, const Table& anonymous, const Defaults& defaults, Config& config) {
  const KernelEntry& entry = find_entry(anonymous, plannable_kernels(device));
  const Table table(anonymous.raw(), anonymous.source(), "[[kernel]] " + entry.name);
  table.fail_unknown(keys_of(entry.parameters, {"name", "device", "ranks", "threads"}));
  for (const Settings& settings : combinations(table, entry.parameters)) {
    CaseConfig added;
    added.name = entry.name;
    added.settings = settings;
    added.device = device;
    place(added, table, defaults);
    // mpirun starts all ranks on this host; a launcher of the site's may spread them
    const Placement placement{added.ranks, config.launcher.empty() ? added.ranks : 1};
    check_values(table, entry.name, [&] { entry.memory(settings, placement); });
    config.cases.push_back(added);
  }
}

void add_kernels(const Table& table, const Defaults& defaults, Config& config) {
  for (const std::string& device : table.choices("device", device_names(), {defaults.device}))
    add_kernels_on(device, table, defaults, config);
}

void add_pipelines(const Table& anonymous, const Defaults& defaults, Config& config) {
  const PipelineEntry& entry = find_entry(anonymous, pipeline_registry());
  const Table table(anonymous.raw(), anonymous.source(), "[[pipeline]] " + entry.name);
  table.fail_unknown(keys_of(entry.parameters, {"name", "ranks", "threads", "arms", "coupling", "split", "cache",
                                                "handover", "design", "simulation_questions", "predicting_kernels"}));
  const std::string otherwise = config.run_class == "quick" ? "none" : "measured";
  for (const Settings& settings : combinations(table, entry.parameters)) {
    CaseConfig added;
    added.pipeline = true;
    added.name = entry.name;
    added.settings = settings;
    added.simulation_questions = static_cast<std::size_t>(table.integer("simulation_questions", 0, 0));
    place(added, table, defaults);
    added.with_kernels = table.text("predicting_kernels", otherwise, {"measured", "none"}) == "measured";
    added.arms = in_precisions(table, arms_of(table, added.ranks, added.threads));
    check_values(table, entry.name, [&] { entry.memory(settings); });
    check_designs(table, added, entry);
    config.cases.push_back(added);
  }
}

// Points of the regime map: all combinations of the settings, each with two arms.
void add_regimes(const Table& anonymous, const Defaults& defaults, Config& config) {
  const PipelineEntry& entry = find_entry(anonymous, pipeline_registry());
  const Table table(anonymous.raw(), anonymous.source(), "[[regime]] " + entry.name);
  const std::vector<Parameter> parameters = regime_parameters(entry);
  table.fail_unknown(keys_of(parameters, {"name", "ranks", "threads"}));
  for (const Settings& settings : combinations(table, parameters)) {
    CaseConfig added;
    added.regime = true;
    added.name = "regime/" + entry.name;
    added.settings = settings;
    place(added, table, defaults);
    added.arms = {ArmId::of("separated"), ArmId::of("integrated")};
    check_values(table, entry.name, [&] { check_regime(entry, settings); });
    config.cases.push_back(added);
  }
}

// Two groups need two ranks where nothing is said.
void add_pairings(const PairingEntry& entry, const Table& table, Defaults defaults, Config& config) {
  defaults.ranks = entry.groups == 2 ? std::max(2, defaults.ranks) : 1;
  std::vector<std::string> keys = keys_of(entry.parameters, {"ranks", "threads"});
  if (entry.lists) keys.emplace_back("activities");
  table.fail_unknown(keys);
  for (const Settings& settings : combinations(table, entry.parameters)) {
    CaseConfig added;
    added.pairing = true;
    added.name = entry.name;
    added.settings = settings;
    place(added, table, defaults);
    check_values(table, entry.name, [&] {
      added.activities =
          entry.activities(settings, entry.lists ? table.texts("activities") : std::vector<std::string>());
      for (const std::string& activity : added.activities) activity_of(activity);
      window_seconds(settings, config.run_class);
      check_usage(entry.groups == 1 || added.ranks % 2 == 0, "ranks = {}: two groups of equal size need an even number",
                  added.ranks);
      check_usage(entry.groups == 2 || added.ranks == 1, "ranks = {}: the two take turns on one rank", added.ranks);
    });
    config.cases.push_back(added);
  }
}

void add_one(const Table& table, const std::string& kind, const Defaults& defaults, Config& config) {
  if (kind == "kernel") return add_kernels(table, defaults, config);
  if (defaults.device != "cpu")
    table.fail(table.raw().source(), fmt::format("device = \"{}\" is for kernels: name it there", defaults.device));
  if (kind == "pipeline") return add_pipelines(table, defaults, config);
  if (kind == "regime") return add_regimes(table, defaults, config);
  for (const PairingEntry& entry : pairing_registry())
    if (entry.name == kind) add_pairings(entry, table, defaults, config);
}

void add_all(const Table& root, const std::string& kind, const Defaults& defaults, Config& config) {
  const toml::node* node = root.find(kind);
  if (node == nullptr) return;
  const toml::array* array = node->as_array();
  if (array == nullptr) root.fail(node->source(), fmt::format("write [[{}]], one table a case", kind));
  for (const toml::node& element : *array) {
    if (!element.is_table()) root.fail(element.source(), fmt::format("write [[{}]], one table a case", kind));
    const Table table(*element.as_table(), root.source(), fmt::format("[[{}]]", kind));
    add_one(table, kind, defaults, config);
  }
}

std::optional<EnergyModel> energy_model(const Table& root) {
  const toml::node* node = root.find("energy_model");
  if (node == nullptr) return std::nullopt;
  if (!node->is_table()) root.fail(node->source(), "write [energy_model], one table");
  const Table table(*node->as_table(), root.source(), "[energy_model]");
  table.fail_unknown({"source", "idle", "phase", "transition", "waiting"});
  EnergyModel model;
  model.source = table.text("source", "", {});
  if (model.source.empty()) table.fail(node->source(), "[energy_model]: \"source\" must say where its watts come from");
  model.idle = table.positive("idle");
  model.phase = table.positive("phase");
  model.transition = table.positive("transition");
  model.waiting = table.positive("waiting");
  return model;
}

int launches_of(const std::string& run_class) {
  if (run_class == "quick") return 1;
  if (run_class == "standard") return 3;
  return run_class == "official" ? 10 : 14;
}

void filter_cases(Config& config, const std::string& source, const std::string& filter) {
  check_usage(!config.cases.empty(), "{}: nothing to measure: add a [[kernel]] or a [[pipeline]], or a pairing",
              source);
  std::vector<std::string> paths;
  for (const CaseConfig& item : config.cases) {
    const std::string path = item.path();
    check_usage(std::find(paths.begin(), paths.end(), path) == paths.end(), "{}: the case {} stands there twice",
                source, path);
    paths.push_back(path);
  }
  if (filter.empty()) return;
  std::erase_if(config.cases, [&](const CaseConfig& item) { return !glob_match(filter, item.path()); });
  check_usage(!config.cases.empty(), "--filter \"{}\" matches none of the {} cases of {}; they are:\n  {}", filter,
              paths.size(), source, fmt::join(paths, "\n  "));
}

// Adds the cases that predict phases of the pipelines, unless they are there: with the pipeline's threads, on one rank.
void add_predicting_kernels(Config& config) {
  const std::vector<CaseConfig> cases = config.cases;
  for (const CaseConfig& item : cases) {
    if (!item.with_kernels || item.ranks > 1) continue;
    const auto entry = std::find_if(pipeline_registry().begin(), pipeline_registry().end(),
                                    [&](const PipelineEntry& known) { return known.name == item.name; });
    const Pipeline pipeline = entry->make(item.settings, 1);
    for (const Prediction& prediction : pipeline.problem->spec().predictions) {
      const CaseConfig added = predicting_case(prediction, item.threads);
      const auto same = [&](const CaseConfig& other) { return other.path() == added.path(); };
      if (std::none_of(config.cases.begin(), config.cases.end(), same)) config.cases.push_back(added);
    }
  }
}

}  // namespace

CaseConfig predicting_case(const Prediction& prediction, int threads) {
  const ActivityChoice choice = activity_of(prediction.kernel);
  CaseConfig item;
  item.name = choice.kernel->name;
  item.settings = choice.settings;
  item.threads = prediction.each_thread ? 1 : threads;
  return item;
}

std::string CaseConfig::path() const {
  std::string result = name;
  if (!settings.named().empty()) result += "/" + settings.path();
  result += "/device=" + device;
  if (ranks > 1) result += fmt::format("/ranks={}", ranks);
  return result;
}

std::string CaseConfig::pipeline_name() const { return regime ? name.substr(name.find('/') + 1) : name; }

int CaseConfig::most_ranks() const {
  int most = ranks;
  for (const ArmId& arm : arms) most = std::max(most, geometry_of(arm, ranks, threads).ranks);
  return most;
}

bool glob_match(const std::string& pattern, const std::string& text) {
  return fnmatch(pattern.c_str(), text.c_str(), 0) == 0 || fnmatch((pattern + "/*").c_str(), text.c_str(), 0) == 0;
}

Config parse_config(const std::string& text, const std::string& source, const Overrides& overrides) {
  toml::table parsed;
  try {
    parsed = toml::parse(text, source);
  } catch (const toml::parse_error& error) {
    throw Error(Exit::usage, fmt::format("{}:{}: {}", source, error.source().begin.line, error.description()));
  }
  const Table root(parsed, source, "the configuration");
  std::vector<std::string> kinds = {"kernel", "pipeline", "regime"};
  for (const PairingEntry& entry : pairing_registry()) kinds.push_back(entry.name);
  std::vector<std::string> keys = {"class",          "launches", "ranks", "threads", "device",
                                   "launcher",       "timeout",  "seed",  "limits",  "energy_model",
                                   "meter_launcher", "headline", "keep"};
  keys.insert(keys.end(), kinds.begin(), kinds.end());
  root.fail_unknown(keys);
  Config config;
  config.run_class = root.text("class", "quick", {"quick", "standard", "official", "procurement"});
  config.launches = static_cast<int>(root.integer("launches", launches_of(config.run_class), 1));
  if (overrides.launches > 0) config.launches = overrides.launches;
  config.limits = root.text("limits", "measured", {"measured", "none"}) == "measured";
  if (!config.limits && config.run_class != "quick")
    root.fail(root.find("limits")->source(),
              "limits = \"none\" is for class quick: what stands in a report is judged by the machine's limits");
  config.keep_all = root.text("keep", "all", {"all", "records"}) == "all";
  config.pairs = overrides.pairs > 0;
  if (config.pairs) config.limits = false;  // a machine against itself
  if (config.pairs) config.launches = 2 * overrides.pairs;
  check_usage(config.pairs || config.launches >= launches_of(config.run_class),
              "class {} needs at least {} launches, {} were asked for", config.run_class, launches_of(config.run_class),
              config.launches);
  const bool stops = config.run_class == "official" || config.run_class == "procurement";
  config.launches_most =
      stops && !config.pairs ? std::max(config.launches, static_cast<int>(most_launches)) : config.launches;
  config.launcher = root.text("launcher", "", {});
  config.meter_launcher = root.text("meter_launcher", "", {});
  config.timeout = static_cast<double>(root.integer("timeout", 1800, 1));
  config.seed = static_cast<std::uint64_t>(root.integer("seed", 1, 0));
  config.energy_model = energy_model(root);
  config.headline = root.texts("headline");
  Defaults defaults;
  defaults.device = root.text("device", "cpu", device_names());
  defaults.ranks = static_cast<int>(root.integer("ranks", 1, 1));
  if (overrides.ranks > 0) defaults.ranks = overrides.ranks;
  if (const toml::node* node = root.find("threads"); node != nullptr && node->is_integer())
    defaults.threads = static_cast<int>(root.integer("threads", 1, 1));
  else
    root.text("threads", "auto", {"auto"});
  for (const std::string& kind : kinds) add_all(root, kind, defaults, config);
  filter_cases(config, source, overrides.filter);
  add_predicting_kernels(config);
  return config;
}

Config read_config(const std::filesystem::path& path, const Overrides& overrides) {
  return parse_config(read_file(path), path.string(), overrides);
}

}  // namespace tandem
