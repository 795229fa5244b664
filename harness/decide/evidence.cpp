#include "harness/decide/evidence.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/arm_id.hpp"
#include "harness/base/digest.hpp"
#include "harness/result/derive_parts.hpp"
#include "harness/result/format.hpp"
#include "harness/result/summary_parts.hpp"

namespace tandem {
namespace {

// The figures of the contract by name: value, interval, reason.
std::map<std::string, const Json*> figures_of(const Json& document) {
  std::map<std::string, const Json*> figures;
  for (const Json& fom : document.at("foms")) figures.emplace(fom.at("name").get<std::string>(), &fom);
  return figures;
}

void take_figure(const std::map<std::string, const Json*>& figures, Evidence& evidence) {
  const auto found = figures.find(evidence.name);
  if (found == figures.end()) {
    evidence.reason = "the result has no such figure";
    return;
  }
  const Json& fom = *found->second;
  if (fom.at("value").is_number()) evidence.value = fom.at("value").get<double>();
  if (const Json& ci = fom.at("ci95"); ci.is_array()) evidence.ci = Interval{ci.at(0), ci.at(1)};
  if (!evidence.value) evidence.reason = text_or_empty(fom, "reason");
}

// Without a figure there is nothing to compare, whatever was timed.
void settle(Evidence& evidence) {
  if (evidence.value && !evidence.costs.empty()) return;
  evidence.value.reset();
  evidence.ci.reset();
  evidence.costs.clear();
  if (evidence.reason.empty()) evidence.reason = evidence.status == "SKIPPED" ? "skipped" : "not measured";
}

std::map<std::string, double> canaries_of(const Json& noise) {
  std::map<std::string, double> canaries;
  for (const Json& check : noise)
    if (check.contains("seconds") && !check.at("seconds").empty())
      canaries[check.at("check")] = median(check.at("seconds").get<std::vector<double>>());
  return canaries;
}

Identity identity_of(const Json& entry) {
  Identity identity = {
      {"case", entry.at("name")}, {"device", entry.value("device", "cpu")}, {"ranks", entry.at("ranks").dump()}};
  for (const auto& [key, value] : entry.at("settings").items()) identity[key] = value.get<std::string>();
  return identity;
}

bool iterates(const Json& kernel) {
  return !kernel.at("facts").is_null() && kernel.at("facts").at("notes").contains("iterations");
}

Evidence kernel_evidence(const Json& kernel, const std::map<std::string, const Json*>& figures) {
  Evidence evidence;
  evidence.figure = kernel.at("figure");
  evidence.name = fom_name("kernel", kernel) + "." + evidence.figure;
  evidence.title = case_title(kernel) + ", " + evidence.figure;
  evidence.case_path = kernel.at("case");
  evidence.unit = kernel.at("unit");
  evidence.better = evidence.figure == "time" ? Better::lower : Better::higher;
  evidence.canaries = canaries_of(member(kernel, "noise"));
  evidence.status = kernel.at("status");
  for (const Json& samples : kernel.at("sample_seconds"))
    evidence.costs.push_back(median(samples.get<std::vector<double>>()));
  evidence.identity = identity_of(kernel);
  evidence.identity["cache state"] = "hot";
  // A setting left to the machine ("auto") may choose another size. How many iterations a solver takes to the same
  // residual is its own affair: the task is the same.
  if (evidence.figure == "rate" && !kernel.at("facts").is_null() && !iterates(kernel)) {
    const char* counted = evidence.unit == "B/s" ? "bytes" : "flops";
    evidence.identity["work"] = fmt::format("{:.9g} {}", kernel.at("facts").at(counted).get<double>(), counted);
  }
  take_figure(figures, evidence);
  settle(evidence);
  return evidence;
}

ArmId id_of(const Json& arm) {
  ArmId id;
  id.arm = arm.at("arm");
  id.coupling = text_or_empty(arm, "coupling");
  if (const std::string split = text_or_empty(arm, "split"); !split.empty()) id.split = Split::of(split);
  if (const std::string cache = text_or_empty(arm, "cache"); !cache.empty()) id.cache = cache;
  if (const std::string design = text_or_empty(arm, "design"); !design.empty()) id.design = design;
  if (const std::string handover = text_or_empty(arm, "handover"); !handover.empty()) id.handover = handover;
  return id;
}

Identity identity_of(const Json& pipeline, const Json& arm, const ArmId& id) {
  Identity identity = identity_of(pipeline);
  identity["arm"] = id.arm;
  identity["channel"] = id.coupling.empty() ? (id.trains() ? "files" : "none") : id.coupling;
  if (id.is_split()) identity["split"] = id.split.text();
  identity["cache state"] = id.arm == "separated" ? id.cache : "none";
  identity["design"] = id.design;
  identity["handover"] = id.handover;
  // Another problem in anything that is asked, trained or judged is another task, whatever its version says.
  Json problem = pipeline.at("problem");
  identity["problem"] = problem.at("version");
  for (const char* told : {"version", "provisional", "facts", "answer_names", "predictions"}) problem.erase(told);
  identity["reference work"] = sha256(problem.dump()).substr(0, 12);
  if (const Json& scaled = member(arm, "scaled"); !scaled.is_null())
    identity["answers"] = fmt::format("{} of {}", scaled.at("answered").dump(), scaled.at("of").dump());
  return identity;
}

// A design that was given up has no time until its criterion was met.
bool given_up(const Json& pipeline, const ArmId& id) {
  const Json& steering = member(pipeline, "steering");
  if (!id.grows() || steering.is_null()) return false;
  const std::string split = id.is_split() ? id.split.text() : "";
  return std::any_of(steering.at("designs").begin(), steering.at("designs").end(), [&](const Json& design) {
    return design.at("design") == id.design && text_or_empty(design, "split") == split && design.at("given_up") > 0;
  });
}

Evidence arm_evidence(const Json& pipeline, const Json& arm, const std::string& figure,
                      const std::map<std::string, const Json*>& figures) {
  const ArmId id = id_of(arm);
  const bool energy = figure == "energy_to_solution";
  Evidence evidence;
  evidence.kind = Kind::pipeline;
  evidence.figure = figure;
  evidence.arm = id.text();
  evidence.name = fom_name("pipeline", pipeline) + "." + evidence.arm + "." + figure;
  evidence.title = case_title(pipeline) + ", " + arm_words(evidence.arm) + (energy ? ", energy" : ", time");
  evidence.case_path = pipeline.at("case");
  evidence.unit = energy ? "J" : "s";
  evidence.canaries = canaries_of(member(arm, "noise"));
  evidence.status = arm.at("status");
  evidence.identity = identity_of(pipeline, arm, id);
  if (energy) evidence.identity["energy scope"] = text_or_empty(arm, "energy_scope");
  const Json& costs = member(arm, energy ? "launch_joules" : "launch_seconds");
  if (costs.is_array()) evidence.costs = costs.get<std::vector<double>>();
  if (evidence.identity.contains("answers"))
    evidence.caveat = "scaled from " + evidence.identity["answers"] + " answers";
  take_figure(figures, evidence);
  if (given_up(pipeline, id)) {
    evidence.value.reset();
    evidence.reason = "a launch was given up: it has no time until the criterion was met";
  }
  settle(evidence);
  return evidence;
}

bool withheld(const Json& entry) {
  const std::string status = entry.at("status");
  return status == "INVALID" || status == "FAILED" || status == "SKIPPED";
}

void add_kernel_facts(const Json& kernel, std::vector<Fact>& facts) {
  if (kernel.at("facts").is_null() || withheld(kernel)) return;
  const std::string name = fom_name("kernel", kernel);
  for (const char* key : {"flops", "bytes"}) facts.push_back({name + "." + key, kernel.at("facts").at(key)});
  if (const Json& messages = member(kernel.at("facts"), "messages"); messages.is_number())
    facts.push_back({name + ".messages", messages});
  if (!iterates(kernel)) return;
  const std::string note = kernel.at("facts").at("notes").at("iterations");  // "7", or "65, reference 50"
  facts.push_back({name + ".iterations", std::stod(note)});
}

void add_arm_facts(const Json& pipeline, const Json& arm, std::vector<Fact>& facts) {
  const ArmId id = id_of(arm);
  if (withheld(arm) || !id.trains() || id.coupling == "streamed" || id.grows()) return;
  const std::string name = fom_name("pipeline", pipeline) + "." + id.text();
  for (const char* edge : {"bytes", "weight_bytes"})
    for (const auto& [channel, bytes] : member(arm, edge).items())
      facts.push_back({name + "." + edge + "." + channel, bytes});
  if (const Json& useful = member(arm, "useful_bytes"); useful.is_number())
    facts.push_back({name + ".useful_bytes", useful});
}

}  // namespace

std::string arm_text(const Json& arm) { return id_of(arm).text(); }

std::vector<Evidence> evidence_of(const Json& document) {
  const auto figures = figures_of(document);
  std::vector<Evidence> all;
  for (const Json& kernel : document.at("kernels")) all.push_back(kernel_evidence(kernel, figures));
  for (const Json& pipeline : document.at("pipelines"))
    for (const Json& arm : pipeline.at("arms"))
      for (const char* figure : {"ttis", "energy_to_solution"})
        all.push_back(arm_evidence(pipeline, arm, figure, figures));
  return all;
}

std::vector<Fact> deterministic_facts(const Json& document) {
  std::vector<Fact> facts;
  for (const Json& kernel : document.at("kernels")) add_kernel_facts(kernel, facts);
  for (const Json& pipeline : document.at("pipelines")) {
    for (const char* key : {"flops", "queries"})
      facts.push_back({fom_name("pipeline", pipeline) + "." + key, pipeline.at("problem").at(key)});
    for (const Json& arm : pipeline.at("arms")) add_arm_facts(pipeline, arm, facts);
  }
  return facts;
}

}  // namespace tandem
