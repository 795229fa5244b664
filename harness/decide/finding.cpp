#include "harness/decide/finding.hpp"

#include <cmath>

namespace tandem {
namespace {

constexpr double kLevel = 0.05;
constexpr double kUneven = 1.5;  // times delta: what changes between two runs, the A/A threshold does not see

// Whether a figure lies surely enough above the one limit or below the other.
bool beyond(const Ratio& ratio, double low, double high, bool stable) {
  const Interval point{ratio.value, ratio.value};
  const std::optional<Interval> judged = stable ? std::optional(point) : ratio.ci;
  return judged && (std::log(judged->low) > high || std::log(judged->high) < low);
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

Finding finding_of(const Contrast& contrast, double p, double delta, const Ground& ground) {
  if (!contrast.enough()) return Finding::inconclusive;
  const double theta = std::log(contrast.ratio.value);
  const double least = ground.stable || ground.shift ? delta : kUneven * delta;
  const Shift shift = ground.shift.value_or(Shift());
  const bool significant = p <= kLevel;
  if (significant && beyond(contrast.ratio, shift.slower - least, shift.faster + least, ground.stable))
    return theta > 0 ? Finding::faster : Finding::slower;
  if (contrast.ci90 && std::log(contrast.ci90->low) >= -delta && std::log(contrast.ci90->high) <= delta)
    return Finding::equivalent;
  return significant && std::abs(theta) <= delta ? Finding::different_but_small : Finding::inconclusive;
}

}  // namespace tandem
