#include "harness/decide/series.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

namespace tandem {
namespace {

using Found = std::pair<std::size_t, const NightFigure*>;  // the night, and its figure

void compare(const Json& before, const Json& after, const std::string& path, std::vector<std::string>& found) {
  if (before == after) return;
  if (before.is_object() && after.is_object()) {
    std::set<std::string> keys;
    for (const auto& item : before.items()) keys.insert(item.key());
    for (const auto& item : after.items()) keys.insert(item.key());
    for (const std::string& key : keys)
      compare(before.contains(key) ? before.at(key) : Json(nullptr),
              after.contains(key) ? after.at(key) : Json(nullptr), path.empty() ? key : path + "/" + key, found);
    return;
  }
  const auto text = [](const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); };
  found.push_back(fmt::format("{}: {} -> {}", path, text(before), text(after)));
}

// Why a night's figure is not comparable with the one before; "" = it is.
std::string break_between(const History& history, const Found& before, const Found& after) {
  const Night& from = history.newest[before.first];
  const Night& to = history.newest[after.first];
  if (from.fingerprint != to.fingerprint) {
    std::vector<std::string> found;
    compare(from.machine, to.machine, "", found);
    return fmt::format("another machine: {}", fmt::join(found, "; "));
  }
  if (before.second->identity != after.second->identity)
    return fmt::format("another case under the same name: {} -> {}", before.second->identity, after.second->identity);
  return "";
}

// The night with which the series starts anew because a person accepted it, and the reason that was given.
std::pair<std::size_t, std::string> accepted_start(const History& history, const std::string& fom) {
  std::size_t start = 0;
  std::string reason;
  for (const Accepted& accepted : history.accepted) {
    const auto since = accepted.since.find(fom);
    if (since == accepted.since.end()) continue;
    const auto night = std::lower_bound(history.newest.begin(), history.newest.end(), since->second,
                                        [](const Night& one, const std::string& name) { return one.name < name; });
    const auto at = static_cast<std::size_t>(night - history.newest.begin());
    if (at < start) continue;
    start = at;
    reason = accepted.reason;
  }
  return {start, reason};
}

// `reference`: the newest night of the newest night's machine that knows the figure.
Series series_of(const History& history, const std::vector<Found>& found, const Found& reference) {
  const auto& [newest, figure] = reference;
  Series series{figure->fom, figure->path, figure->kind, figure->unit, {}, {}, {}, "", ""};
  if (newest + 1 == history.newest.size()) {
    series.newest_status = figure->status;
    series.newest_reason = figure->reason;
  }
  const auto [start, reason] = accepted_start(history, figure->fom);
  if (start > 0 && start < history.newest.size()) series.boundaries.push_back({start, "accepted: " + reason});
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto& [night, one] = found[i];
    const bool own = history.newest[night].fingerprint == history.newest[newest].fingerprint &&
                     one->identity == figure->identity && night >= start;
    if (i > 0)
      if (const std::string why = break_between(history, found[i - 1], found[i]); !why.empty())
        series.boundaries.push_back({night, why});
    if (!one->ln_median) continue;
    const auto [low, high] = std::minmax_element(one->costs.begin(), one->costs.end());
    series.points.push_back({night, *one->ln_median, one->costs.empty() ? std::exp(*one->ln_median) : *low,
                             one->costs.empty() ? std::exp(*one->ln_median) : *high, one->costs.size(),
                             one->status == "UNSTABLE", own});
    if (own)
      for (const auto& [name, value] : one->counts) series.counts[name].emplace_back(night, value);
  }
  return series;
}

}  // namespace

std::vector<const SeriesPoint*> Series::own() const {
  std::vector<const SeriesPoint*> found;
  for (const SeriesPoint& point : points)
    if (point.own) found.push_back(&point);
  return found;
}

std::vector<Series> series_of(const History& history) {
  std::vector<Series> all;
  if (history.newest.empty()) return all;
  std::vector<std::string> order;
  std::map<std::string, Found> references;
  std::map<std::string, std::vector<Found>> found;
  for (std::size_t i = history.newest.size(); i-- > 0;)  // the newest night first: its order leads
    for (const NightFigure& figure : history.newest[i].figures) {
      found[figure.fom].emplace_back(i, &figure);
      if (history.newest[i].fingerprint == history.newest.back().fingerprint &&
          references.try_emplace(figure.fom, i, &figure).second)
        order.push_back(figure.fom);
    }
  for (const std::string& fom : order) {
    std::vector<Found>& nights = found.at(fom);
    std::reverse(nights.begin(), nights.end());
    all.push_back(series_of(history, nights, references.at(fom)));
  }
  return all;
}

std::vector<std::string> differences_of(const Night& before, const Night& after) {
  std::vector<std::string> found;
  compare(before.program, after.program, "", found);
  compare(before.config, after.config, "config", found);
  compare(before.machine, after.machine, "", found);
  return found;
}

}  // namespace tandem
