#include "harness/decide/finding.hpp"

#include <cmath>

namespace tandem {
namespace {

constexpr double kLevel = 0.05;
constexpr double kUneven = 1.5;  // times delta: what changes between two runs, the A/A threshold does not see

bool wholly_beyond(const std::optional<Interval>& interval, double delta) {
  return interval && (std::log(interval->low) > delta || std::log(interval->high) < -delta);
}

}  // namespace

std::string finding_word(Finding finding) {
  switch (finding) {
    case Finding::faster:
      return "FASTER";
    case Finding::slower:
      return "SLOWER";
    case Finding::equivalent:
      return "EQUIVALENT";
    case Finding::different_but_small:
      return "DIFFERENT_BUT_SMALL";
    case Finding::inconclusive:
      break;
  }
  return "INCONCLUSIVE";
}

Contrast contrast(std::span<const double> a, std::span<const double> b) {
  return {a.size(), b.size(), hl_ratio(a, b), hl_ratio(a, b, 0.90).ci};
}

Contrast contrast_in_blocks(std::span<const double> a, std::span<const double> b) {
  return {a.size(), b.size(), hl_ratio_paired(a, b), hl_ratio_paired(a, b, 0.90).ci};
}

Finding finding_of(const Contrast& contrast, double p, double delta, Evenness evenness) {
  if (!contrast.enough()) return Finding::inconclusive;
  const double theta = std::log(contrast.ratio.value);
  const bool significant = p <= kLevel, beyond = std::abs(theta) > delta;
  if (significant && beyond && (evenness == Evenness::stable || wholly_beyond(contrast.ratio.ci, kUneven * delta)))
    return theta > 0 ? Finding::faster : Finding::slower;
  if (contrast.ci90 && std::log(contrast.ci90->low) >= -delta && std::log(contrast.ci90->high) <= delta)
    return Finding::equivalent;
  return significant && !beyond ? Finding::different_but_small : Finding::inconclusive;
}

}  // namespace tandem
