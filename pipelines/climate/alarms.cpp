#include "pipelines/climate/alarms.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tandem::pipelines {
namespace {

constexpr double missed_limit = 0.1, false_limit = 0.1, hour_limit = 6;

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 1 : static_cast<double>(part) / static_cast<double>(whole);
}

double median(std::vector<double> all) {
  if (all.empty()) return std::numeric_limits<double>::infinity();
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  return *middle;
}

}  // namespace

ClimateBreak climate_break(std::span<const float> curve) {
  ClimateBreak found;
  constexpr double hours = climate_interval / 3600;
  for (std::size_t k = 0; k < curve.size(); ++k) {
    const auto now = static_cast<double>(curve[k]);
    if (!std::isfinite(now)) return {climate_no_forecast, climate_never};
    found.peak = std::max(found.peak, now);
    if (now <= climate_broken || found.hour < climate_never) continue;
    const double before = k == 0 ? 0 : static_cast<double>(curve[k - 1]);
    found.hour = hours * (static_cast<double>(k) + (climate_broken - before) / (now - before));
  }
  return found;
}

double area_under_roc(std::span<const double> scores, std::span<const std::uint8_t> events) {
  double pairs = 0, won = 0;
  for (std::size_t i = 0; i < scores.size(); ++i)
    for (std::size_t j = 0; j < scores.size(); ++j) {
      if (events[i] == 0 || events[j] != 0) continue;
      ++pairs;
      if (scores[i] > scores[j]) won += 1;
      if (scores[i] == scores[j]) won += 0.5;
    }
  return pairs > 0 ? won / pairs : 0;
}

std::vector<Verdict> climate_verdicts(std::span<const ClimateAudit> audits) {
  std::vector<std::uint8_t> events;
  std::vector<double> stated, hours;
  std::size_t breaking = 0, missed = 0, raised = 0, wrong = 0, silent = 0;
  for (const ClimateAudit& audit : audits) {
    const bool event = audit.truth.peak > climate_broken, alarm = audit.stated.peak > climate_broken;
    events.push_back(event ? 1 : 0);
    stated.push_back(audit.stated.peak);
    breaking += event ? 1 : 0;
    raised += alarm ? 1 : 0;
    missed += event && !alarm ? 1 : 0;
    wrong += alarm && !event ? 1 : 0;
    silent += audit.stated.peak >= 0 && audit.truth.peak >= 0 ? 0 : 1;  // a NaN as well
    if (event && alarm) hours.push_back(std::abs(audit.stated.hour - audit.truth.hour));
  }
  const double left = 1 - area_under_roc(stated, events);
  double least = 1;
  for (std::size_t c = 0; !audits.empty() && c < audits[0].competitors.size(); ++c) {
    std::vector<double> scores;
    for (const ClimateAudit& audit : audits) scores.push_back(audit.competitors[c]);
    least = std::min(least, 1 - area_under_roc(scores, events));
  }
  const std::size_t scarcer = std::min(breaking, audits.size() - breaking);
  const auto missing = climate_least_of_kind - std::min(scarcer, climate_least_of_kind);
  return {{"audited jets missing, of 20 that break and 20 that do not", static_cast<double>(missing), 0},
          {"jets without a forecast", static_cast<double>(silent), 0},
          {"1 - AUC of the alarms", left, 1 - climate_auc_limit},
          {"1 - AUC over half of the best competitor's", left == 0 ? 0 : left / (0.5 * least), 1},
          {"breaking jets without an alarm, share", share(missed, breaking), missed_limit},
          {"alarms without a break, share", share(wrong, raised), false_limit},
          {"error of the hour of breaking, median, h", median(hours), hour_limit}};
}

}  // namespace tandem::pipelines
