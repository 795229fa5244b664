// Limits: canary 3 %, steal 0.5 %, foreign CPU 2 %, throttling 0, spread 1.4826 MAD / median 5 % (kernel) or 10 %
// (pipeline). A trend counts when it is significant at 0.001 (a hundred cases judged in one run then raise about one
// false alarm in ten runs) and moves the median by more than 3 % (kernel) or 5 % (pipeline), the least difference on
// which a comparison ever decides.
#include "harness/measure/noise.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/device/buffer.hpp"
#include "harness/measure/clock.hpp"
#include "harness/measure/statistics.hpp"

namespace tandem {

namespace {

volatile double canary_sink = 0;  // keeps the loops' results alive

// 64 independent multiply-adds per step: enough to fill the pipelines of any width, nothing leaves the registers.
void fma_pass() {
  double sum = 0;
#pragma omp parallel reduction(+ : sum)
  {
    std::array<double, 64> x{};
    for (std::size_t j = 0; j < x.size(); ++j) x[j] = static_cast<double>(j);
    for (int step = 0; step < 400'000; ++step)
#pragma omp simd
      for (std::size_t j = 0; j < 64; ++j) x[j] = x[j] * 0.999999 + 1e-6;
    for (double value : x) sum += value;
  }
  canary_sink = sum;
}

// The median seconds of a pass, repeated for about 20 ms and at least 5 times, after one pass to warm up.
template <typename Pass>
double canary(const Pass& pass) {
  pass();
  std::vector<double> seconds;
  const double begin = now_seconds();
  while (seconds.size() < 5 || now_seconds() - begin < 0.02) {
    const double start = now_seconds();
    pass();
    seconds.push_back(now_seconds() - start);
  }
  return median(seconds);
}

double triad_canary() {
  static constexpr std::size_t n = std::size_t{1} << 19;  // 3 arrays of 4 MiB: beyond most L2 caches, cheap to touch
  static Buffer<double> a(n);
  static Buffer<double> b(n);
  static Buffer<double> c(n);
  const double seconds = canary([] {
    double* to = a.data();
    const double* x = b.data();
    const double* y = c.data();
#pragma omp parallel for simd schedule(static)
    for (std::size_t i = 0; i < n; ++i) to[i] = x[i] + 3.0 * y[i];
  });
  canary_sink = a[n / 2];
  return seconds;
}

double cpu_of(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Sum over all processors of core and package throttling events; Intel only.
std::optional<double> read_throttles(const std::filesystem::path& root) {
  std::optional<double> events;
  std::error_code absent;
  for (const auto& cpu : std::filesystem::directory_iterator(root / "sys/devices/system/cpu", absent))
    for (const char* counter : {"core_throttle_count", "package_throttle_count"}) {
      std::ifstream file(cpu.path() / "thermal_throttle" / counter);
      if (double count = 0; file >> count) events = events.value_or(0) + count;
    }
  return events;
}

// nr_throttled of this process's control group, version 2 or version 1's cpu controller.
std::optional<double> read_quota(const std::filesystem::path& root) {
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = fmt::format(",{},", line.substr(first + 1, second - first - 1));
    if (controllers != ",," && controllers.find(",cpu,") == std::string::npos) continue;
    const std::filesystem::path mount = root / "sys/fs/cgroup" / (controllers == ",," ? "" : "cpu");
    std::ifstream file(mount / line.substr(std::min(second + 2, line.size())) / "cpu.stat");
    std::string key;
    for (double value = 0; file >> key >> value;)
      if (key == "nr_throttled") return value;
  }
  return std::nullopt;
}

// Sums the CPU time, counts the ranks and joins the processor masks of the ranks on this node. The ranks meet before
// they look: one that came early spins in MPI, and that time must not pass for another program's.
void read_node(const Ranks& ranks, NoiseReading& reading) {
  MPI_Comm node = MPI_COMM_NULL;
  if (ranks.size() > 1) {
    MPI_Comm_split_type(ranks.comm(), MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_size(node, &reading.ranks);
    MPI_Barrier(node);
  }
  cpu_set_t mask;
  CPU_ZERO(&mask);
  sched_getaffinity(0, sizeof mask, &mask);
  reading.own_cpu = cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN);
  if (ranks.size() > 1) {
    MPI_Allreduce(MPI_IN_PLACE, &reading.own_cpu, 1, MPI_DOUBLE, MPI_SUM, node);
    MPI_Allreduce(MPI_IN_PLACE, &mask, static_cast<int>(sizeof mask), MPI_BYTE, MPI_BOR, node);
    MPI_Comm_free(&node);
  }
  reading.cores = std::max(1, CPU_COUNT(&mask));
}

}  // namespace

std::optional<CpuSeconds> read_cpu_seconds(const std::filesystem::path& root) {
  std::ifstream file(root / "proc/stat");
  CpuSeconds cpu;
  cpu.tick = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  for (std::string line; std::getline(file, line) && line.starts_with("cpu");) {
    std::istringstream fields(line);
    std::string name;
    fields >> name;
    if (name != "cpu") {
      ++cpu.cpus;
      continue;
    }
    std::array<double, 8> ticks{};  // user nice system idle iowait irq softirq steal
    for (double& value : ticks) fields >> value;
    for (double value : ticks) cpu.total += value * cpu.tick;
    cpu.steal = ticks[7] * cpu.tick;
    cpu.busy = cpu.total - (ticks[3] + ticks[4]) * cpu.tick - cpu.steal;
  }
  if (!(cpu.total > 0)) return std::nullopt;
  return cpu;
}

NoiseReading read_noise(const Ranks& ranks, int threads, const std::filesystem::path& root) {
  NoiseReading reading;
  reading.threads = threads;
  ranks.barrier();
  reading.fma = canary(fma_pass);
  ranks.barrier();
  reading.triad = triad_canary();
  reading.throttles = read_throttles(root);
  reading.quota = read_quota(root);
  read_node(ranks, reading);
  reading.cpu = read_cpu_seconds(root);
  reading.seconds = now_seconds();
  return reading;
}

namespace {

constexpr double absent = -std::numeric_limits<double>::infinity();  // loses against every value in a maximum

struct Check {
  std::string name;
  std::string happened;  // between name and value
  std::string missing;   // why it was not judged
  double limit = 0;
  std::string unit;
  double value = absent;
  std::vector<double> seconds = {};  // of a canary, before and after
};

double drift(const std::optional<double>& before, const std::optional<double>& after) {
  if (!before || !after || !(*before > 0) || !std::isfinite(*after)) return absent;
  return 100 * std::abs(*after / *before - 1);
}

std::vector<double> both(const std::optional<double>& before, const std::optional<double>& after) {
  return before && after ? std::vector<double>{*before, *after} : std::vector<double>();
}

double rise(const std::optional<double>& before, const std::optional<double>& after) {
  return before && after ? std::max(0.0, *after - *before) : absent;
}

// Per cent of the node's CPU time that went to `seconds`, less what the step of the counters may have added.
double share(double seconds, double steps, const CpuSeconds& before, const CpuSeconds& after) {
  const double total = after.total - before.total;
  if (!(total > 0)) return absent;
  return 100 * std::max(0.0, seconds - steps * after.tick) / total;
}

std::vector<Check> measure(const NoiseReading& before, const NoiseReading& after, std::span<const double> samples,
                           bool is_kernel) {
  const bool usable = samples.size() >= 3 &&
                      std::all_of(samples.begin(), samples.end(), [](double x) { return std::isfinite(x) && x > 0; });
  double spread = absent;
  double change = absent;
  if (usable) {
    spread = 100 * 1.4826 * mad(samples) / median(samples);
    if (const auto found = trend(samples)) change = found->p <= 0.001 ? 100 * std::abs(found->change) : 0;
  }
  double steal = absent;
  double foreign = absent;
  if (before.cpu && after.cpu) {
    const double own = after.own_cpu - before.own_cpu;
    steal = share(after.cpu->steal - before.cpu->steal, 1, *before.cpu, *after.cpu);
    foreign = share(after.cpu->busy - before.cpu->busy - own, after.cpu->cpus + 1, *before.cpu, *after.cpu);
  }
  const double load = 100.0 * after.ranks * after.threads / after.cores;
  const std::string no_stat = "no CPU times in /proc/stat";
  return {{"spread", "1.4826 MAD / median was", "fewer than 3 usable samples", is_kernel ? 5.0 : 10.0, " %", spread},
          {"trend", "significant change over the samples was", "fewer than 10 samples", is_kernel ? 3.0 : 5.0, " %",
           change},
          {"canary fma", "drifted", "no canary", 3, " %", drift(before.fma, after.fma), both(before.fma, after.fma)},
          {"canary triad", "drifted", "no canary", 3, " %", drift(before.triad, after.triad),
           both(before.triad, after.triad)},
          {"steal", "time taken by the hypervisor was", no_stat, 0.5, " %", steal},
          {"foreign CPU", "time of other programs was", no_stat, 2, " %", foreign},
          {"throttling", "counted", "no throttling counters", 0, " events", rise(before.throttles, after.throttles)},
          {"CPU quota", "stopped the run in", "no quota counters", 0, " periods", rise(before.quota, after.quota)},
          {"oversubscription", "ranks x threads over processors was", "", 100, " %", load}};
}

std::vector<Reason> judge(const std::vector<Check>& checks) {
  std::vector<Reason> reasons;
  reasons.reserve(checks.size());
  for (const Check& check : checks) {
    Reason reason{check.name, std::nullopt, check.limit, false, "", check.seconds};
    if (check.value == absent) {
      reason.text = fmt::format("{} not judged: {}", check.name, check.missing);
    } else {
      reason.value = check.value;
      reason.unstable = !(check.value <= check.limit);
      reason.text = fmt::format("{} {} {:.3g}{} (limit {:g}{})", check.name, check.happened, check.value, check.unit,
                                check.limit, check.unit);
    }
    reasons.push_back(reason);
  }
  return reasons;
}

}  // namespace

std::vector<Reason> judge_noise(const NoiseReading& before, const NoiseReading& after, std::span<const double> samples,
                                bool is_kernel) {
  return judge(measure(before, after, samples, is_kernel));
}

std::vector<Reason> judge_noise(const NoiseReading& before, const NoiseReading& after, std::span<const double> samples,
                                bool is_kernel, const Ranks& ranks) {
  std::vector<Check> checks = measure(before, after, samples, is_kernel);
  std::vector<double> values;
  values.reserve(checks.size());
  for (const Check& check : checks) values.push_back(check.value);
  ranks.max(values);
  for (std::size_t i = 0; i < checks.size(); ++i) checks[i].value = values[i];
  for (Check& check : checks) ranks.max(check.seconds);
  return judge(checks);
}

bool unstable(const std::vector<Reason>& reasons) {
  return std::any_of(reasons.begin(), reasons.end(), [](const Reason& reason) { return reason.unstable; });
}

Json noise_record(const std::vector<Reason>& reasons) {
  Json checks = Json::array();
  for (const Reason& reason : reasons) {
    checks.push_back({{"check", reason.check},
                      {"value", reason.value ? Json(*reason.value) : Json(nullptr)},
                      {"limit", reason.limit},
                      {"unstable", reason.unstable},
                      {"text", reason.text}});
    if (!reason.seconds.empty()) checks.back()["seconds"] = reason.seconds;
  }
  return {{"record", "noise"}, {"checks", checks}};
}

}  // namespace tandem
