#include "harness/decide/comparison.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "harness/decide/finding.hpp"
#include "harness/decide/headline.hpp"
#include "harness/decide/matching.hpp"
#include "harness/decide/score.hpp"
#include "harness/decide/side_by_side.hpp"
#include "harness/result/derive_parts.hpp"
#include "harness/result/format.hpp"
#include "harness/result/summary_parts.hpp"

namespace tandem {
namespace {

constexpr std::array kFindings = {Finding::faster, Finding::slower, Finding::equivalent, Finding::different_but_small,
                                  Finding::inconclusive};

struct Row {
  Match match;
  Contrast contrast;
  Ground ground;
  bool headline = false;
  std::optional<double> corrected;  // p after Holm, of the family's members
  std::string note;
};

double delta_of(Kind kind, const Compared& a, const Compared& b) {
  const AaThreshold floor;
  const AaThreshold first = a.aa.value_or(floor), second = b.aa.value_or(floor);
  return kind == Kind::kernel ? std::max(first.kernel, second.kernel) : std::max(first.pipeline, second.pipeline);
}

// Canaries are the program's own loops: those of two compilers, or of two machines, tell nothing of one another.
bool same_ground(const Compared& a, const Compared& b) {
  const auto built = [](const Compared& result) {
    const Json& program = result.document.at("tandem");
    return text_or_empty(program, "compiler") + text_or_empty(program, "flags");
  };
  return machine_fingerprint(a.document.at("machine")) == machine_fingerprint(b.document.at("machine")) &&
         built(a) == built(b);
}

std::optional<Shift> shift_between(const Evidence& a, const Evidence& b) {
  std::optional<Shift> shift;
  for (const auto& [canary, seconds] : a.canaries) {
    const auto other = b.canaries.find(canary);
    if (other == b.canaries.end()) continue;
    const double gain = std::log(seconds / other->second);
    if (!std::isfinite(gain)) continue;
    const Shift known = shift.value_or(Shift());
    shift = {std::min(known.slower, gain), std::max(known.faster, gain)};
  }
  return shift;
}

std::string note_of(const Row& row) {
  if (!row.match.a->caveat.empty()) return "no verdict: " + row.match.a->caveat;
  std::string note;
  for (const Evidence* one : {row.match.a, row.match.b})
    if (one->status == "UNSTABLE")
      note += (note.empty() ? "UNSTABLE: " : ", ") + std::string(one == row.match.a ? "A" : "B");
  return note;
}

// Of the figures that may be compared: contrasts, and Holm's correction over the headline figures with enough launches.
std::vector<Row> rows_of(const std::vector<Match>& matches, const std::vector<std::string>& headline,
                         bool one_machine) {
  std::vector<Row> rows;
  std::vector<double> p;
  for (const Match& match : matches) {
    if (!match.refusal.empty()) continue;
    Row row{match, contrast(match.a->costs, match.b->costs), {}, false, std::nullopt, ""};
    row.ground.stable = match.a->status != "UNSTABLE" && match.b->status != "UNSTABLE";
    if (one_machine) row.ground.shift = shift_between(*match.a, *match.b);
    row.headline = match.a->caveat.empty() && match.b->caveat.empty() &&
                   std::find(headline.begin(), headline.end(), match.a->name) != headline.end();
    row.note = note_of(row);
    if (row.headline && row.contrast.enough()) p.push_back(row.contrast.ratio.p);
    rows.push_back(row);
  }
  const std::vector<double> corrected = holm(p);
  std::size_t next = 0;
  for (Row& row : rows)
    if (row.headline && row.contrast.enough()) row.corrected = corrected[next++];
  return rows;
}

Json side_json(const Evidence& evidence) {
  return {{"value", number_or_null(evidence.value)},
          {"ci95", ci_json(evidence.ci)},
          {"launches", evidence.costs.size()},
          {"costs", evidence.costs},
          {"status", evidence.status}};
}

Json row_json(const Row& row, double delta) {
  const Evidence& a = *row.match.a;
  Json json = {{"name", a.name},
               {"title", a.title},
               {"kind", a.kind == Kind::kernel ? "kernel" : "pipeline"},
               {"figure", a.figure},
               {"unit", a.unit},
               {"a", side_json(a)},
               {"b", side_json(*row.match.b)},
               {"ratio", row.contrast.ratio.value},
               {"ci95", ci_json(row.contrast.ratio.ci)},
               {"ci90", ci_json(row.contrast.ci90)},
               {"p", row.contrast.ratio.p},
               {"p_holm", number_or_null(row.corrected)},
               {"delta", delta},
               {"machine_shift", nullptr},
               {"verdict", nullptr},
               {"note", row.note.empty() ? Json(nullptr) : Json(row.note)}};
  if (row.ground.shift) json["machine_shift"] = {row.ground.shift->slower, row.ground.shift->faster};
  if (row.headline)
    json["verdict"] = finding_word(finding_of(row.contrast, row.corrected.value_or(1), delta, row.ground));
  return json;
}

void add_refused(const Match& match, Json& refused) {
  if (match.refusal.empty()) return;
  const Evidence& known = match.a != nullptr ? *match.a : *match.b;
  refused.push_back({{"name", known.name}, {"title", known.title}, {"reason", match.refusal}});
}

// What has no single cost a launch, or none that was measured.
void add_never(const Compared& result, Json& refused) {
  const auto add = [&](const std::string& name, const std::string& reason) {
    for (const Json& known : refused)
      if (known.at("name") == name) return;
    refused.push_back({{"name", name}, {"title", name}, {"reason", reason}});
  };
  for (const Json& item : result.plan.at("cases")) {
    if (item.at("kind") == "pairing") add(fom_name("", item), "two activities have no single cost");
    if (item.at("kind") == "regime") add(fom_name("", item), "a point of the regime map is judged by the map");
  }
  for (const Json& pipeline : result.document.at("pipelines"))
    for (const Json& arm : pipeline.at("arms"))
      if (arm.contains("energy_modelled"))
        add(fom_name("pipeline", pipeline) + "." + arm_text(arm) + ".energy_modelled",
            "modelled, not measured: never compared");
}

Json pair_json(const Compared& a, const Compared& b, const std::vector<std::string>& headline) {
  const std::vector<Evidence> first = evidence_of(a.document), second = evidence_of(b.document);
  const std::vector<Match> matches = matched(first, second, {a.label, b.label});
  Json counts = Json::object();
  for (const Finding finding : kFindings) counts[finding_word(finding)] = 0;
  Json decided = Json::array(), exploratory = Json::array(), refused = Json::array();
  std::size_t family = 0;
  for (const Row& row : rows_of(matches, headline, same_ground(a, b))) {
    const Json json = row_json(row, delta_of(row.match.a->kind, a, b));
    (row.headline ? decided : exploratory).push_back(json);
    family += row.corrected ? 1 : 0;
    if (!row.headline) continue;
    Json& count = counts[json.at("verdict").get<std::string>()];
    count = count.get<int>() + 1;
  }
  for (const Match& match : matches) add_refused(match, refused);
  for (const Compared* one : {&a, &b}) add_never(*one, refused);
  return {{"a", a.label},
          {"b", b.label},
          {"counts", counts},
          {"family", family},
          {"delta", {{"kernel", delta_of(Kind::kernel, a, b)}, {"pipeline", delta_of(Kind::pipeline, a, b)}}},
          {"headline", decided},
          {"exploratory", exploratory},
          {"refused", refused}};
}

// What the pages draw of a result by itself: points under its roofs, and phases of its arms.
Json result_json(const Compared& result) {
  const Json &run = result.document.at("run"), &machine = result.document.at("machine");
  Json points = Json::array(), phases = Json::array();
  for (const Json& kernel : result.document.at("kernels")) {
    const Json& facts = member(kernel, "facts");
    if (facts.is_null() || !kernel.at("value").is_number() || kernel.at("unit") == "s") continue;
    points.push_back({{"title", case_title(kernel)},
                      {"value", kernel.at("value")},
                      {"unit", kernel.at("unit")},
                      {"flops", facts.at("flops")},
                      {"bytes", facts.at("bytes")}});
  }
  for (const Json& pipeline : result.document.at("pipelines"))
    for (const Json& arm : pipeline.at("arms"))
      if (arm.contains("phases") && arm.at("ttis").at("value").is_number())
        phases.push_back({{"title", case_title(pipeline) + ", " + arm_words(arm_text(arm))},
                          {"seconds", arm.at("ttis").at("value")},
                          {"phases", arm.at("phases")}});
  return {{"label", result.label},
          {"folder", result.folder},
          {"root", result.root},
          {"config", run.at("config")},
          {"class", run.at("class")},
          {"status", run.at("status")},
          {"reasons", run.at("reasons")},
          {"started", run.at("started")},
          {"launches", run.at("launches")},
          {"cpu", machine.at("cpu")},
          {"cores", machine.at("cores")},
          {"aa", result.aa ? Json{{"kernel", result.aa->kernel}, {"pipeline", result.aa->pipeline}} : Json(nullptr)},
          {"limits", result.document.at("limits")},
          {"points", points},
          {"phases", phases}};
}

Json scores_json(const std::vector<Compared>& results, const Compared& reference) {
  const std::vector<Evidence> base = evidence_of(reference.document);
  Json of = Json::array();
  for (const Compared& result : results) {
    const std::vector<Evidence> own = evidence_of(result.document);
    of.push_back({{"label", result.label},
                  {"time", score_of(base, own, "ttis", result.label)},
                  {"energy", score_of(base, own, "energy_to_solution", result.label)}});
  }
  return {{"reference", {{"label", reference.label}, {"folder", reference.folder}, {"root", reference.root}}},
          {"of", of}};
}

}  // namespace

Json comparison_of(const std::vector<Compared>& results, const Compared* reference) {
  std::vector<Setting> settings;
  Json told = Json::array(), pairs = Json::array();
  for (const Compared& result : results) {
    settings.push_back({&result.document, &result.plan});
    told.push_back(result_json(result));
  }
  const std::vector<std::string> headline = headline_of(results.front().plan);
  for (std::size_t i = 1; i < results.size(); ++i) pairs.push_back(pair_json(results.front(), results[i], headline));
  return {{"schema", "tandem-comparison/1"},
          {"results", told},
          {"headline", {{"named", results.front().plan.contains("headline")}, {"figures", headline}}},
          {"comparisons", pairs},
          {"scores", scores_json(results, reference == nullptr ? results.front() : *reference)},
          {"settings", settings_side_by_side(settings)},
          {"limits", limits_side_by_side(settings)},
          {"figures", figures_side_by_side(settings)}};
}

Outcomes outcomes_of(const Json& comparison) {
  Outcomes outcomes;
  for (const Json& pair : comparison.at("comparisons")) {
    outcomes.compared += pair.at("headline").size() + pair.at("exploratory").size();
    for (const Json& row : pair.at("headline")) outcomes.decided += row.at("verdict") == "INCONCLUSIVE" ? 0 : 1;
  }
  return outcomes;
}

}  // namespace tandem
