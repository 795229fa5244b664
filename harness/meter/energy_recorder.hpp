// The record of meters over time and the energy between two times. Rows are taken often enough that no counter can
// start anew twice between two of them; the energy of an interval carries the error of its edges.
#pragma once

#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "harness/meter/meter.hpp"

namespace tandem {

// One meter's record; range, period and longest gap are those of the meter and the recorder.
struct EnergyTrace {
  std::string meter;
  std::string scope;
  double range = 0;      // joules
  double period = 0.05;  // seconds between two rows, or between two updates of the counter if that is longer
  std::vector<EnergyRow> rows;
  double longest_gap = std::numeric_limits<double>::infinity();  // seconds between two rows that still tell all
  std::string lost;  // why it could not be read the last time; "" if it could
};

struct EnergyReading {
  std::optional<double> joules;  // nothing: `reason` says why
  double error = 0;              // joules, of both edges together
  std::string reason;
};

// Joules from `before` to `after` of a counter that starts anew at `range`, at most once in between.
double counter_difference(double before, double after, double range);

// Whether each of so many nodes has a meter of this scope; one of scope "system" is all nodes'. Meters of other nodes
// than the reader's are called "name@node".
bool has_scope(std::span<const EnergyTrace> traces, const std::string& scope, std::size_t nodes = 1);

// Energy from `begin` to `end` (steady clock), counters interpolated linearly between rows. A reason instead where the
// record does not cover it, the counter stands still or jumps (more than 10 kW), or the interval is below resolution.
EnergyReading energy_between(const EnergyTrace& trace, double begin, double end);

// The sum over the traces of one scope (the packages of a node; survey() lets only one kind of meter count a scope); a
// reason of any is the reason of all.
EnergyReading energy_of_scope(std::span<const EnergyTrace> traces, const std::string& scope, double begin, double end);

// Reads all meters every `period` seconds on a thread of its own, from construction to stop().
class EnergyRecorder {
 public:
  explicit EnergyRecorder(Meters meters, double period = 0.05);
  ~EnergyRecorder();
  EnergyRecorder(const EnergyRecorder&) = delete;
  EnergyRecorder& operator=(const EnergyRecorder&) = delete;

  void stop();                               // takes a last row
  std::vector<EnergyTrace> traces() const;   // so far
  double covered() const;                    // steady clock up to which every meter was read; -inf: one never was
  double period() const { return period_; }  // seconds between two readings
  double cost() const;                       // CPU seconds of the thread per second, so far

 private:
  void loop();
  void take_rows();

  Meters meters_;
  double period_;
  double start_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  double cpu_seconds_ = 0;
  double elapsed_ = 0;
  std::vector<EnergyTrace> traces_;
  std::thread thread_;
};

}  // namespace tandem
