// Errors that end a run: thrown where they are found, caught only in main, shown as one clear line
// (where, what, what to do). Wrong numerics are data (verdict.hpp), never an exception.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace tandem {

// Exit codes of the program, the contract of docs/method.md section 6.
enum class Exit {
  ok = 0,
  failed = 1,
  usage = 2,
  invalid = 3,
  criterion = 4,
  undecided = 5,
  regression = 6,
  skipped = 77,
  interrupted = 130,
  terminated = 143
};

class Error : public std::runtime_error {
 public:
  Error(Exit code, const std::string& message) : std::runtime_error(message), code_(code) {}
  Exit code() const { return code_; }

 private:
  Exit code_;
};

// A case that this machine, library or build cannot run: reported as skipped(reason), never as a failure.
class Unsupported : public Error {
 public:
  explicit Unsupported(const std::string& reason) : Error(Exit::skipped, reason) {}
};

// Something went wrong while running (exit code 1).
template <typename... Args>
void check(bool condition, fmt::format_string<Args...> message, Args&&... args) {
  if (!condition) throw Error(Exit::failed, fmt::format(message, std::forward<Args>(args)...));
}

// The user asked for something impossible (exit code 2).
template <typename... Args>
void check_usage(bool condition, fmt::format_string<Args...> message, Args&&... args) {
  if (!condition) throw Error(Exit::usage, fmt::format(message, std::forward<Args>(args)...));
}

}  // namespace tandem
