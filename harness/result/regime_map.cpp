#include "harness/result/regime_map.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/result/break_even.hpp"
#include "harness/result/format.hpp"

namespace tandem {
namespace {

double between(double a, double b, double share) { return std::exp(std::log(a) + share * std::log(b / a)); }

// `position`: 1.5 is half way, in logarithms, from point 1 to point 2.
Place place_at(const std::vector<RegimePoint>& sweep, double position) {
  const auto i = std::min(static_cast<std::size_t>(position), sweep.size() - 2);
  const double share = position - static_cast<double>(i);
  const Place &a = sweep[i].at, &b = sweep[i + 1].at;
  return {between(a.flops_per_byte, b.flops_per_byte, share), between(a.bytes_per_second, b.bytes_per_second, share)};
}

std::string place_words(const Place& place) {
  return fmt::format("{} flop/B, {}", format_number(place.flops_per_byte),
                     format_quantity(place.bytes_per_second, "B/s"));
}

}  // namespace

std::vector<LevelCrossing> level_crossings(const std::vector<RegimePoint>& sweep, double level) {
  std::vector<LevelCrossing> found;
  if (sweep.size() < 2) return found;
  std::vector<SweepPoint> points;
  for (std::size_t i = 0; i < sweep.size(); ++i) {
    points.push_back({static_cast<double>(i), sweep[i].speedup / level, std::nullopt});
    if (sweep[i].ci) points.back().ci = Interval{sweep[i].ci->low / level, sweep[i].ci->high / level};
  }
  for (const BreakEven& crossing : crossings(points)) {
    LevelCrossing one;
    one.after = std::min(static_cast<std::size_t>(crossing.at), sweep.size() - 2);
    one.at = place_at(sweep, crossing.at);
    if (crossing.ci) one.ci = {place_at(sweep, crossing.ci->low), place_at(sweep, crossing.ci->high)};
    found.push_back(one);
  }
  return found;
}

std::string level_words(const std::vector<RegimePoint>& sweep, double level) {
  std::string words;
  for (const LevelCrossing& crossing : level_crossings(sweep, level)) {
    words += (words.empty() ? "" : " and ") + place_words(crossing.at);
    if (crossing.ci)
      words += fmt::format(" (CI95 {} to {})", place_words((*crossing.ci)[0]), place_words((*crossing.ci)[1]));
  }
  if (!words.empty()) return fmt::format("S_c = {} at {}", level, words);
  if (sweep.empty()) return "";
  const auto [low, high] = std::minmax_element(sweep.begin(), sweep.end(),
                                               [](const auto& a, const auto& b) { return a.speedup < b.speedup; });
  return fmt::format("S_c = {} not reached: {:.2f} to {:.2f}", level, low->speedup, high->speedup);
}

std::string region_of(double speedup) {
  if (speedup < regime_levels[0]) return "below 1.1";
  if (speedup < regime_levels[1]) return "1.1 to 2";
  return speedup < regime_levels[2] ? "2 to 3" : "3 and more";
}

}  // namespace tandem
