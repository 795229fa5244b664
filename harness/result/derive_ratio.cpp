// Two arms of a case against one another, paired by block.
#include "harness/result/derive_arm.hpp"

namespace tandem {

std::optional<double> seconds_of(const Judged& launch) { return launch.seconds; }

std::optional<double> seconds_without_startup(const Judged& launch) {
  return launch.seconds - launch.by_name.at("start-up");
}

std::pair<std::vector<double>, std::vector<double>> pairs(const Part& part, const std::string& a, const std::string& b,
                                                          const Quantity& of) {
  std::pair<std::vector<double>, std::vector<double>> result;
  const Arm* first = part.find(a);
  if (first == nullptr) return result;
  for (const Judged& launch : first->launches) {
    const Judged* other = launch_of_block(part.find(b), launch.record->line.at("launch"));
    if (!launch.pass() || other == nullptr || !of(launch) || !of(*other)) continue;
    result.first.push_back(*of(launch));
    result.second.push_back(*of(*other));
  }
  return result;
}

std::optional<Ratio> ratio(const Part& part, const std::string& a, const std::string& b, const Quantity& of) {
  const auto [x, y] = pairs(part, a, b, of);
  if (x.empty()) return std::nullopt;
  return hl_ratio_paired(x, y);
}

double startup_share(const Arm* arm) {
  std::vector<double> shares;
  if (arm != nullptr)
    for (const Judged& launch : arm->launches)
      if (launch.pass()) shares.push_back(launch.by_name.at("start-up") / launch.measured);
  return shares.empty() ? 0 : median(shares);
}

}  // namespace tandem
