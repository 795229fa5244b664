// Energy of a source that tells only power: the trapezoid rule over its readings. Honest where each reading is the mean
// since the one before, or power hardly changes between two; the meter says which, and a longest gap bounds the rest.
#pragma once

#include <cmath>
#include <functional>
#include <optional>

#include "harness/measure/clock.hpp"

namespace tandem {

class PowerIntegral {
 public:
  explicit PowerIntegral(std::function<double()> clock = now_seconds) : clock_(std::move(clock)) {}

  // Joules since the first reading; nothing for a power that is none.
  std::optional<double> add(double watts) {
    if (!std::isfinite(watts) || watts < 0) return std::nullopt;
    const double time = clock_();
    if (begun_) joules_ += (time - seconds_) * (watts_ + watts) / 2;
    begun_ = true;
    seconds_ = time;
    watts_ = watts;
    return joules_;
  }

 private:
  std::function<double()> clock_;
  bool begun_ = false;
  double seconds_ = 0, watts_ = 0, joules_ = 0;
};

}  // namespace tandem
