// The figures of two activities on one machine as pure functions (docs/method.md, 4.4).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tandem {

// One point of the granularity curve: a cycle is `from_steps` steps of one activity and `to_steps` of the other.
struct Alternation {
  std::size_t from_steps = 0, to_steps = 0;
  double from_alone = 0, to_alone = 0;  // seconds per step without a change
  double cycle = 0;                     // seconds from the begin of a cycle to that of the next, the median of them
  double period() const;                // seconds of useful work per turn, on average over the two: the abscissa
  double efficiency() const;            // useful steps x their time alone / wall time; it may exceed 1 by noise
};

// Where the curve crosses `level`, by interpolation that is linear in ln(period) between the measured points: the
// largest such period. `from` and `to` are the ends of what was measured.
struct Crossing {
  std::optional<double> period;
  double from = 0, to = 0;
  double least = 0, most = 0;  // efficiencies measured
  std::string reason() const;  // "no crossing in [from, to] s: least efficiency 0.9"; "" where there is one
};
struct CurvePoint {
  double period = 0, efficiency = 0;
};
Crossing half_efficiency(std::vector<CurvePoint> curve, double level = 0.5);

// How many steps after a change belong to the warm-up: those before the first two steps in a row that are within 5 %
// of the steady state, at least 1. `profile`: the median over turns of each step, as a multiple of a step alone.
struct WarmUp {
  std::size_t steps = 0;
  bool settled = true;  // false: not within the profile, whose length it then is
};
WarmUp warm_up_steps(std::span<const double> profile, double tolerance = 0.05);

// Sum of the first k steps - k x steady state, in seconds; may be negative by noise.
double warm_up_penalty(std::span<const double> steps, std::size_t k, double steady);

// 1 / M_ij + 1 / M_ji: how much more two activities do side by side than in turns on the same cores; above 1 it pays.
double co_running_gain(double m_ij, double m_ji);

// The smallest value that at least the share p of all values does not exceed (nearest rank); x is not empty.
double percentile(std::vector<double> x, double p);

// Seconds from each arrival to its answer. Waiting behind others is inside (no coordinated omission).
std::vector<double> latencies(std::span<const double> arrivals, std::span<const double> done);

// Answers per second from the first arrival to the last answer.
double answered_rate(std::span<const double> arrivals, std::span<const double> done);

}  // namespace tandem
