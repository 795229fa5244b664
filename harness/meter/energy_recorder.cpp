#include "harness/meter/energy_recorder.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "harness/measure/clock.hpp"

namespace tandem {

double counter_difference(double before, double after, double range) {
  const double difference = after - before;
  return difference < 0 && std::isfinite(range) ? difference + range : difference;
}

namespace {

constexpr double plausible_watts = 10e3;  // of one counter; no package, device or node of today comes near

EnergyReading refuse(std::string reason) { return {std::nullopt, 0, std::move(reason)}; }

// What is wrong with rows [first, last]; "" if nothing. A counter that goes back without starting anew, or that was set
// back to 0, shows as an implausible power.
std::string fault(const EnergyTrace& trace, std::size_t first, std::size_t last) {
  double total = 0;
  for (std::size_t i = first; i < last; ++i) {
    const EnergyRow& from = trace.rows[i];
    const EnergyRow& to = trace.rows[i + 1];
    const double gap = to.seconds - from.seconds;
    const double joules = counter_difference(from.joules, to.joules, trace.range);
    if (!(gap > 0) || !(from.joules >= 0 && to.joules >= 0) || std::max(from.joules, to.joules) > trace.range)
      return fmt::format("{}: counter out of its range or rows out of order", trace.meter);
    if (gap > trace.longest_gap)
      return fmt::format("{} was not read for {:.3g} s: its power in between is unknown", trace.meter, gap);
    if (gap * plausible_watts > trace.range)
      return fmt::format("{} was not read for {:.3g} s: it may have started anew more than once", trace.meter, gap);
    // A counter in steps may bring one update more than the gap's: allow it.
    if (!(joules >= 0) || joules > plausible_watts * (gap + trace.period))
      return fmt::format("{} jumped by {:.3g} J in {:.3g} s: not monotone or not plausible", trace.meter, joules, gap);
    total += joules;
  }
  if (!(total > 0)) return fmt::format("{} did not advance", trace.meter);
  return "";
}

}  // namespace

// Error of an edge: u/2 (Pmax - Pmin), u = the gap of the rows about the edge, at least the period; powers between
// rows. Below resolution: shorter than 50 u (Pmax - Pmin) / Pavg, so that both edges together stay within 2 %; and
// with fewer than 3 whole gaps nothing is known of Pmax - Pmin.
EnergyReading energy_between(const EnergyTrace& trace, double begin, double end) {
  const std::vector<EnergyRow>& rows = trace.rows;
  if (!(begin < end) || rows.size() < 2 || rows.front().seconds > begin || rows.back().seconds < end)
    return refuse(fmt::format("{}: the record does not cover the interval{}{}", trace.meter,
                              trace.lost.empty() ? "" : "; ", trace.lost));
  const auto later = [](double time, const EnergyRow& row) { return time < row.seconds; };
  const auto earlier = [](const EnergyRow& row, double time) { return row.seconds < time; };
  const auto first =
      static_cast<std::size_t>(std::upper_bound(rows.begin(), rows.end(), begin, later) - rows.begin()) - 1;
  const auto last = static_cast<std::size_t>(std::lower_bound(rows.begin(), rows.end(), end, earlier) - rows.begin());
  if (std::string wrong = fault(trace, first, last); !wrong.empty()) return refuse(std::move(wrong));

  double joules = 0;
  double least = std::numeric_limits<double>::infinity();
  double most = 0;
  for (std::size_t i = first; i < last; ++i) {
    const double gap = rows[i + 1].seconds - rows[i].seconds;
    const double watts = counter_difference(rows[i].joules, rows[i + 1].joules, trace.range) / gap;
    const double inside = std::min(end, rows[i + 1].seconds) - std::max(begin, rows[i].seconds);
    joules += watts * inside;
    least = std::min(least, watts);
    most = std::max(most, watts);
  }
  const double step_first = std::max(trace.period, rows[first + 1].seconds - rows[first].seconds);
  const double step_last = std::max(trace.period, rows[last].seconds - rows[last - 1].seconds);
  const double shortest = 50 * std::max(step_first, step_last) * (most - least) * (end - begin) / joules;
  if (last - first < 3 || end - begin < shortest)
    return refuse(fmt::format("{}: {:.3g} s is below resolution, at this power it takes {:.3g} s", trace.meter,
                              end - begin, std::max(shortest, 3 * step_first)));
  return {joules, (step_first + step_last) / 2 * (most - least), ""};
}

bool has_scope(std::span<const EnergyTrace> traces, const std::string& scope, std::size_t nodes) {
  std::set<std::string> have;
  for (const EnergyTrace& trace : traces)
    if (trace.scope == scope) have.insert(trace.meter.substr(std::min(trace.meter.find('@'), trace.meter.size())));
  return have.size() >= (scope == "system" ? 1 : nodes);
}

EnergyReading energy_of_scope(std::span<const EnergyTrace> traces, const std::string& scope, double begin, double end) {
  EnergyReading sum = refuse(fmt::format("no meter of scope \"{}\"", scope));
  for (const EnergyTrace& trace : traces) {
    if (trace.scope != scope) continue;
    EnergyReading one = energy_between(trace, begin, end);
    if (!one.joules) return one;
    sum = {sum.joules.value_or(0) + *one.joules, sum.error + one.error, ""};
  }
  return sum;
}

EnergyRecorder::EnergyRecorder(Meters meters, double period)
    : meters_(std::move(meters)), period_(period), start_(now_seconds()) {
  for (const auto& meter : meters_)
    traces_.push_back({meter->name(),
                       meter->scope(),
                       meter->range(),
                       std::max(period, meter->resolution()),
                       {},
                       meter->longest_gap(),
                       ""});
  take_rows();
  thread_ = std::thread([this] { loop(); });
}

EnergyRecorder::~EnergyRecorder() { stop(); }

void EnergyRecorder::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (!thread_.joinable()) return;
  thread_.join();
  take_rows();
}

std::vector<EnergyTrace> EnergyRecorder::traces() const {
  const std::lock_guard lock(mutex_);
  return traces_;
}

double EnergyRecorder::covered() const {
  const std::lock_guard lock(mutex_);
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  double least = -kNever;
  for (const EnergyTrace& trace : traces_)
    least = std::min(least, trace.rows.empty() ? kNever : trace.rows.back().seconds);
  return least;
}

double EnergyRecorder::cost() const {
  const std::lock_guard lock(mutex_);
  return elapsed_ > 0 ? cpu_seconds_ / elapsed_ : 0;
}

// A failed read leaves a gap and its reason; a log that has nothing new leaves no row.
void EnergyRecorder::take_rows() {
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const std::optional<EnergyRow> row = meters_[i]->row();
    const std::string lost = row ? "" : meters_[i]->unavailable();
    const std::lock_guard lock(mutex_);
    std::vector<EnergyRow>& rows = traces_[i].rows;
    traces_[i].lost = lost;
    if (row && (rows.empty() || row->seconds > rows.back().seconds)) rows.push_back(*row);
  }
}

void EnergyRecorder::loop() {
  auto next = std::chrono::steady_clock::now();
  const auto step = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(period_));
  std::unique_lock lock(mutex_);
  for (;;) {
    next = std::max(next + step, std::chrono::steady_clock::now());
    if (wake_.wait_until(lock, next, [this] { return stop_; })) return;
    lock.unlock();
    take_rows();
    timespec cpu{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    lock.lock();
    cpu_seconds_ = static_cast<double>(cpu.tv_sec) + 1e-9 * static_cast<double>(cpu.tv_nsec);
    elapsed_ = now_seconds() - start_;
  }
}

}  // namespace tandem
