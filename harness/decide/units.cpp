#include "harness/decide/units.hpp"

#include <array>
#include <utility>

namespace tandem {
namespace {

struct Known {
  std::string_view text;
  double factor;
  std::string_view unit;
};

constexpr std::array whole = {Known{"s", 1, "s"},    Known{"ms", 1e-3, "s"}, Known{"us", 1e-6, "s"},
                              Known{"min", 60, "s"}, Known{"1/s", 1, "1/s"}, Known{"1/min", 1.0 / 60, "1/s"},
                              Known{"1", 1, "1"},    Known{"%", 0.01, "1"}};
constexpr std::array rates = {Known{"FLOP/s", 1, "flop/s"}, Known{"B/s", 1, "B/s"}, Known{"OP/s", 1, "op/s"},
                              Known{"VFLOP/s", 1, "vflop/s"}};
constexpr std::array<std::pair<char, double>, 6> prefixes = {
    {{'k', 1e3}, {'M', 1e6}, {'G', 1e9}, {'T', 1e12}, {'P', 1e15}, {'E', 1e18}}};

}  // namespace

std::optional<SiUnit> si_unit(std::string_view unit) {
  for (const Known& known : whole)
    if (known.text == unit) return SiUnit{known.factor, std::string(known.unit)};
  for (const Known& rate : rates) {
    if (!unit.ends_with(rate.text)) continue;
    const std::string_view prefix = unit.substr(0, unit.size() - rate.text.size());
    if (prefix.empty()) return SiUnit{1, std::string(rate.unit)};
    for (const auto& [letter, factor] : prefixes)
      if (prefix.size() == 1 && prefix[0] == letter) return SiUnit{factor, std::string(rate.unit)};
  }
  return std::nullopt;
}

}  // namespace tandem
