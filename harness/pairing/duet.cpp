#include "harness/pairing/duet.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <ctime>

#include "harness/base/check.hpp"
#include "harness/device/host.hpp"
#include "harness/device/pinning.hpp"
#include "harness/measure/clock.hpp"

namespace tandem {
namespace {

constexpr double kSpin = 2e-4;    // seconds that a sleeper may wake late
constexpr double kAhead = 3e-3;   // from the agreement to the window's begin
constexpr double kSample = 1e-3;  // that a sample lasts at least
constexpr std::size_t kMostSteps = std::size_t{1} << 20;

std::vector<int> cores_of(const Ranks& world, int threads) {
  if (world.size() % 2 != 0) throw Unsupported("two groups need an even number of ranks");
  if (ranks_on_host(world) != world.size())
    throw Unsupported("the two groups share one host, these ranks are on several");
  std::vector<int> cores = rank_cores(world, threads);
  if (cores.empty())
    throw Unsupported(fmt::format("two groups of {} x {} threads need {} cores of their own, there are fewer",
                                  world.size() / 2, threads, world.size() * threads));
  return cores;
}

template <typename T>
T decided(const Ranks& ranks, T value) {
  ranks.broadcast(std::as_writable_bytes(std::span<T>(&value, 1)));
  return value;
}

}  // namespace

void wait_until(double seconds) {
  const double sleep = seconds - kSpin;
  if (sleep > now_seconds()) {
    timespec at{};
    at.tv_sec = static_cast<time_t>(std::floor(sleep));
    at.tv_nsec = static_cast<long>(1e9 * (sleep - std::floor(sleep)));
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) == EINTR) continue;
  }
  while (now_seconds() < seconds) continue;
}

Duet::Duet(const Ranks& world, int threads) : world_(world), side_(world.rank() < world.size() / 2 ? 0 : 1) {
  pin_to(cores_of(world, threads));
  group_ = std::make_unique<Ranks>(world, side_);
}

double Duet::agreed(double value) const { return decided(world_, value); }

double Duet::begin_window() const {
  world_.barrier();
  return agreed(now_seconds() + kAhead);
}

std::string Duet::reason_of_any(const std::string& mine) const {
  const double has = mine.empty() ? 0 : 1;
  const std::vector<double> all = world_.gather(std::span(&has, 1));
  const auto first = std::find(all.begin(), all.end(), 1.0);
  if (first == all.end()) return "";
  std::array<char, 400> text{};
  mine.copy(text.data(), text.size() - 1);
  world_.broadcast(std::as_writable_bytes(std::span(text)), static_cast<int>(first - all.begin()));
  return text.data();
}

Verdict Duet::apart(Recorder& recorder) const {
  const std::vector<int> mine = pinned_cpus();
  recorder.write({{"record", "pinned"}, {"rank", world_.rank()}, {"side", side_}, {"cpus", mine}});
  const std::vector<double> own(mine.begin(), mine.end());
  const std::vector<double> none;
  const std::vector<double> low = world_.gather(side_ == 0 ? own : none), high = world_.gather(side_ == 1 ? own : none);
  const auto shared = std::count_if(low.begin(), low.end(),
                                    [&](double cpu) { return std::find(high.begin(), high.end(), cpu) != high.end(); });
  return {"processors that both groups may use", static_cast<double>(shared), 0};
}

std::size_t batch_of(Activity& activity, const Ranks& group) {
  std::size_t batch = 1;
  for (;; batch *= 2) {
    group.barrier();
    const double begin = now_seconds();
    for (std::size_t i = 0; i < batch; ++i) activity.step();
    if (decided(group, group.max(now_seconds() - begin)) >= kSample || batch >= kMostSteps) return batch;
  }
}

Beats beat(Activity& activity, std::size_t batch, double begin, const std::function<bool(double)>& go_on,
           const Ranks& group) {
  Beats beats{batch, {}};
  wait_until(begin);
  double now = begin;
  do {
    for (std::size_t i = 0; i < batch; ++i) activity.step();
    now = now_seconds();
    beats.ends.push_back(now - begin);
  } while (decided(group, go_on(now)));
  group.max(beats.ends);
  return beats;
}

}  // namespace tandem
