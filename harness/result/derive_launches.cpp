// K4 and K5 of an arm: a value in each launch, their median and its interval (docs/method.md, 4.3).
#include <optional>

#include "harness/result/derive_arm.hpp"

namespace tandem {
namespace {

// The phases alone on the same resources, in the launch's block. A growing design runs phase after phase: its own.
const Judged* isolated_of(const Part& part, const Arm& arm, const Judged& launch) {
  return arm.id.grows() ? &launch : launch_of_block(part.find(kInMemory), launch.record->line.at("launch"));
}

std::optional<Efficiency> efficiency_of(const Part& part, const Arm& arm, const Judged& launch) {
  const Judged* isolated = isolated_of(part, arm, launch);
  if (isolated == nullptr) return std::nullopt;
  return efficiency(launch.closed, launch.record->line.at("ranks"), launch.measured, isolated->phases());
}

}  // namespace

Json efficiency_json(const Part& part, const Arm& arm, const Judged& middle) {
  if (!arm.id.trains()) return {{"value", nullptr}, {"reason", "one workflow: nothing is crossed"}};
  const auto e = efficiency_of(part, arm, middle);
  if (!e) return {{"value", nullptr}, {"reason", "phases alone were not measured: it takes the integrated arm"}};
  std::vector<double> values;
  for (const Judged& launch : arm.launches)
    if (const auto one = launch.pass() ? efficiency_of(part, arm, launch) : std::nullopt)
      values.push_back(one->value());
  return {{"value", values.empty() ? e->value() : median(values)},
          {"ci95", values.empty() ? Json(nullptr) : ci_json(median_ci(values))},
          {"launch_values", values},
          {"eta_wait", e->eta_wait()},
          {"eta_transition", e->eta_transition()},
          {"eta_dilation", e->eta_dilation()},
          {"A", e->phases},
          {"X", e->transitions},
          {"Z", e->waiting},
          {"slots", e->slots},
          {"seconds", e->seconds},
          {"isolated", e->isolated}};
}

std::vector<double> amplifications(const Arm& arm, const Judged& middle) {
  std::vector<double> values;
  if (!arm.id.trains()) return values;
  for (const Judged& launch : arm.launches)
    if (launch.pass() && launch.useful > 0) values.push_back(movement_amplification(launch.bytes, launch.useful));
  if (values.empty() && middle.useful > 0) values.push_back(movement_amplification(middle.bytes, middle.useful));
  return values;
}

}  // namespace tandem
