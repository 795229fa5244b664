#include "harness/meter/power_log.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <deque>
#include <fstream>

#include <fmt/format.h>

#include "harness/measure/clock.hpp"

namespace tandem {
namespace {

constexpr double kLongestGap = 5;     // seconds between two rows; over a longer one power is unknown
constexpr double kStillWritten = 10;  // seconds since the newest row

struct Row {
  double seconds = 0, watts = 0;
};

// "t,W" with both numbers; nothing otherwise.
std::optional<Row> parse(const std::string& line) {
  Row row;
  const char* last = line.data() + line.size();
  const auto [comma, bad_time] = std::from_chars(line.data(), last, row.seconds);
  if (bad_time != std::errc() || comma == last || *comma != ',') return std::nullopt;
  const auto [end, bad_power] = std::from_chars(comma + 1, last, row.watts);
  if (bad_power != std::errc() || (end != last && *end != '\r')) return std::nullopt;
  return std::isfinite(row.seconds) && std::isfinite(row.watts) ? std::optional(row) : std::nullopt;
}

class PowerLog final : public Meter {
 public:
  PowerLog(std::string path, std::string scope, LogClocks clocks)
      : path_(std::move(path)),
        scope_(std::move(scope)),
        clocks_(std::move(clocks)),
        file_(path_),
        offset_(clocks_.since_1970() - clocks_.steady()) {
    if (!file_) problem_ = fmt::format("{} (TANDEM_POWER_LOG) cannot be read", path_);
    follow();
    if (problem_.empty() && steps_.empty())
      problem_ = fmt::format("{} has fewer than two rows: start the logger before the run", path_);
    const double age = clocks_.since_1970() - last_.seconds;
    if (problem_.empty() && !(std::abs(age) < kStillWritten))
      problem_ = fmt::format(
          "{}: its newest row is {:.3g} s away from now: start the logger before the run, with times in seconds since "
          "1970 and its clock set by NTP",
          path_, std::abs(age));
  }
  std::string name() const override { return "power_log/" + scope_; }
  std::string scope() const override { return scope_; }
  double range() const override { return std::numeric_limits<double>::infinity(); }
  double resolution() const override { return steps_.empty() ? 1 : *std::max_element(steps_.begin(), steps_.end()); }
  double longest_gap() const override { return kLongestGap; }
  std::string unavailable() const override { return problem_; }
  std::optional<double> read() override {
    follow();
    return problem_.empty() ? std::optional(joules_) : std::nullopt;
  }
  std::optional<EnergyRow> row() override {
    const std::optional<double> joules = read();
    return joules ? std::optional(EnergyRow{last_.seconds - offset_, *joules}) : std::nullopt;
  }

 private:
  // Takes the rows that were written since; the last line may still be growing.
  void follow() {
    std::string part;
    while (problem_.empty() && std::getline(file_, part)) {
      line_ += part;
      if (file_.eof()) break;
      take(line_);
      line_.clear();
    }
    file_.clear();
  }
  void take(const std::string& line) {
    const std::optional<Row> row = parse(line);
    const bool heading = ++number_ == 1 && !row;
    if (heading || line.empty()) return;
    if (!row)
      problem_ = fmt::format("{} line {}: not \"seconds,watts\"", path_, number_);
    else if (row->watts < 0)
      problem_ = fmt::format("{} line {}: {:.6g} W", path_, number_, row->watts);
    else if (begun_ && row->seconds <= last_.seconds)
      problem_ = fmt::format("{} line {}: its time is not after the line's before", path_, number_);
    if (!problem_.empty()) return;
    if (begun_) {
      const double step = row->seconds - last_.seconds;
      joules_ += step * (last_.watts + row->watts) / 2;
      steps_.push_back(step);
      if (steps_.size() > 20) steps_.pop_front();
    }
    begun_ = true;
    last_ = *row;
  }

  std::string path_, scope_;
  LogClocks clocks_;
  std::ifstream file_;
  double offset_;  // since 1970 - steady
  std::string problem_, line_;
  std::size_t number_ = 0;
  bool begun_ = false;
  Row last_;
  double joules_ = 0;
  std::deque<double> steps_;  // seconds between the last rows
};

}  // namespace

LogClocks host_clocks() {
  return {now_seconds,
          [] { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }};
}

Meters power_log_meters(const char* declared, const LogClocks& clocks) {
  Meters meters;
  std::string path = declared == nullptr ? "" : declared;
  if (path.empty()) {
    meters.push_back(no_meter("power_log", "TANDEM_POWER_LOG names no external meter's log"));
    return meters;
  }
  const bool system = path.starts_with("system:");
  if (system) path.erase(0, path.find(':') + 1);
  meters.push_back(std::make_unique<PowerLog>(path, system ? "system" : "node", clocks));
  return meters;
}

}  // namespace tandem
