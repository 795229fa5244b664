// What a worker's rank leaves behind, as JSON lines flushed one by one: intervals, bytes, samples, verdicts.
// Each rank is at every instant in exactly one state: entering one closes the one before on the same clock reading.
#pragma once

#include <filesystem>
#include <string>

#include "harness/base/json.hpp"
#include "harness/base/verdict.hpp"
#include "harness/result/files.hpp"

namespace tandem {

enum class State { phase, transition, waiting };  // method.md K4

class Recorder {
 public:
  // `offset` brings this rank's steady clock to rank 0's.
  Recorder(const std::filesystem::path& path, int rank, double offset_seconds = 0);
  ~Recorder();

  void enter(const std::string& name, State state = State::phase);
  void leave();                                              // closes the open state
  void book(const std::string& channel, std::size_t bytes);  // bytes over the simulation <-> AI edge
  void verdict(const Verdict& verdict);
  void write(const Json& record);  // any other record: {"record": kind, ...}

 private:
  int rank_;
  double offset_;
  double begin_ = 0;
  std::string name_;
  State state_ = State::phase;
  LineWriter lines_;
};

std::string state_name(State state);
Json number(double value);  // JSON has no NaN and no infinity: they become texts that every reader refuses as a number

}  // namespace tandem
