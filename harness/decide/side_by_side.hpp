// What two or more results were measured on and with, line by line.
#pragma once

#include <vector>

#include "harness/base/json.hpp"

namespace tandem {

// One result: its document and its plan.
struct Setting {
  const Json* document = nullptr;
  const Json* plan = nullptr;
};

// [{"group": "machine" | "libraries" | "environment" | "program" | "plan" | "cases", "name", "values": [text, one a
// result], "differs"}]. Of lists (instruction sets) the part that not all have; of cases only threads that differ.
Json settings_side_by_side(const std::vector<Setting>& results);

// The machine's own limits and every figure of merit that is not compared: [{"name", "unit", "values": [{"value",
// "ci95", "launches", "status", "reason"} or null]}], in the order in which they are first met.
Json limits_side_by_side(const std::vector<Setting>& results);
Json figures_side_by_side(const std::vector<Setting>& results);

}  // namespace tandem
