// The noise guards of a case over its launches.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "harness/measure/noise.hpp"
#include "harness/result/derive_parts.hpp"

namespace tandem {
namespace {

// Of one check over the launches: one that was judged before one that was not, then the largest value.
bool worse(const Json& a, const Json& b) {
  const Json &left = a.at("value"), &right = b.at("value");
  if (left.is_null() || right.is_null()) return !left.is_null() && right.is_null();
  return left.get<double>() > right.get<double>();
}

}  // namespace

Json judge_noise_of(const std::vector<const LaunchRecord*>& launches, std::span<const double> seconds, Status& status) {
  std::vector<Json> records;
  for (const LaunchRecord* launch : launches)
    for (const Json& record : launch->of("noise")) records.push_back(record);
  if (!seconds.empty()) {
    std::vector<Reason> over = judge_noise({}, {}, seconds, false);  // of the readings nothing: these are the launches'
    std::erase_if(over, [](const Reason& reason) { return reason.check != "spread" && reason.check != "trend"; });
    records.push_back(noise_record(over));
  }
  Json worst = Json::array();
  std::map<std::string, std::vector<double>> canaries;  // of each one reading a launch, between before and after
  for (const Json& record : records)
    for (const Json& check : record.at("checks")) {
      if (check.contains("seconds"))
        canaries[check.at("check")].push_back(median(check.at("seconds").get<std::vector<double>>()));
      const auto known = std::find_if(worst.begin(), worst.end(),
                                      [&](const Json& other) { return other.at("check") == check.at("check"); });
      if (known == worst.end())
        worst.push_back(check);
      else if (worse(check, *known))
        *known = check;
    }
  for (Json& check : worst)
    if (const auto readings = canaries.find(check.at("check")); readings != canaries.end())
      check["seconds"] = readings->second;
  for (const Json& check : worst)
    if (check.at("unstable").get<bool>()) status.add("UNSTABLE", check.at("text"));
  return worst;
}

}  // namespace tandem
