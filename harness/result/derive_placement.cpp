#include "harness/result/derive_placement.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "harness/result/break_even.hpp"
#include "harness/result/format.hpp"

namespace tandem {
namespace {

// What a case hands over: the useful bytes of its arm in memory; nothing where that has no passing launch.
std::optional<double> handed_over(const Json& pipeline) {
  for (const Json& arm : pipeline.at("arms"))
    if (arm.at("arm") == "integrated" && arm.at("coupling") == "in_memory" && arm.at("handover") == "fp32" &&
        arm.at("design") == "fixed" && member(arm, "useful_bytes").is_number())
      return arm.at("useful_bytes").get<double>();
  return std::nullopt;
}

SweepPoint point_of(const Json& point, double at) {
  SweepPoint found{at, point.at("ratio"), std::nullopt};
  if (const Json& ci = point.at("ci95"); ci.is_array()) found.ci = Interval{ci.at(0), ci.at(1)};
  return found;
}

// "heat along size, concurrent 1+1 on 1 x 2 threads", with all settings but that one.
std::string title_of(const Json& pipeline, const std::string& along, const std::string& split) {
  std::string title = pipeline.at("name");
  for (const auto& [key, value] : pipeline.at("settings").items())
    if (key != along) title += fmt::format(" {}={}", key, value.get<std::string>());
  return fmt::format("{} along {}, concurrent {} on {} x {} threads", title, along, split, pipeline.at("ranks").dump(),
                     pipeline.at("threads").dump());
}

// One pipeline and split; points by rising bytes.
Json sweep_json(const std::string& title, Json points) {
  std::sort(points.begin(), points.end(), [](const Json& a, const Json& b) { return a.at("bytes") < b.at("bytes"); });
  std::vector<SweepPoint> sweep;
  for (const Json& point : points) sweep.push_back(point_of(point, std::log(point.at("bytes").get<double>())));
  const auto bytes = [](double at) { return format_quantity(std::exp(at), "B"); };
  const auto found = crossings(sweep);
  std::string text;
  for (const BreakEven& crossing : found) {
    text += fmt::format("{}break-even at {} handed over", text.empty() ? "" : "; ", bytes(crossing.at));
    if (crossing.ci) text += fmt::format(", CI95 [{}, {}]", bytes(crossing.ci->low), bytes(crossing.ci->high));
  }
  if (found.empty())
    text = fmt::format("no crossing from {} to {} handed over; winner = {}", bytes(sweep.front().at),
                       bytes(sweep.back().at), sweep.front().ratio < 1 ? "split" : "in_memory");
  Json ci = nullptr;
  if (!found.empty() && found.front().ci) ci = {std::exp(found.front().ci->low), std::exp(found.front().ci->high)};
  return {{"sweep", title},
          {"points", points},
          {"value", found.empty() ? Json(nullptr) : Json(std::exp(found.front().at))},
          {"ci95", ci},
          {"text", text}};
}

}  // namespace

Json size_placements_json(const Json& pipelines) {
  std::set<std::string> keys;
  for (const Json& pipeline : pipelines)
    for (const auto& [key, value] : pipeline.at("settings").items()) keys.insert(key);
  Json sweeps = Json::array();
  for (const std::string& along : keys) {
    std::vector<std::pair<std::string, Json>> groups;  // of cases alike in all but `along`, in the plan's order
    for (const Json& pipeline : pipelines) {
      const auto bytes = handed_over(pipeline);
      if (!bytes || pipeline.at("placement").is_null()) continue;
      for (const Json& point : pipeline.at("placement").at("points")) {
        const std::string title = title_of(pipeline, along, point.at("split"));
        auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& one) { return one.first == title; });
        if (group == groups.end()) group = groups.insert(groups.end(), {title, Json::array()});
        const bool known = std::any_of(group->second.begin(), group->second.end(),
                                       [&](const Json& other) { return other.at("bytes") == *bytes; });
        if (!known)  // else the setting is none of size
          group->second.push_back({{"case", pipeline.at("case")},
                                   {"bytes", *bytes},
                                   {"ratio", point.at("ratio")},
                                   {"ci95", point.at("ci95")}});
      }
    }
    for (const auto& [title, points] : groups)
      if (points.size() > 1) sweeps.push_back(sweep_json(title, points));
  }
  return sweeps;
}

}  // namespace tandem
