#include "harness/result/derive.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "harness/base/digest.hpp"
#include "harness/result/derive_energy.hpp"
#include "harness/result/derive_parts.hpp"
#include "harness/result/derive_placement.hpp"
#include "harness/result/derive_precision.hpp"
#include "harness/result/derive_regime.hpp"
#include "harness/result/prediction.hpp"
#include "harness/result/stop_rule.hpp"

namespace tandem {

double as_number(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json == "inf") return std::numeric_limits<double>::infinity();
  if (json == "-inf") return -std::numeric_limits<double>::infinity();
  return std::numeric_limits<double>::quiet_NaN();
}

Json ci_json(const std::optional<Interval>& ci) { return ci ? Json{ci->low, ci->high} : Json(nullptr); }

Json number_or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

std::string escape_value(const std::string& value) {
  std::string escaped = value;
  for (char& c : escaped)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '+' && c != '-') c = '_';
  return escaped;
}

std::string fom_name(const std::string& kind, const Json& item) {
  std::string name = (kind.empty() ? "" : kind + ".") + item.at("name").get<std::string>();
  for (char& c : name)
    if (c == '/') c = '.';
  for (const auto& [key, value] : item.at("settings").items())
    name += "." + key + "=" + escape_value(value.get<std::string>());
  name += ".device=" + item.value("device", "cpu");
  if (item.at("ranks") > 1) name += fmt::format(".ranks={}", item.at("ranks").get<int>());
  return name;
}

std::optional<double> Derivation::limit(const std::string& name) const {
  for (const Json& limit : limits)
    if (limit.at("name") == name && limit.at("value").is_number()) return limit.at("value").get<double>();
  return std::nullopt;
}

std::size_t Derivation::launches(const Json& item) const { return launches_needed(records, item).needed; }

void Derivation::fom(const std::string& name, Json value, const std::string& unit, const Json& ci95,
                     std::size_t launches, std::size_t samples, const Status& status, const std::string& reason) {
  std::string why = reason;
  if (!status.has_figure()) {
    value = nullptr;
    const Json reasons = status.reasons();
    for (const Json& item : reasons)
      if (item.at("status") == status.worst()) why = item.at("reason");
  }
  foms.push_back({{"name", name},
                  {"value", value},
                  {"unit", unit},
                  {"ci95", value.is_null() ? Json(nullptr) : ci95},
                  {"launches", launches},
                  {"samples", samples},
                  {"status", status.worst()},
                  {"reason", why.empty() ? Json(nullptr) : Json(why)}});
}

void Derivation::check_fact(const std::string& name, const Json& value, const Json& limit, bool pass) {
  checks.push_back({{"name", name}, {"value", value}, {"limit", limit}, {"pass", pass}});
}

void Derivation::check_verdicts(const std::string& name, const Json& verdicts) {
  std::vector<std::pair<std::string, const Json*>> shown;
  for (const Json& verdict : verdicts) {
    const std::string check = verdict.at("check");
    const auto known = std::find_if(shown.begin(), shown.end(), [&](const auto& one) { return one.first == check; });
    if (known == shown.end())
      shown.emplace_back(check, &verdict);
    else if (known->second->at("pass").get<bool>() && !verdict.at("pass").get<bool>())
      known->second = &verdict;
  }
  for (const auto& [check, verdict] : shown)
    check_fact(name + "." + check, verdict->at("value"), verdict->at("limit"), verdict->at("pass"));
}

// The best seen before, after and again: what the machine can do does not get worse by noise.
Json derive_limits(const Records& records) {
  Json limits = Json::array();
  for (const LaunchRecord& launch : records.launches) {
    if (launch.line.at("kind") != "limits") continue;
    for (const Json& record : launch.of("limit")) {
      const std::string name = record.at("name");
      const bool link = name.starts_with("ping_pong");
      if (launch.line.at("ranks") > 1 && !link) continue;  // only the links differ with the number of ranks
      Json* known = nullptr;
      for (Json& limit : limits)
        if (limit.at("name") == name) known = &limit;
      if (known == nullptr) {
        limits.push_back({{"name", name},
                          {"value", nullptr},
                          {"unit", record.at("unit")},
                          {"before", nullptr},
                          {"after", nullptr},
                          {"note", ""},
                          {"reason", record.at("reason")}});
        known = &limits.back();
      }
      if (!record.at("value").is_number()) continue;
      const double value = record.at("value");
      const bool lower_is_better = (*known)["unit"] == "s";
      if ((*known)["value"].is_null() ||
          (lower_is_better ? value < (*known)["value"].get<double>() : value > (*known)["value"].get<double>())) {
        (*known)["value"] = value;
        (*known)["note"] = record.at("note");
        (*known)["reason"] = nullptr;
      }
      const std::string when = launch.line.at("when");
      if (when != "again") (*known)[when] = value;
    }
  }
  return limits;
}

