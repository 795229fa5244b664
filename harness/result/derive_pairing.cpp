#include "harness/result/derive_pairing.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace tandem {
namespace {

Json judge(const std::vector<const LaunchRecord*>& launches, std::size_t planned, Status& status) {
  Json verdicts = Json::array();
  if (launches.size() < planned)
    status.add("FAILED", fmt::format("{} of {} launches were run", launches.size(), planned));
  for (const LaunchRecord* launch : launches) {
    if (launch->failed()) status.add("FAILED", launch->failure());
    for (const Json& record : launch->of("unstable")) status.add("UNSTABLE", record.at("reason"));
    for (const Json& record : launch->of("verdict")) {
      const Json verdict = judge_verdict(record, status);
      if (launch == launches.front() || !verdict.at("pass").get<bool>()) verdicts.push_back(verdict);
    }
  }
  return verdicts;
}

}  // namespace

Json PairingCase::figure(const std::string& what, const std::vector<double>& values, const std::string& unit,
                         std::size_t samples, const std::string& reason) const {
  const bool shown = status.has_figure() && skipped.empty() && !values.empty();
  std::string why = skipped.empty() ? reason : "skipped: " + skipped;
  if (why.empty() && !shown) why = "not measured";
  const Json value = shown ? Json(median(values)) : Json(nullptr);
  const Json ci = shown ? ci_json(median_ci(values)) : Json(nullptr);
  derivation.fom(fom_name("", item) + "." + what, value, unit, ci, values.size(), samples, status, shown ? "" : why);
  return {{"value", value}, {"unit", unit}, {"ci95", ci}, {"reason", shown ? Json(nullptr) : Json(why)}};
}

std::vector<double> beats_inside(const Json& record, double end) {
  const auto ends = record.at("ends").get<std::vector<double>>();
  const auto batch = record.at("batch").get<double>();
  std::vector<double> seconds;
  for (std::size_t i = 1; i < ends.size() && ends[i] <= end; ++i) seconds.push_back((ends[i] - ends[i - 1]) / batch);
  if (seconds.size() < 3) seconds.clear();
  return seconds;
}

Json derive_pairing(Derivation& derivation, const Json& item) {
  const std::string path = item.at("case"), name = item.at("name");
  auto launches = derivation.records.launches_of(path);
  Status status = derivation.common;
  std::string skipped;
  for (const LaunchRecord* launch : launches) skipped = launch->skipped();
  const Json verdicts = judge(launches, derivation.records.plan.at("launches"), status);
  std::erase_if(launches, [](const LaunchRecord* launch) { return launch->samples.empty(); });
  if (skipped.empty() && status.has_figure() && launches.empty()) status.add("FAILED", "nothing was timed");
  Json pairing = {{"case", path},
                  {"name", name},
                  {"settings", item.at("settings")},
                  {"activities", item.at("activities")},
                  {"ranks", item.at("ranks")},
                  {"threads", item.at("threads")},
                  {"verdicts", verdicts},
                  {"launches", launches.size()},
                  {"skipped", skipped.empty() ? Json(nullptr) : Json(skipped)}};
  const PairingCase one{derivation, item, launches, status, skipped};
  pairing[name] = name == "transition" ? derive_transition(one)
                  : name == "serving"  ? derive_serving(one)
                                       : derive_interference(one);
  pairing["status"] = skipped.empty() ? status.worst() : "SKIPPED";
  pairing["reasons"] = status.reasons();
  return pairing;
}

}  // namespace tandem
