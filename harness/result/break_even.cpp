#include "harness/result/break_even.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace tandem {
namespace {

// Where a line from (x0, y0) to (x1, y1) is zero; nothing where it does not change sign.
std::optional<double> root(double x0, double y0, double x1, double y1) {
  if ((y0 < 0) == (y1 < 0) || y0 == y1) return std::nullopt;
  return x0 - y0 * (x1 - x0) / (y1 - y0);
}

// The places around `at` at which the joined intervals hold 0: from there outwards to the first end of either.
Interval around(const std::vector<SweepPoint>& points, double at) {
  Interval interval{points.front().at, points.back().at};
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    const SweepPoint &a = points[i], &b = points[i + 1];
    for (const auto& [from, to] : {std::pair{a.ci->low, b.ci->low}, {a.ci->high, b.ci->high}})
      if (const auto end = root(a.at, std::log(from), b.at, std::log(to))) {
        if (*end <= at) interval.low = std::max(interval.low, *end);
        if (*end >= at) interval.high = std::min(interval.high, *end);
      }
  }
  return interval;
}

}  // namespace

std::vector<BreakEven> crossings(const std::vector<SweepPoint>& points) {
  const bool judged = std::all_of(points.begin(), points.end(), [](const SweepPoint& p) { return p.ci.has_value(); });
  std::vector<BreakEven> found;
  const auto add = [&](double at) { found.push_back({at, judged ? std::optional(around(points, at)) : std::nullopt}); };
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].ratio == 1) add(points[i].at);
    if (i + 1 == points.size() || points[i].ratio == 1 || points[i + 1].ratio == 1) continue;
    if (const auto at = root(points[i].at, std::log(points[i].ratio), points[i + 1].at, std::log(points[i + 1].ratio)))
      add(*at);
  }
  return found;
}

std::string break_even_words(const std::vector<SweepPoint>& points) {
  if (points.empty()) return "";
  std::string words;
  for (const BreakEven& crossing : crossings(points)) {
    words += fmt::format("{}break-even where {:.2f} of the cores simulate", words.empty() ? "" : "; ", crossing.at);
    if (crossing.ci) words += fmt::format(", CI95 [{:.2f}, {:.2f}]", crossing.ci->low, crossing.ci->high);
  }
  if (!words.empty()) return words;
  return fmt::format("no crossing in [{:.2f}, {:.2f}]; winner = {}", points.front().at, points.back().at,
                     points.front().ratio < 1 ? "split" : "in_memory");
}

}  // namespace tandem
