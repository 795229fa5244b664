// The transition probe: two activities take turns, over a sweep of the period after which they change. Each end of a
// step is stamped; what a change costs is a matter of the derivation (docs/method.md). Both are also run alone before
// and after each period, so that a drifting machine does not pass for the cost of a change.
#include <algorithm>
#include <cmath>

#include "harness/base/check.hpp"
#include "harness/measure/noise.hpp"
#include "harness/measure/statistics.hpp"
#include "harness/pairing/pairing.hpp"
#include "harness/pairing/player.hpp"

namespace tandem {
namespace {

constexpr std::size_t kLeastCycles = 4, kMostCycles = 400;
constexpr std::size_t kProfiled = 40;   // turns of a period whose steps are kept one by one
constexpr std::size_t kAloneTurns = 6;  // the first warms up
constexpr double kAlone = 1.0 / 3;      // of a window's seconds: running alone

std::vector<double> periods_of(const Settings& settings) {
  const double shortest = settings.number("shortest"), longest = settings.number("longest");
  check_usage(shortest >= 1e-6 && longest >= shortest && longest <= 60,
              "shortest = {}, longest = {}: periods in seconds, 1e-6 <= shortest <= longest <= 60", shortest, longest);
  std::vector<double> periods;
  for (int i = 0;; ++i) {
    const double period = shortest * std::pow(10.0, i / 2.0);
    if (period > longest * (1 + 1e-9)) return periods;
    periods.push_back(period);
  }
}

std::size_t steps_in(double seconds, double step) {
  return static_cast<std::size_t>(std::max(1.0, std::round(seconds / step)));
}

// Seconds per step of turns without a change.
std::vector<double> run_alone(Player& player, double seconds, double step) {
  const std::size_t steps = steps_in(seconds / kAloneTurns, step);
  std::vector<double> found;
  for (std::size_t i = 0; i < kAloneTurns; ++i) {
    const Turn turn = player.play(steps);
    if (i > 0) found.push_back((turn.end - turn.begin) / static_cast<double>(steps));
  }
  return found;
}

// Seconds of a step, roughly: of turns that double until one lasts long enough.
double rough_step(Player& player) {
  for (std::size_t steps = 1;; steps *= 2) {
    const Turn turn = player.play(steps);
    if (turn.end - turn.begin >= 5e-3) return (turn.end - turn.begin) / static_cast<double>(steps);
  }
}

struct Side {
  Player& player;
  double step = 0;                  // seconds, roughly: how many make a turn
  std::vector<double> before = {};  // seconds per step alone
  std::vector<Turn> turns = {};
  std::size_t steps = 0;

  Json record(double begin, const std::vector<double>& after) const {
    Json begins = Json::array(), ends = Json::array(), profiles = Json::array();
    for (const Turn& turn : turns) {
      begins.push_back(turn.begin - begin);
      ends.push_back(turn.end - begin);
      if (profiles.size() == kProfiled) continue;
      Json profile = Json::array();
      for (std::size_t i = 0; i < std::min(steps, stamped_steps); ++i)
        profile.push_back(turn.ends[i] - (i == 0 ? turn.begin : turn.ends[i - 1]));
      profiles.push_back(profile);
    }
    return {{"steps", steps}, {"alone", {before, after}}, {"begins", begins}, {"ends", ends}, {"profiles", profiles}};
  }
};

class Probe {
 public:
  Probe(const PairingJob& job, Player& from, Player& to, Recorder& recorder)
      : job_(job), recorder_(recorder), from_{from}, to_{to} {}

  void measure() {
    for (Side* side : {&from_, &to_}) {
      side->step = rough_step(side->player);
      side->before = run_alone(side->player, kAlone * job_.seconds, side->step);
      side->step = median(side->before);
    }
    std::size_t from = 0, to = 0;
    for (const double period : periods_of(job_.settings)) {
      from_.steps = steps_in(period, from_.step);
      to_.steps = steps_in(period, to_.step);
      if (from_.steps == from && to_.steps == to) continue;  // a step is the shortest turn there is
      from = from_.steps;
      to = to_.steps;
      alternate(period);
    }
  }

 private:
  void alternate(double period) {
    const double wanted =
        job_.seconds / (static_cast<double>(from_.steps) * from_.step + static_cast<double>(to_.steps) * to_.step);
    const auto cycles = std::clamp(static_cast<std::size_t>(wanted), kLeastCycles, kMostCycles);
    for (Side* side : {&from_, &to_}) {
      side->turns.clear();
      side->turns.reserve(cycles);
    }
    for (std::size_t i = 0; i < cycles; ++i) {
      from_.turns.push_back(from_.player.play(from_.steps));
      to_.turns.push_back(to_.player.play(to_.steps));
    }
    const auto from_after = run_alone(from_.player, kAlone * job_.seconds, from_.step);
    const auto to_after = run_alone(to_.player, kAlone * job_.seconds, to_.step);
    const double begin = from_.turns.front().begin;
    recorder_.write({{"record", "turns"},
                     {"period", period},
                     {"from", from_.record(begin, from_after)},
                     {"to", to_.record(begin, to_after)}});
    from_.before = from_after;
    to_.before = to_after;
  }

  const PairingJob& job_;
  Recorder& recorder_;
  Side from_, to_;
};

void change_over(const PairingJob& job, const Ranks& ranks, Recorder& recorder) {
  recorder.enter("prepare");
  const bool processes = job.settings.text("switch") == "processes";
  const ActivityContext context{ranks, job.threads, job.seed};
  const auto to = processes ? player_beside(job.activities.at(1), job.threads, job.seed)
                            : player_here(job.activities.at(1), context);
  const auto from = player_here(job.activities.at(0), context);
  recorder.enter("verify");
  const auto judge = [&](const ActivityChoice& choice, const std::vector<Verdict>& verdicts) {
    record_verdicts(choice.text, verdicts, recorder);
    return all_pass(verdicts);
  };
  const bool right = judge(job.activities[0], from->prepare());
  if (!judge(job.activities[1], to->prepare()) || !right) return;
  recorder.enter("canary");
  const auto reading = [&] {
    NoiseReading found = read_noise(ranks, job.threads);
    found.own_cpu += to->cpu_seconds();
    return found;
  };
  const NoiseReading before = reading();
  recorder.enter("sample");
  Probe(job, *from, *to, recorder).measure();
  recorder.enter("canary");
  const NoiseReading after = reading();
  recorder.enter("verify");
  judge(job.activities[0], from->verify());
  judge(job.activities[1], to->verify());
  record_noise(before, after, ranks, recorder);
}

}  // namespace

PairingEntry transition_pairing() {
  PairingEntry entry;
  entry.name = "transition";
  entry.summary = "what changing between two activities costs, over the period after which they change";
  entry.parameters = {{"from", "", "an activity: sparse/spmv"},
                      {"to", "", "another: learning/train_step"},
                      {"switch", "in_process", "in_process: both in one process; processes: one each, same cores"},
                      {"shortest", "0.0001", "period in seconds; a turn is at least one step", false},
                      {"longest", "1", "period in seconds", false},
                      window_parameter()};
  entry.activities = [](const Settings& settings, const std::vector<std::string>&) {
    const std::string& how = settings.text("switch");
    check_usage(how == "in_process" || how == "processes", "switch = \"{}\" is none of in_process, processes", how);
    periods_of(settings);
    return std::vector<std::string>{settings.text("from"), settings.text("to")};
  };
  entry.run = change_over;
  return entry;
}

}  // namespace tandem
