// From measured points to a map: sweeps, where S_c passes 1.1, 2 and 3 along them, and what that says of the claim.
#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/result/derive_regime.hpp"
#include "harness/result/regime_map.hpp"

namespace tandem {
namespace {

bool is_number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool is_measured(const Json& point) {
  for (const char* key : {"flops_per_byte", "simulated_byte_rate", "speedup"})
    if (!point.at(key).at("value").is_number()) return false;
  return true;
}

RegimePoint point_of(const Json& point) {
  RegimePoint found{{point.at("flops_per_byte").at("value"), point.at("simulated_byte_rate").at("value")},
                    point.at("speedup").at("value"),
                    std::nullopt};
  if (const Json& ci = point.at("speedup").at("ci95"); ci.is_array()) found.ci = Interval{ci.at(0), ci.at(1)};
  return found;
}

Json place_json(const Place& place) { return {place.flops_per_byte, place.bytes_per_second}; }

// "heat size=L fidelity=coarse consumer=monitor"
std::string title_of(const Json& point, const std::string& without) {
  std::string title = point.at("pipeline");
  for (const auto& [key, value] : point.at("settings").items())
    if (key != without) title += fmt::format(" {}={}", key, value.get<std::string>());
  return title;
}

Json sweep_json(const Json& points, const std::string& along, const std::vector<std::size_t>& members) {
  std::vector<RegimePoint> sweep;
  sweep.reserve(members.size());
  for (const std::size_t i : members) sweep.push_back(point_of(points[i]));
  Json crossings = Json::array();
  std::string text;
  for (const double level : regime_levels) {
    for (const LevelCrossing& crossing : level_crossings(sweep, level))
      crossings.push_back(
          {{"level", level},
           {"between", {members[crossing.after], members[crossing.after + 1]}},
           {"at", place_json(crossing.at)},
           {"ci95", crossing.ci ? Json{place_json((*crossing.ci)[0]), place_json((*crossing.ci)[1])} : Json(nullptr)}});
    text += (text.empty() ? "" : "; ") + level_words(sweep, level);
  }
  const std::string fixed = title_of(points[members.front()], along);
  return {{"along", along},
          {"fixed", fixed},
          {"points", members},
          {"crossings", crossings},
          {"text", fmt::format("along {} of {}: {}", along, fixed, text)}};
}

// Points of which all settings but one are the same; a hidden setting that is not there has its usual value.
Json sweeps_of(const Json& points) {
  std::set<std::string> keys;
  for (const Json& point : points)
    for (const auto& [key, value] : point.at("settings").items()) keys.insert(key);
  Json sweeps = Json::array();
  for (const std::string& key : keys) {
    std::vector<std::pair<std::string, std::vector<std::size_t>>> groups;  // in the plan's order
    for (std::size_t i = 0; i < points.size(); ++i) {
      const std::string value = points[i].at("settings").value(key, "0");
      if (!is_measured(points[i]) || (key != "size" && !is_number(value))) continue;
      const std::string rest = fmt::format("{}, {} x {}", title_of(points[i], key), points[i].at("ranks").dump(),
                                           points[i].at("threads").dump());
      const auto known =
          std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return group.first == rest; });
      if (known == groups.end())
        groups.push_back({rest, {i}});
      else
        known->second.push_back(i);
    }
    for (const auto& [rest, members] : groups)
      if (members.size() > 1) sweeps.push_back(sweep_json(points, key, members));
  }
  return sweeps;
}

// Where the claim holds, in words: the range of the points that support it.
Json claim_json(const Json& points) {
  std::map<std::string, std::size_t> verdicts;
  std::size_t all = 0;
  bool intervals = false;
  double most_work = 0, least_rate = std::numeric_limits<double>::infinity();
  for (const Json& point : points) {
    if (!is_measured(point)) continue;
    ++all;
    intervals = intervals || point.at("speedup").at("ci95").is_array();
    const std::string verdict = point.at("claim").at("verdict");
    ++verdicts[verdict];
    if (verdict != "supported") continue;
    most_work = std::max(most_work, point.at("flops_per_byte").at("value").get<double>());
    least_rate = std::min(least_rate, point.at("simulated_byte_rate").at("value").get<double>());
  }
  const std::size_t supported = verdicts["supported"];
  const bool refuted = all > 0 && verdicts["not supported"] == all;
  std::string text = "3-10x: ";
  if (supported > 0)
    text += fmt::format("supported at {} of {} points measured, none of them above {:.3g} flop/B or below {:.3g} B/s",
                        supported, all, most_work, least_rate);
  else
    text += refuted ? "not supported at any point measured" : "supported at no point measured";
  for (const char* other : {"not supported", "start-up dominated", "inconclusive"})
    if (verdicts[other] > 0 && !refuted) text += fmt::format("; {} at {}", other, verdicts[other]);
  if (verdicts["inconclusive"] > 0 && !intervals) text += " (fewer than 6 launches have no interval)";
  const char* verdict = supported > 0 ? "supported in a region" : refuted ? "not supported" : "inconclusive";
  return {{"verdict", verdict}, {"text", text}};
}

std::string regions_text(const Json& points) {
  std::map<std::string, std::size_t> count;
  std::size_t shown = 0;
  for (const Json& point : points)
    if (point.at("region").is_string()) {
      ++count[point.at("region").get<std::string>()];
      ++shown;
    }
  std::string text = fmt::format("integrated over separated, {} points:", shown);
  for (const char* region : {"below 1.1", "1.1 to 2", "2 to 3", "3 and more"})
    text += fmt::format("{} {} at {}", std::string(region) == "below 1.1" ? "" : ",", region, count[region]);
  return text;
}

}  // namespace

Json regime_map(const Json& points) {
  if (points.empty()) return nullptr;
  return {
      {"points", points}, {"sweeps", sweeps_of(points)}, {"text", regions_text(points)}, {"claim", claim_json(points)}};
}

}  // namespace tandem
