// K8: M_ij = T(i while j loops beside it) / T(i alone on the same cores, j's share idle), from windows that follow one
// another; and whether running both beats taking turns.
#include <map>
#include <optional>

#include "harness/result/derive_pairing.hpp"
#include "harness/result/pairing_kpi.hpp"

namespace tandem {
namespace {

using Key = std::tuple<std::string, std::string, int>;  // of, with, side

// One launch: the median step of i in each window, M of each (i, j) and side.
std::map<Key, double> slowdowns_of(const LaunchRecord& launch, std::size_t& samples) {
  std::map<Key, double> alone, beside, ratios;
  for (const Json& record : launch.samples) {
    const auto seconds = beats_inside(record, record.at("seconds"));
    if (seconds.empty()) continue;
    samples += seconds.size();
    const Key key{record.at("of"), record.at("with"), record.at("side")};
    (record.at("window") == "alone" ? alone : beside)[key] = median(seconds);
  }
  for (const auto& [key, seconds] : beside)
    if (alone.contains(key)) ratios[key] = seconds / alone.at(key);
  return ratios;
}

std::string absence(const PairingCase& pairing, const std::string& i, const std::string& j) {
  for (const LaunchRecord* launch : pairing.launches)
    for (const Json& record : launch->of("absent"))
      for (const std::string& text : {i, j})
        if (record.at("activity") == text) return text + ": " + record.at("reason").get<std::string>();
  return "fewer than three samples in a window";
}

}  // namespace

Json derive_interference(const PairingCase& pairing) {
  const auto names = pairing.item.at("activities").get<std::vector<std::string>>();
  std::map<std::pair<std::string, std::string>, std::vector<double>> found;
  std::size_t samples = 0;
  for (const LaunchRecord* launch : pairing.launches) {
    std::map<std::pair<std::string, std::string>, std::vector<double>> sides;
    for (const auto& [key, ratio] : slowdowns_of(*launch, samples))
      sides[{std::get<0>(key), std::get<1>(key)}].push_back(ratio);
    for (const auto& [pair, ratios] : sides) found[pair].push_back(geometric_mean(ratios));  // i beside i: two sides
  }
  const std::size_t each = names.empty() ? 0 : samples / (names.size() * names.size());
  Json matrix = Json::array(), pairs = Json::array();
  for (const std::string& i : names) {
    Json row = Json::array();
    for (const std::string& j : names)
      row.push_back(pairing.figure("of=" + escape_value(i) + ".beside=" + escape_value(j) + ".slowdown", found[{i, j}],
                                   "1", each, found[{i, j}].empty() ? absence(pairing, i, j) : ""));
    matrix.push_back(row);
  }
  for (std::size_t i = 0; i < names.size(); ++i)
    for (std::size_t j = i; j < names.size(); ++j) {
      std::vector<double> gains;
      const auto &forth = found[{names[i], names[j]}], &back = found[{names[j], names[i]}];
      for (std::size_t k = 0; k < std::min(forth.size(), back.size()); ++k)
        gains.push_back(co_running_gain(forth[k], back[k]));
      const std::string what =
          "of=" + escape_value(names[i]) + ".beside=" + escape_value(names[j]) + ".co_running_gain";
      Json gain = pairing.figure(what, gains, "1", each, gains.empty() ? absence(pairing, names[i], names[j]) : "");
      gain["first"] = names[i];
      gain["second"] = names[j];
      gain["better"] = gain.at("value").is_null()             ? Json(nullptr)
                       : gain.at("value").get<double>() > 1.0 ? Json("side by side")
                                                              : Json("in turns");
      pairs.push_back(gain);
    }
  return {{"slowdown", matrix}, {"pairs", pairs}};
}

}  // namespace tandem
