// Two sets of launches against one another, and the verdict on them (docs/method.md, section 6).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "harness/measure/statistics.hpp"

namespace tandem {

// Of B against A. In the order in which they are looked for.
enum class Finding { faster, slower, equivalent, different_but_small, inconclusive };
std::string finding_word(Finding finding);  // "FASTER" ... "DIFFERENT_BUT_SMALL", "INCONCLUSIVE"

// Cost of a launch of A over that of one of B, Hodges-Lehmann: how many times as fast (or frugal) B is.
struct Contrast {
  std::size_t launches_a = 0, launches_b = 0;
  Ratio ratio;  // with the 95 % interval and p
  std::optional<Interval> ci90;
  bool enough() const { return launches_a >= least_launches && launches_b >= least_launches; }
};
Contrast contrast(std::span<const double> a, std::span<const double> b);            // Mann-Whitney
Contrast contrast_in_blocks(std::span<const double> a, std::span<const double> b);  // signed rank, a[i] beside b[i]

// Whether a noise guard called the launches of either side UNSTABLE: then one of them may have been measured while the
// machine was disturbed for longer than a launch, and launches are not independent.
enum class Evenness { stable, unstable };

// `p`: after Holm's correction; `delta`: in the logarithm of the ratio. FASTER or SLOWER: p <= 0.05 and
// |ln ratio| > delta, of unstable launches every point of the 95 % interval beyond 1.5 delta; EQUIVALENT: the 90 %
// interval lies within -delta to delta; DIFFERENT_BUT_SMALL: p <= 0.05 and |ln ratio| <= delta. Else, and below 6
// launches on a side: INCONCLUSIVE.
Finding finding_of(const Contrast& contrast, double p, double delta, Evenness evenness = Evenness::stable);

}  // namespace tandem
