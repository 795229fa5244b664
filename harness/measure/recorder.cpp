#include "harness/measure/recorder.hpp"

#include <cmath>

#include "harness/measure/clock.hpp"

namespace tandem {

Recorder::Recorder(const std::filesystem::path& path, int rank, double offset_seconds)
    : rank_(rank), offset_(offset_seconds), lines_(path) {}

Recorder::~Recorder() {
  try {
    leave();
  } catch (const std::exception&) {
    // The file cannot be written: the worker has already failed with that message or ends without its "end" record.
  }
}

void Recorder::enter(const std::string& name, State state) {
  leave();
  name_ = name;
  state_ = state;
  if (begin_ == 0) begin_ = now_seconds();
}

void Recorder::leave() {
  if (name_.empty()) return;
  const double end = now_seconds();
  write({{"record", "interval"},
         {"rank", rank_},
         {"name", name_},
         {"state", state_name(state_)},
         {"begin", begin_ + offset_},
         {"seconds", end - begin_}});
  name_.clear();
  begin_ = end;
}

void Recorder::book(const std::string& channel, std::size_t bytes) {
  write({{"record", "bytes"}, {"rank", rank_}, {"channel", channel}, {"bytes", bytes}});
}

void Recorder::verdict(const Verdict& verdict) {
  write({{"record", "verdict"},
         {"check", verdict.check},
         {"value", number(verdict.value)},
         {"limit", number(verdict.limit)},
         {"pass", verdict.pass()}});
}

void Recorder::write(const Json& record) { lines_.write(record); }

std::string state_name(State state) {
  return state == State::phase ? "phase" : state == State::transition ? "transition" : "waiting";
}

Json number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

}  // namespace tandem