namespace {

Status common_status(const Records& records) {
  Status status;
  const std::string run_class = records.plan.at("class");
  if (run_class == "quick" || run_class == "standard") {
    const int launches = records.plan.at("launches");
    status.add("UNOFFICIAL", fmt::format("class {} ({} launch{})", run_class, launches, launches == 1 ? "" : "es"));
  }
  if (records.machine.value("virtual", false)) status.add("UNOFFICIAL", "virtual machine");
  if (const auto shared = records.machine.find("shared"); shared != records.machine.end() && shared->is_string())
    status.add("UNOFFICIAL", "shared node: " + shared->get<std::string>());
  const Json& program = records.machine.at("tandem");
  if (program.at("dirty").get<bool>()) status.add("UNOFFICIAL", "the program was built from uncommitted changes");
  // What was dropped was measured again; but nobody can tell a power cut from a launch that somebody did not like.
  for (const Json& what : records.dropped)
    status.add("UNOFFICIAL", "repaired when the run went on: dropped " + what.get<std::string>());
  return status;
}

// Of the run's time, what was neither a worker's start nor a state of a worker nor a rest that idle power is taken in.
Json outside_work(const Records& records, double total) {
  double inside = 0;
  for (const LaunchRecord& launch : records.launches) {
    double last = launch.line.at("begin");
    for (const Json& record : launch.line.at("records"))
      if (record.at("record") == "interval")
        last = std::max(last, record.at("begin").get<double>() + record.at("seconds").get<double>());
    inside += last - launch.line.at("begin").get<double>();
  }
  for (const Json& rest : records.idle) inside += rest.at("seconds").get<double>();
  return {{"seconds", total - inside}, {"share", (total - inside) / total}};
}

void add_limit_foms(Derivation& derivation) {
  for (const Json& limit : derivation.limits)
    derivation.fom("limit." + limit.at("name").get<std::string>(), limit.at("value"), limit.at("unit"), nullptr, 1, 1,
                   derivation.common, limit.at("value").is_null() ? limit.at("reason").get<std::string>() : "");
}

Json run_json(const Records& records, const Status& status, const Json& reasons) {
  const double seconds = records.run.is_null() ? 0 : records.run.at("seconds").get<double>();
  int threads = 1;
  for (const Json& item : records.plan.at("cases")) threads = std::max(threads, item.at("threads").get<int>());
  return {{"class", records.plan.at("class")},
          {"config", sha256(records.plan.dump()).substr(0, 12)},
          {"started", records.run.is_null() ? Json(nullptr) : records.run.at("started")},
          {"seconds", seconds},
          {"interrupted", records.run.is_null() || records.run.at("interrupted").get<bool>()},
          {"status", status.worst()},
          {"reasons", reasons},
          {"outside_work", seconds > 0 ? outside_work(records, seconds) : Json(nullptr)},
          {"threads", threads},
          {"launches", records.plan.at("launches")},
          {"idle_power", idle_power_json(records)},
          {"sampler", records.run.is_null() ? Json(nullptr) : records.run.value("sampler", Json(nullptr))}};
}

}  // namespace

