#include "harness/launch/progress.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness/measure/clock.hpp"

namespace tandem {

Progress::Progress(std::vector<double> expected, bool terminal) : expected_(std::move(expected)), terminal_(terminal) {}

double Progress::left() const {
  const double planned =
      std::accumulate(expected_.begin() + static_cast<std::ptrdiff_t>(launch_), expected_.end(), 0.0);
  const double pace = (really_done_ + 5) / (planned_done_ + 5);  // the prior keeps early guesses calm
  const double current = std::min(now_seconds() - begin_, expected_[launch_] * pace);
  return planned * pace - current;
}

void Progress::show(const std::string& line) {
  winsize size{};
  const std::size_t width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col - 1U : 99U;
  fmt::print("\r\033[K{}", line.substr(0, width));
  std::fflush(stdout);
}

void Progress::begin(std::size_t launch, const std::string& what) {
  launch_ = launch;
  what_ = what;
  begin_ = now_seconds();
  tick();
}

void Progress::tick() {
  if (terminal_)
    show(fmt::format("[{:>2}/{}] {}   {:.0f} s left", launch_ + 1, expected_.size(), what_, std::max(0.0, left())));
}

void Progress::end(const std::string& outcome) {
  const double seconds = now_seconds() - begin_;
  planned_done_ += expected_[launch_];
  really_done_ += seconds;
  if (terminal_) {
    fmt::print("\r\033[K");
    if (!outcome.empty()) fmt::print("{}: {}\n", what_, outcome);
  } else {
    fmt::print("[{:>2}/{}] {}   {:.1f} s{}{}\n", launch_ + 1, expected_.size(), what_, seconds,
               outcome.empty() ? "" : "   ", outcome);
  }
  std::fflush(stdout);
}

}  // namespace tandem
