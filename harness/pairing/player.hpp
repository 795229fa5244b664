// Plays turns of an activity: in this process, or in another one on the same cores that is woken for its turns. Only
// the clock is read between steps; what was stamped is looked at after the sweep.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/verdict.hpp"
#include "harness/pairing/activity.hpp"

namespace tandem {

inline constexpr std::size_t stamped_steps = 32;  // of a turn, each with its own end

// Seconds of the steady clock, which all processes of a host share.
struct Turn {
  double begin = 0, end = 0;
  std::array<double, stamped_steps> ends{};  // of the first min(steps, stamped_steps)
};

Turn play(Activity& activity, std::size_t steps);

class Player {
 public:
  virtual ~Player() = default;
  virtual std::vector<Verdict> prepare() = 0;
  virtual Turn play(std::size_t steps) = 0;
  virtual std::vector<Verdict> verify() = 0;
  virtual double cpu_seconds() const { return 0; }  // of another process, so that it does not pass for a stranger
};

// `context` outlives the player.
std::unique_ptr<Player> player_here(const ActivityChoice& choice, const ActivityContext& context);

// Forks: before this process has started a thread (OpenMP's are not inherited). The other process sleeps while it has
// no turn; the token is a futex in shared memory. It ends with the player, or with this process.
std::unique_ptr<Player> player_beside(const ActivityChoice& choice, int threads, std::uint64_t seed);

}  // namespace tandem
