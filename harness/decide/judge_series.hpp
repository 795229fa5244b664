// One series of nights: its steps, its newest night, its counts (docs/method.md, section 6, "Night after night").
#pragma once

#include <cstddef>
#include <string>

#include "harness/base/json.hpp"
#include "harness/decide/history.hpp"
#include "harness/decide/series.hpp"

namespace tandem {

inline constexpr double fast_limit = 4;           // robust z
inline constexpr std::size_t fast_least = 10;     // nights of a segment that a newest night is judged by
inline constexpr std::size_t effect_nights = 50;  // at most so many on either side of a step make its ratio

// Parts of the document "tandem-regress/1". An alarm's state: "suspect"; "confirmed", by itself or by a rerun;
// "machine": a step of which a rerun cleared the program; "cleared": a night of which it did; "improvement": to
// cheaper, no alarm.
struct SeriesVerdict {
  Json document, alarms, notes;
};

// `delta`, in the logarithm of a ratio: what counts as a difference.
SeriesVerdict judge_series(const History& history, const Series& series, double delta);

std::string commit_of(const Night& night);  // with "+changes" where it was built from uncommitted sources

}  // namespace tandem
