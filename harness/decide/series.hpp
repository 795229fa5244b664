// What a history says of one figure of merit, night by night: the series that the alarms judge (docs/method.md, 6).
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/decide/history.hpp"

namespace tandem {

struct SeriesPoint {
  std::size_t night = 0;  // in History::newest
  double ln = 0;          // of the median cost
  double low = 0, high = 0;
  std::size_t launches = 0;
  bool unstable = false;  // a noise guard had fired
  bool own = false;       // of the newest night's machine and identity, and not before what was accepted
};

// From this night on the series starts anew.
struct Boundary {
  std::size_t night = 0;
  std::string why;
};

struct Series {
  std::string fom, path, kind, unit;
  std::vector<SeriesPoint> points;  // in order of time; nights without a figure have none
  std::vector<Boundary> boundaries;
  std::map<std::string, std::vector<std::pair<std::size_t, double>>> counts;  // deterministic, by night, own only
  std::string newest_status, newest_reason;  // of the newest night; "" where it does not know this figure

  std::vector<const SeriesPoint*> own() const;
};

// One for each figure of the newest night, in its order, then those that only older nights of its machine have.
std::vector<Series> series_of(const History& history);

// What differs between two nights, a line each: "commit: 1f00aa -> 2b31c0", "libraries/blas/version: a -> b".
std::vector<std::string> differences_of(const Night& before, const Night& after);

}  // namespace tandem
