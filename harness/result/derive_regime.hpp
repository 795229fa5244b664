// The parts of the derivation of the regime map; only derive.cpp and derive_regime*.cpp include this.
#pragma once

#include "harness/result/derive_parts.hpp"

namespace tandem {

Json derive_regime_point(Derivation& derivation, const Json& item);

// {"points", "sweeps", "text", "claim"}; null where the plan has no point.
//   sweeps  [{"along", "fixed", "points" (indices), "crossings", "text"}]: points that differ in one setting only,
//   whose
//           values are numbers or that is "size", in the plan's order
Json regime_map(const Json& points);

}  // namespace tandem
