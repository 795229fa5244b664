#include "harness/result/stop_rule.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "harness/measure/statistics.hpp"

namespace tandem {
namespace {

// Seconds of the first `count` launches of each arm; of a kernel ("") the median of each launch's samples. Repetitions
// above a limit are another measurement and do not change how many launches were right.
using Seconds = std::map<std::string, std::vector<double>>;
Seconds seconds_of(const Records& records, const std::string& path, int count) {
  Seconds seconds;
  for (const LaunchRecord& launch : records.launches) {
    const Json& line = launch.line;
    if (line.at("case") != path || line.at("launch") >= count || line.at("id").get<std::string>().ends_with(".again"))
      continue;
    std::vector<double>& values = seconds[line.at("arm").get<std::string>()];
    if (launch.failed() || !launch.skipped().empty()) continue;
    if (line.at("kind") == "arm") values.push_back(line.at("seconds"));
    for (const Json& samples : launch.samples)
      values.push_back(median(samples.at("seconds").get<std::vector<double>>()));
  }
  return seconds;
}

std::size_t launches_run(const Records& records, const Json& item) {
  std::map<std::string, std::size_t> runs;
  for (const LaunchRecord& launch : records.launches)
    if (launch.line.at("case") == item.at("case") && !launch.line.at("id").get<std::string>().ends_with(".again"))
      ++runs[launch.line.at("arm").get<std::string>()];
  const std::size_t arms = item.contains("arms") ? item.at("arms").size() : 1;
  if (runs.size() < arms) return 0;
  std::size_t least = runs.begin()->second;
  for (const auto& [arm, count] : runs) least = std::min(least, count);
  return least;
}

constexpr double kNone = std::numeric_limits<double>::infinity();  // no interval

double half_width(const std::vector<double>& seconds) {
  const auto ci = seconds.empty() ? std::nullopt : median_ci(seconds);
  if (!ci) return kNone;
  return (ci->high - ci->low) / 2 / median(seconds);
}

}  // namespace

std::vector<std::size_t> looks_of(std::size_t least, std::size_t most) {
  std::vector<std::size_t> looks;
  for (const std::size_t look : std::array<std::size_t, 3>{10, 14, most_launches})
    if (look >= least && look <= most && most > least) looks.push_back(look);
  if (looks.empty()) looks.push_back(least);
  return looks;
}

double launch_target(bool is_kernel) { return is_kernel ? 0.01 : 0.025; }

LaunchCount launches_needed(const Records& records, const Json& item) {
  LaunchCount count;
  const std::size_t least = records.plan.at("launches"), most = records.plan.value("launches_most", least);
  count.needed = least;
  if (most <= least || item.at("kind") == "pairing") return count;  // pairings have several figures: no rule for them
  const std::size_t run = launches_run(records, item);
  const double target = launch_target(item.at("kind") == "kernel");
  for (const std::size_t look : looks_of(least, most)) {
    count.needed = look;
    count.looked = run >= look;
    if (!count.looked) break;
    bool narrow = true, whole = true;
    count.half_width.clear();
    for (const auto& [arm, seconds] : seconds_of(records, item.at("case"), static_cast<int>(look))) {
      count.half_width[arm] = half_width(seconds);
      narrow = narrow && count.half_width[arm] <= target;
      whole = whole && seconds.size() == look;
    }
    if (narrow || !whole) break;  // a case of which launches failed is not saved by more of them
  }
  return count;
}

Json convergence_json(const Records& records, const Json& item, const std::string& arm) {
  const LaunchCount count = launches_needed(records, item);
  if (!count.looked) return nullptr;
  const auto found = count.half_width.find(arm);
  const double width = found == count.half_width.end() ? kNone : found->second;
  const double limit = launch_target(item.at("kind") == "kernel");
  return {{"launches", count.needed},
          {"half_width", std::isfinite(width) ? Json(width) : Json(nullptr)},
          {"limit", limit},
          {"converged", width <= limit}};
}

std::string unconverged(const Json& convergence) {
  if (convergence.is_null() || convergence.at("converged").get<bool>()) return "";
  if (convergence.at("half_width").is_null()) return "unconverged: no interval";
  return fmt::format("unconverged: half the interval is {:.1f} % of the median after {} launches (limit {:g} %)",
                     100 * convergence.at("half_width").get<double>(), convergence.at("launches").get<std::size_t>(),
                     100 * convergence.at("limit").get<double>());
}

}  // namespace tandem
