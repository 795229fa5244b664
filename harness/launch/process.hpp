// Starts worker processes and waits for them. A worker is this program again, behind a launcher where there is more
// than one rank; each is a process group of its own, so that a signal or a timeout ends all of it.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "harness/base/arm_id.hpp"

namespace tandem {

// The command of a worker: {program, "worker", job file} at one rank; else the launcher template, split at spaces, with
// {ranks} and {threads} replaced, before it. An empty template means the mpirun of the MPI that was built with.
std::vector<std::string> worker_command(const std::string& launcher, const Geometry& geometry,
                                        const std::filesystem::path& job_file);

// The program that starts workers where it is not installed; "" = it is, or this plan needs none.
std::string missing_launcher(const std::string& launcher, int ranks);

struct Ended {
  double begin = 0, end = 0;  // steady clock, just before the start and just after the end
  bool ok = false;
  std::string why;           // "" or "ended by signal 11 (Segmentation fault)", "timed out after 600 s", ...
  bool interrupted = false;  // by SIGINT or SIGTERM to us
};

// Runs `command` with stdout and stderr into `log`; calls `tick` about once a second.
Ended run_process(const std::vector<std::string>& command, const std::filesystem::path& log, double timeout_seconds,
                  const std::function<void()>& tick);

// A process whose lines are read while it runs; its end ends it and all that it started. stderr goes to ours.
class Listener {
 public:
  explicit Listener(const std::vector<std::string>& command);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  // The next whole line; nothing when it does not come in time or, `ended`, the process ended or was ended.
  std::optional<std::string> line(double timeout_seconds);
  bool ended() const { return ended_; }

 private:
  struct Piped {
    pid_t child;
    int from;
  };
  static Piped started(const std::vector<std::string>& command);
  explicit Listener(Piped piped) : child_(piped.child), from_(piped.from) {}
  pid_t child_;
  int from_;
  bool ended_ = false;
  std::string pending_;
};

// SIGINT and SIGTERM are remembered here; 0 = none came.
void catch_signals();
int caught_signal();

std::filesystem::path this_program();

}  // namespace tandem
