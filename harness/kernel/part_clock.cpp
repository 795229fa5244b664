#include "harness/kernel/part_clock.hpp"

#include <numeric>

#include <fmt/format.h>

#include "harness/measure/clock.hpp"

namespace tandem {

int PartClock::part(const std::string& name) {
  names_.push_back(name);
  seconds_.push_back(0);
  return static_cast<int>(names_.size()) - 1;
}

void PartClock::enter(int part) {
  const double now = now_seconds();
  if (open_ >= 0) seconds_[static_cast<std::size_t>(open_)] += now - since_;
  open_ = part;
  since_ = now;
}

void PartClock::leave() { enter(-1); }

void PartClock::reset() {
  seconds_.assign(names_.size(), 0);
  open_ = -1;
}

std::map<std::string, std::string> PartClock::shares(const Ranks& ranks) const {
  std::vector<double> seconds = seconds_;
  ranks.sum(seconds);
  const double all = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  std::map<std::string, std::string> texts;
  for (std::size_t i = 0; all > 0 && i < seconds.size(); ++i)
    texts["time in " + names_[i]] = fmt::format("{:.1f} %", 100 * seconds[i] / all);
  return texts;
}

}  // namespace tandem
