// Units as publications write them, in SI: "17.4 PFLOP/s" is 1.74e16 flop/s.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tandem {

struct SiUnit {
  double factor;     // value in SI = value * factor
  std::string unit;  // "flop/s", "B/s", "s", "1/s", "op/s", "vflop/s", "1"
};

// Prefixes k to E for rates, decimal; s, ms, us, min; 1/min; 1 and %. None for anything else.
std::optional<SiUnit> si_unit(std::string_view unit);

}  // namespace tandem