Json derive(const Records& records) {
  Derivation derivation{records, common_status(records), derive_limits(records)};
  add_limit_foms(derivation);
  Json kernels = Json::array(), pipelines = Json::array(), pairings = Json::array(), points = Json::array();
  Json reasons = Json::array();
  Status status = derivation.common;
  for (const LaunchRecord& launch : records.launches)
    if (launch.line.at("kind") == "limits" && launch.failed()) {
      status.add("FAILED", "limits of the machine: " + launch.failure());
      reasons.push_back(
          {{"case", nullptr}, {"status", "FAILED"}, {"reason", "limits of the machine: " + launch.failure()}});
    }
  for (const Json& reason : derivation.common.reasons())
    reasons.push_back({{"case", nullptr}, {"status", reason.at("status")}, {"reason", reason.at("reason")}});
  for (const Json& item : records.plan.at("cases")) {
    const std::string kind = item.at("kind");
    const Json result = kind == "kernel"    ? derive_kernel(derivation, item)
                        : kind == "pairing" ? derive_pairing(derivation, item)
                        : kind == "regime"  ? derive_regime_point(derivation, item)
                                            : derive_pipeline(derivation, item);
    (kind == "kernel"    ? kernels
     : kind == "pairing" ? pairings
     : kind == "regime"  ? points
                         : pipelines)
        .push_back(result);
    if (result.at("status") == "SKIPPED") continue;
    for (const Json& reason : result.at("reasons")) {
      Status one;
      one.add(reason.at("status"), reason.at("reason"));
      status.add(one);
      bool common = false;
      for (const Json& known : derivation.common.reasons()) common = common || known == reason;
      if (!common)
        reasons.push_back(
            {{"case", item.at("case")}, {"status", reason.at("status")}, {"reason", reason.at("reason")}});
    }
  }
  for (const Json& item : records.plan.at("cases"))  // only now are all kernels judged
    for (Json& pipeline : pipelines)
      if (item.at("kind") == "pipeline" && pipeline.at("case") == item.at("case"))
        pipeline["prediction"] = prediction_json(derivation, item, kernels, pipeline);
  const Json balances = precision_balance_json(derivation, pipelines);
  // The worst first: a reader of the first line learns why.
  std::stable_sort(reasons.get_ref<Json::array_t&>().begin(), reasons.get_ref<Json::array_t&>().end(),
                   [](const Json& a, const Json& b) { return severity(a.at("status")) > severity(b.at("status")); });
  return {{"schema", "tandem-result/1"},
          {"tandem", records.machine.at("tandem")},
          {"run", run_json(records, status, reasons)},
          {"machine", records.machine},
          {"limits", derivation.limits},
          {"kernels", kernels},
          {"pipelines", pipelines},
          {"pairings", pairings},
          {"precision_balance", balances},
          {"size_placements", size_placements_json(pipelines)},
          {"regime", regime_map(points)},
          {"foms", derivation.foms},
          {"checks", derivation.checks}};
}

std::vector<std::size_t> above_limit(const Records& records, const Json& document) {
  std::set<std::string> done;
  for (const LaunchRecord& launch : records.launches) done.insert(launch.line.at("id").get<std::string>());
  std::vector<std::size_t> items;
  const Json& cases = records.plan.at("cases");
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const bool begun = done.contains(fmt::format("limits.again.{}", i));
    bool complete = begun;  // not so where an interruption came in between
    for (const Json& job : records.plan.at("jobs"))
      if (job.at("kind") == "kernel" && job.at("item") == i && done.contains(job.at("id").get<std::string>()))
        complete = complete && done.contains(job.at("id").get<std::string>() + ".again");
    bool above = begun;
    for (const Json& kernel : document.at("kernels"))
      if (kernel.at("case") == cases[i].at("case") && !kernel.at("of_limit").is_null())
        above = above || kernel.at("of_limit").at("fraction") > 1.05;
    if (above && !complete) items.push_back(i);
  }
  return items;
}

Json chrome_trace(const Json& document) {
  Json events = Json::array();
  int process = 0;
  for (const Json& pipeline : document.at("pipelines")) {
    std::string arm;
    for (const Json& stay : pipeline.at("timeline")) {
      if (stay.at("arm") != arm) {
        arm = stay.at("arm");
        events.push_back({{"name", "process_name"},
                          {"ph", "M"},
                          {"pid", ++process},
                          {"args", {{"name", pipeline.at("name").get<std::string>() + " " + arm}}}});
      }
      events.push_back({{"name", stay.at("state")},
                        {"ph", "X"},
                        {"pid", process},
                        {"tid", stay.at("rank")},
                        {"ts", 1e6 * stay.at("begin").get<double>()},
                        {"dur", 1e6 * stay.at("seconds").get<double>()}});
    }
  }
  return {{"displayTimeUnit", "ms"}, {"traceEvents", events}};
}

}  // namespace tandem
