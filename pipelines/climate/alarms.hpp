// Alarms and how well they tell jets that break from others.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pipelines/climate/size.hpp"

namespace tandem::pipelines {

inline constexpr double climate_never = 102;              // h, stands for "not within the horizon"
inline constexpr double climate_no_forecast = -1;         // peak where the model gave no curve
inline constexpr double climate_auc_limit = 0.99;         // least area under the ROC curve of the alarms
inline constexpr std::size_t climate_least_of_kind = 20;  // audited jets that break, and that do not

// Largest s of a curve, and the hour at which s first exceeds climate_broken, linear between its points.
struct ClimateBreak {
  double peak = 0, hour = climate_never;
};
ClimateBreak climate_break(std::span<const float> curve);

// Area under the receiver operating characteristic: the share of pairs (event, other) in which the event has the higher
// score, ties counting half (Mann and Whitney 1947). 0 where one of the two kinds is missing: nothing was told apart.
double area_under_roc(std::span<const double> scores, std::span<const std::uint8_t> events);

// An audited jet: what the truth says, what was stated, and the scores of the competitors.
struct ClimateAudit {
  ClimateBreak truth, stated;
  std::vector<double> competitors;
};
std::vector<Verdict> climate_verdicts(std::span<const ClimateAudit> audits);

}  // namespace tandem::pipelines
