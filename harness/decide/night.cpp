#include "harness/decide/night.hpp"

#include <algorithm>
#include <cmath>

#include "harness/decide/evidence.hpp"
#include "harness/measure/statistics.hpp"
#include "harness/result/aa_threshold.hpp"

namespace tandem {
namespace {

// Of machine.json: what decides on the fingerprint, and what a person wants to know where a series breaks.
Json machine_facts(const Json& machine) {
  Json facts = Json::object();
  for (const char* key : {"host", "cpu", "cores", "cores_allowed", "numa_nodes", "threads", "memory_bytes", "virtual",
                          "kernel", "os", "libraries", "environment"})
    if (machine.contains(key)) facts[key] = machine.at(key);
  return facts;
}

std::map<std::string, int> threads_of(const Json& document) {
  std::map<std::string, int> threads;
  for (const char* kind : {"kernels", "pipelines"})
    for (const Json& entry : document.at(kind)) threads[entry.at("case")] = entry.at("threads");
  return threads;
}

// What must agree from night to night. Not the work of a kernel: that is a count, and its changes are told exactly.
std::string identity_text(Identity identity, int threads) {
  identity.erase("work");
  identity["threads"] = std::to_string(threads);
  std::string text;
  for (const auto& [key, value] : identity) text += (text.empty() ? "" : ", ") + key + "=" + value;
  return text;
}

NightFigure figure_of(const Evidence& evidence, int threads) {
  NightFigure figure;
  figure.fom = evidence.name;
  figure.path = evidence.case_path;
  figure.kind = evidence.kind == Kind::kernel ? "kernel" : "pipeline";
  figure.unit = evidence.figure == "energy_to_solution" ? "J" : "s";
  figure.identity = identity_text(evidence.identity, threads);
  figure.status = evidence.status;
  figure.reason = evidence.reason;
  figure.costs = evidence.costs;
  if (!figure.costs.empty()) figure.ln_median = std::log(median(figure.costs));
  return figure;
}

// "a.b.rate" -> "a.b"
std::string stem(const std::string& name) { return name.substr(0, name.rfind('.')); }

// A count stands with the first figure of its case and arm, or with the first of the pipeline that it is a count of.
void add_counts(const Json& document, std::vector<NightFigure>& figures) {
  for (const Fact& fact : deterministic_facts(document)) {
    auto found = figures.end();
    for (auto one = figures.begin(); one != figures.end(); ++one)  // the longest name: arms may begin alike
      if (fact.name.starts_with(stem(one->fom) + ".") &&
          (found == figures.end() || one->fom.size() > found->fom.size()))
        found = one;
    if (found == figures.end())
      found = std::find_if(figures.begin(), figures.end(),
                           [&](const NightFigure& one) { return one.fom.starts_with(stem(fact.name) + "."); });
    if (found == figures.end()) continue;  // of a case without any figure
    const std::string of = stem(found->fom) + ".";
    found
        ->counts[fact.name.starts_with(of) ? fact.name.substr(of.size()) : fact.name.substr(fact.name.rfind('.') + 1)] =
        fact.value;
  }
}

}  // namespace

Night night_of(const Json& document, const Json& machine, const std::string& root) {
  const Json &run = document.at("run"), &program = document.at("tandem");
  Night night;
  night.root = root;
  night.started = run.at("started");
  night.run_class = run.at("class");
  night.config = run.at("config");
  night.status = run.at("status");
  for (const char* key : {"version", "commit", "dirty", "compiler"})
    if (program.contains(key)) night.program[key] = program.at(key);
  night.machine = machine_facts(machine);
  night.fingerprint = machine_fingerprint(machine);
  night.name = night_name(night.started, root);
  const std::map<std::string, int> threads = threads_of(document);
  for (const Evidence& evidence : evidence_of(document))
    if (!evidence.costs.empty() || evidence.figure != "energy_to_solution")  // unmetered is no gap
      night.figures.push_back(figure_of(evidence, threads.at(evidence.case_path)));
  add_counts(document, night.figures);
  return night;
}

}  // namespace tandem
