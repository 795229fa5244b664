#include "harness/result/pairing_kpi.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace tandem {
namespace {

double useful(const Alternation& a) {
  return static_cast<double>(a.from_steps) * a.from_alone + static_cast<double>(a.to_steps) * a.to_alone;
}

}  // namespace

double Alternation::period() const { return useful(*this) / 2; }

double Alternation::efficiency() const { return useful(*this) / cycle; }

std::string Crossing::reason() const {
  if (period) return "";
  return fmt::format("no crossing in [{:.3g}, {:.3g}] s: {} efficiency {:.3g}", from, to,
                     least > 0.5 ? "least" : "most", least > 0.5 ? least : most);
}

Crossing half_efficiency(std::vector<CurvePoint> curve, double level) {
  Crossing found;
  if (curve.empty()) return found;
  std::sort(curve.begin(), curve.end(), [](const auto& a, const auto& b) { return a.period < b.period; });
  found.from = curve.front().period;
  found.to = curve.back().period;
  found.least = std::numeric_limits<double>::infinity();
  for (const CurvePoint& point : curve) {
    found.least = std::min(found.least, point.efficiency);
    found.most = std::max(found.most, point.efficiency);
  }
  for (std::size_t i = curve.size(); i-- > 1 && !found.period;) {
    const CurvePoint &low = curve[i - 1], &high = curve[i];
    if ((low.efficiency - level) * (high.efficiency - level) > 0 || low.efficiency == high.efficiency) continue;
    const double share = (level - low.efficiency) / (high.efficiency - low.efficiency);
    found.period = low.period * std::pow(high.period / low.period, share);
  }
  return found;
}

WarmUp warm_up_steps(std::span<const double> profile, double tolerance) {
  const auto steady = [&](std::size_t i) { return std::abs(profile[i] - 1) <= tolerance; };
  for (std::size_t i = 0; i + 1 < profile.size(); ++i)
    if (steady(i) && steady(i + 1)) return {std::max<std::size_t>(i, 1), true};
  return {profile.size(), false};
}

double warm_up_penalty(std::span<const double> steps, std::size_t k, double steady) {
  double sum = 0;
  for (const double seconds : steps.first(k)) sum += seconds;
  return sum - static_cast<double>(k) * steady;
}

double co_running_gain(double m_ij, double m_ji) { return 1 / m_ij + 1 / m_ji; }

double percentile(std::vector<double> x, double p) {
  std::sort(x.begin(), x.end());
  const double rank = std::ceil(p * static_cast<double>(x.size()) - 1e-9);
  return x[static_cast<std::size_t>(std::clamp(rank, 1.0, static_cast<double>(x.size()))) - 1];
}

std::vector<double> latencies(std::span<const double> arrivals, std::span<const double> done) {
  std::vector<double> seconds(arrivals.size());
  for (std::size_t i = 0; i < arrivals.size(); ++i) seconds[i] = done[i] - arrivals[i];
  return seconds;
}

double answered_rate(std::span<const double> arrivals, std::span<const double> done) {
  return static_cast<double>(done.size()) / (done.back() - arrivals.front());
}

}  // namespace tandem
