// The outcome of one check on a result: a dimensionless value against its limit. A NaN never passes.
#pragma once

#include <string>
#include <vector>

namespace tandem {

struct Verdict {
  std::string check;  // what was checked: "freivalds, exact", "componentwise error / bound"
  double value = 0;   // measured
  double limit = 0;   // passes iff value <= limit
  bool pass() const { return value <= limit; }
};

inline bool all_pass(const std::vector<Verdict>& verdicts) {
  for (const Verdict& verdict : verdicts)
    if (!verdict.pass()) return false;
  return !verdicts.empty();  // nothing checked is nothing proved
}

}  // namespace tandem
