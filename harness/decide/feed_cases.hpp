// What every feed tells of a result, kind by kind: its cases with status, reasons and the times of their launches.
#pragma once

#include <string>
#include <vector>

#include "harness/base/json.hpp"

namespace tandem {

struct FeedCase {
  std::string name;  // the case's path; of a pipeline or a point of the map with its arm
  std::string status;
  std::vector<std::string> reasons;
  int threads = 1;              // ranks x threads
  std::vector<double> seconds;  // of each launch; empty where there is no figure, and of pairings
  std::size_t samples = 0;      // of all launches; 0: a launch is one
  double work = 0;              // of a kernel with a rate: value x time
  std::string work_unit;        // "flop/s", "B/s" or ""
  std::string label;            // status, and what qualifies the figure
};

// Kernels, pipelines' arms, pairings and the points of the regime map, in the document's order.
std::vector<FeedCase> feed_cases(const Json& document);

}  // namespace tandem
