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

// By how much a machine itself got slower and faster from A to B, by its canaries: the least and the largest logarithm
// of A's reading over B's, and 0. Nothing in [slower, faster] is to be ascribed to what was measured.
struct Shift {
  double slower = 0, faster = 0;  // <= 0 <=
};

inline constexpr double kShiftTold = 0.03;  // beyond it texts tell of a shift, as the noise guard would

// What two sets of launches stand on.
struct Ground {
  bool stable = true;          // no noise guard called either side UNSTABLE
  std::optional<Shift> shift;  // of two runs on one machine; nothing where that is not known
};

// `p`: after Holm's correction; `delta`: in the logarithm of the ratio. FASTER or SLOWER: p <= 0.05 and ln ratio beyond
// delta and the machine's own shift. Of UNSTABLE launches every point of the 95 % interval must lie there, because one
// side may have been measured while the machine was disturbed for longer than a launch; where the shift is not known
// beyond 1.5 delta. EQUIVALENT: the 90 % interval lies within -delta to delta; DIFFERENT_BUT_SMALL: p <= 0.05 and
// |ln ratio| <= delta. Else, and below 6 launches on a side: INCONCLUSIVE.
Finding finding_of(const Contrast& contrast, double p, double delta, const Ground& ground = {});

}  // namespace tandem
