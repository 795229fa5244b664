// tandem-power: how often the nightly alarms are wrong, and how soon they see a step, by simulation with a seed; and
// made-up histories of any length for timing tandem regress. The figures of docs/nightly.md come from here. Every
// night goes through the same functions as a real one, with delta = 0, so that only the statistics hold an alarm back.
#include <array>
#include <cmath>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/chrono.h>

#include "harness/base/check.hpp"
#include "harness/base/digest.hpp"
#include "harness/base/random.hpp"
#include "harness/decide/history.hpp"
#include "harness/decide/judge_series.hpp"
#include "harness/measure/statistics.hpp"
#include "harness/result/files.hpp"

namespace {

using namespace tandem;

constexpr double sigma = 0.01;  // of a night, in the logarithm

enum class Noise { normal, heavy, correlated };
constexpr std::array names = {"normal", "Student t, 3 d.o.f.", "AR(1), rho = 0.3"};

// Night `i` of a history, in standard deviations.
double noise(Noise kind, std::uint64_t seed, std::uint64_t history, std::uint64_t i, double before) {
  const double z = random_normal(seed, history, i);
  if (kind == Noise::correlated) return i == 0 ? z : 0.3 * before + std::sqrt(1 - 0.09) * z;
  if (kind == Noise::normal) return z;
  double square = 0;
  for (std::uint64_t k = 0; k < 3; ++k) square += std::pow(random_normal(seed ^ 0x7a31, history, 3 * i + k), 2);
  return z / std::sqrt(square / 3) / std::sqrt(3.0);  // the variance of t with 3 degrees of freedom is 3
}

Night night_of(std::size_t i, const std::string& fom, double ln) {
  Night night;
  night.name = fmt::format("{:06}", i);
  night.program = {{"version", "0"}, {"commit", fmt::format("{:012}", i)}, {"dirty", false}};
  night.machine = Json::object();
  night.fingerprint = "simulated";
  NightFigure figure;
  figure.fom = fom;
  figure.kind = "kernel";
  figure.unit = "s";
  figure.status = "VALID-CLOSED";
  figure.ln_median = ln;
  figure.costs = {std::exp(ln)};
  night.figures = {figure};
  return night;
}

struct Simulated {
  // False alarms: to dearer; the same with delta = 3 standard deviations; a step in either direction; a dear night.
  bool slow = false, large = false, either_way = false, fast = false;
  int fast_nights = 0;
  int found_after = 0;  // nights after the step until the slow alarm stands within three nights of it; 0: never
};

// `nights` nights, judged from `from` on, with a step of `step` standard deviations before night `at`.
Simulated simulate(Noise kind, std::uint64_t seed, std::uint64_t number, std::size_t nights, std::size_t from,
                   std::size_t at = 0, double step = 0) {
  Simulated result;
  History history;
  double before = 0;
  for (std::size_t i = 0; i < nights; ++i) {
    before = noise(kind, seed, number, i, before);
    history.newest.push_back(night_of(i, fmt::format("{}.{}", seed, number), sigma * (before + (i >= at ? step : 0))));
    if (i + 1 < from) continue;
    const SeriesVerdict verdict = judge_series(history, series_of(history).front(), 1e-9);
    bool fast = false;
    for (const Json& alarm : verdict.alarms) {
      const bool slow = alarm.at("kind") == "slow", dearer = alarm.at("state") != "improvement";
      result.either_way = result.either_way || slow;
      result.slow = result.slow || (slow && dearer);
      result.large = result.large || (slow && dearer && std::log(alarm.at("ratio").get<double>()) >= 3 * sigma);
      fast = fast || alarm.at("kind") == "fast";
      const double since = std::stod(alarm.at("since").get<std::string>());
      if (step > 0 && slow && dearer && result.found_after == 0 && std::abs(since - static_cast<double>(at)) <= 3)
        result.found_after = static_cast<int>(i + 1 - at);
    }
    result.fast = result.fast || fast;
    result.fast_nights += fast ? 1 : 0;
  }
  return result;
}

double percent(int count, int of) { return 100.0 * count / of; }

void show_false_alarms(std::uint64_t seed, int histories) {
  fmt::print("false alarms, {} histories each, 105 nights judged; share of histories with one\n", histories);
  fmt::print("{:<22} {:>8} {:>12} {:>16} {:>16} {:>12} {:>16}\n", "noise", "before", "slow alarm", "beyond 3 sigma",
             "step either way", "fast alarm", "fast per night");
  for (const Noise kind : {Noise::normal, Noise::heavy, Noise::correlated})
    for (const std::size_t before : {0U, 60U, 260U}) {
      int slow = 0, large = 0, either = 0, fast = 0, nights = 0;
#pragma omp parallel for schedule(dynamic) reduction(+ : slow, large, either, fast, nights)
      for (int h = 0; h < histories; ++h) {
        const Simulated one = simulate(kind, seed, static_cast<std::uint64_t>(h), before + 105, before + 1);
        slow += one.slow ? 1 : 0;
        large += one.large ? 1 : 0;
        either += one.either_way ? 1 : 0;
        fast += one.fast ? 1 : 0;
        nights += one.fast_nights;
      }
      fmt::print("{:<22} {:>8} {:>10.2f} % {:>14.2f} % {:>14.2f} % {:>10.2f} % {:>14.3f} %\n",
                 names[static_cast<std::size_t>(kind)], before, percent(slow, histories), percent(large, histories),
                 percent(either, histories), percent(fast, histories), percent(nights, histories * 105));
      std::fflush(stdout);
    }
}

void show_power(std::uint64_t seed, int histories) {
  fmt::print("\nsteps found by the slow alarm, {} histories each, normal noise; share found by the night\n", histories);
  fmt::print("{:<8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}\n", "step", "before", "5", "6", "7", "8", "9", "10");
  for (const double step : {2.0, 3.0})
    for (const std::size_t before : {20U, 60U, 260U}) {
      std::array<int, 11> found{};
      int* const by = found.data();
#pragma omp parallel for schedule(dynamic) reduction(+ : by[:11])
      for (int h = 0; h < histories; ++h) {
        const std::uint64_t number = (1ULL << 32) * static_cast<std::uint64_t>(step) + static_cast<std::uint64_t>(h);
        const Simulated one = simulate(Noise::normal, seed, number, before + 10, before + 1, before, step);
        for (int night = std::max(one.found_after, 0); one.found_after > 0 && night <= 10; ++night) ++by[night];
      }
      fmt::print("{:<8} {:>8}", fmt::format("{:.0f} sigma", step), before);
      for (int night = 5; night <= 10; ++night)
        fmt::print(" {:>6.1f} %", percent(found[static_cast<std::size_t>(night)], histories));
      fmt::print("\n");
      std::fflush(stdout);
    }
}

// Nights as tandem regress --add would write them: one in ten series takes a step of 10 %.
void write_history(const std::string& folder, std::size_t nights, std::size_t cases, std::uint64_t seed) {
  std::filesystem::create_directories(folder);
  for (std::size_t i = 0; i < nights; ++i) {
    Night night;
    night.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(1000000000 + 86400 * i)));
    night.root = sha256(fmt::format("{} {}", seed, i));
    night.run_class = "quick";
    night.config = sha256("made up");
    night.status = "UNOFFICIAL";
    night.program = {{"version", "0"}, {"commit", night.root.substr(12, 12)}, {"dirty", false}};
    night.machine = {{"cpu", "made up"}, {"cores", 2}};
    night.fingerprint = sha256(night.machine.dump());
    for (std::size_t c = 0; c < cases; ++c) {
      NightFigure figure;
      figure.path = fmt::format("made/up/n={}/precision=fp64/device=cpu", c);
      figure.fom = fmt::format("kernel.made.up.n={}.precision=fp64.device=cpu.rate", c);
      figure.kind = "kernel";
      figure.unit = "s";
      figure.identity = "ranks=1 threads=2";
      figure.status = "UNOFFICIAL";
      const double level = c % 10 == 0 && i + 100 > nights ? 0.1 : 0;
      for (std::size_t k = 0; k < 3; ++k)
        figure.costs.push_back(std::exp(level + 0.02 * random_normal(seed, c, 3 * i + k)));
      figure.ln_median = std::log(median(figure.costs));
      figure.counts = {{"bytes", 1e9}, {"flops", 2e9}};
      night.figures.push_back(figure);
    }
    write_file(std::filesystem::path(folder) / (night_name(night.started, night.root) + ".json"),
               to_json(night).dump() + "\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Simulates nightly histories: how often the alarms of tandem regress are wrong, and how soon right."};
  int histories = 2000;
  std::uint64_t seed = 1;
  std::string folder;
  std::size_t nights = 10000, cases = 100;
  app.add_option("--histories", histories, "Histories of each row")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--seed", seed, "Of all random numbers")->capture_default_str();
  app.add_option("--write", folder, "Instead writes a made-up history into this directory, for timing");
  app.add_option("--nights", nights, "Of the made-up history")->capture_default_str();
  app.add_option("--cases", cases, "Of the made-up history")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    if (!folder.empty()) {
      write_history(folder, nights, cases, seed);
      return 0;
    }
    fmt::print("tandem-power --histories {} --seed {}\n", histories, seed);
    show_false_alarms(seed, histories);
    show_power(seed, histories);
  } catch (const Error& error) {
    fmt::print(stderr, "tandem-power: {}\n", error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
