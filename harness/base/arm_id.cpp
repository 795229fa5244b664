#include "harness/base/arm_id.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string_view>

#include "harness/base/check.hpp"

namespace tandem {

std::string Split::text() const { return fmt::format("{}+{}", simulating, training); }

Split Split::of(const std::string& text) {
  const auto number = [](std::string_view part) {
    int value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    return error == std::errc() && end == part.data() + part.size() ? value : 0;
  };
  const std::size_t plus = text.find('+');
  Split split;
  if (plus != std::string::npos)
    split = {number(std::string_view(text).substr(0, plus)), number(std::string_view(text).substr(plus + 1))};
  check_usage(split.simulating >= 1 && split.training >= 1,
              "split \"{}\" is not known; write the ranks that simulate and those that train: \"1+1\"", text);
  return split;
}

std::string ArmId::text() const {
  std::string text = arm;
  if (!coupling.empty()) text += ".coupling=" + coupling;
  if (is_split()) text += ".split=" + split.text();
  if (cache != "warm") text += ".cache=" + cache;
  if (handover != "fp32") text += ".handover=" + handover;
  if (design != "fixed") text += ".design=" + design;
  return text;
}

ArmId ArmId::of(const std::string& text) {
  ArmId id;
  std::istringstream parts(text);
  std::getline(parts, id.arm, '.');
  for (std::string part; std::getline(parts, part, '.');) {
    const std::size_t equal = part.find('=');
    const std::string key = part.substr(0, equal), value = equal == std::string::npos ? "" : part.substr(equal + 1);
    if (key == "coupling")
      id.coupling = value;
    else if (key == "split")
      id.split = Split::of(value);
    else if (key == "cache")
      id.cache = value;
    else if (key == "handover")
      id.handover = value;
    else if (key == "design")
      id.design = value;
    else
      check(false, "\"{}\" is no arm: what is \"{}\"?", text, part);
  }
  if (id.arm == "integrated" && id.coupling.empty()) id.coupling = "in_memory";
  return id;
}

Geometry geometry_of(const ArmId& id, int ranks, int threads) {
  if (!id.is_split()) return {ranks, threads};
  return {id.split.ranks(), std::max(1, ranks * threads / id.split.ranks())};
}

}  // namespace tandem
