// Which figures of two results may be compared, and why the others may not (docs/method.md, section 6).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/decide/evidence.hpp"

namespace tandem {

struct Match {
  const Evidence* a = nullptr;  // nullptr: only in the other
  const Evidence* b = nullptr;
  std::string refusal;  // "" = they may be compared
};

// By name, in A's order, then what only B has. Refused: no figure on a side (skipped, INVALID, unmetered ...), or an
// identity that differs; of a figure without a partner the nearest of the other result is named.
// `labels` name the two in the reasons.
std::vector<Match> matched(const std::vector<Evidence>& a, const std::vector<Evidence>& b,
                           const std::pair<std::string, std::string>& labels = {"A", "B"});

// Of what differs, each as "cache state: warm | cold".
std::vector<std::string> identity_differences(const Identity& a, const Identity& b);

}  // namespace tandem
