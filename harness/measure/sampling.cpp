#include "harness/measure/sampling.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>

#include "harness/base/check.hpp"
#include "harness/measure/clock.hpp"
#include "harness/measure/statistics.hpp"

namespace tandem {

SamplingRules rules_of_class(std::string_view measurement_class) {
  SamplingRules rules;
  if (measurement_class == "quick") {
    rules.warmup_seconds = 0.1;
    rules.budget = 1;
  } else if (measurement_class == "standard") {
    rules.budget = 10;
  } else if (measurement_class == "official") {
    rules.budget = 30;
  } else {
    check_usage(measurement_class == "procurement", "class \"{}\": must be quick, standard, official or procurement",
                measurement_class);
    rules.budget = 60;
  }
  return rules;
}

bool stop_rule_looks(std::size_t n) {
  constexpr std::array<std::size_t, 11> schedule = {10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320};
  return std::find(schedule.begin(), schedule.end(), n) != schedule.end();
}

namespace {

// What rank 0 found, on every rank.
template <typename T>
T decided(const Ranks& ranks, T value) {
  ranks.broadcast(std::as_writable_bytes(std::span<T>(&value, 1)));
  return value;
}

struct Work {
  const std::function<void()>& run;
  const Untimed& before;
  const std::function<void()>& finish;
};

// Seconds of `batch` runs on this rank, begun together.
double time_batch(const Work& work, std::size_t batch, const Ranks& ranks) {
  if (work.before) work.before();
  ranks.barrier();
  const double start = now_seconds();
  for (std::size_t i = 0; i < batch; ++i) work.run();
  if (work.finish) work.finish();
  return now_seconds() - start;
}

// Doubles the batch until samples are long enough and runs until caches, clocks and pages have settled; the batch is
// looked at after every sample because the first run may be slow and the later ones short. Half of the budget is the
// end (what needs that much cannot reach 10 samples and stays unconverged).
std::size_t warm_up(const Work& work, const SamplingRules& rules, const Ranks& ranks, double least, double start) {
  std::size_t batch = 1;
  std::size_t settled = 0;
  for (;;) {
    const double seconds = ranks.max(time_batch(work, batch, ranks));
    const double elapsed = now_seconds() - start;
    if (seconds < least && batch < rules.max_batch && !work.before) {
      batch *= 2;
      settled = 0;
    } else {
      ++settled;
      const bool warm = settled >= rules.warmup_samples && elapsed >= rules.warmup_seconds;
      if (decided(ranks, warm || elapsed > rules.budget / 2)) return batch;
    }
  }
}

}  // namespace

Sampling sample(const std::function<void()>& run, const SamplingRules& rules, const Ranks& ranks, bool collective,
                const Untimed& before, const std::function<void()>& finish) {
  Sampling result;
  const Work work{run, before, finish};
  const double least =
      decided(ranks, std::max(1000 * clock_tick(), collective ? rules.min_sample_collective : rules.min_sample));
  const double start = now_seconds();
  result.batch = warm_up(work, rules, ranks, least, start);
  result.warmup_seconds = now_seconds() - start;

  std::vector<double> mine;  // seconds per run on this rank
  for (bool go_on = true; go_on;) {
    mine.push_back(time_batch(work, result.batch, ranks) / static_cast<double>(result.batch));
    if (stop_rule_looks(mine.size())) {
      std::vector<double> slowest = mine;
      ranks.max(slowest);
      const auto width = summarize(slowest).half_width();
      result.converged = decided(ranks, width.has_value() && *width <= rules.target);
    }
    const bool in_budget = mine.size() < rules.min_samples || now_seconds() - start < rules.budget;
    go_on = decided(ranks, !result.converged && in_budget && mine.size() < rules.max_samples);
  }
  result.total_seconds = now_seconds() - start;

  result.seconds = mine;
  ranks.max(result.seconds);
  const double slowest = std::accumulate(result.seconds.begin(), result.seconds.end(), 0.0);
  const double mean = ranks.sum(std::accumulate(mine.begin(), mine.end(), 0.0)) / ranks.size();
  if (mean > 0) result.imbalance = slowest / mean;
  return result;
}

Pairs sample_in_turn(const std::function<void()>& first, const std::function<void()>& second, std::size_t pairs,
                     std::size_t batch, const Ranks& ranks) {
  Pairs result;
  first();
  for (std::size_t i = 0; i < pairs; ++i) {
    result.first.push_back(time_batch({first, {}, {}}, batch, ranks) / static_cast<double>(batch));
    result.second.push_back(time_batch({second, {}, {}}, batch, ranks) / static_cast<double>(batch));
  }
  ranks.max(result.first);
  ranks.max(result.second);
  return result;
}

}  // namespace tandem
