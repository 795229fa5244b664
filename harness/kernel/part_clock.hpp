// Adds up the time between a kernel's marks: the shares of its parts, averaged over ranks.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/kernel/marks.hpp"
#include "harness/ranks/ranks.hpp"

namespace tandem {

class PartClock final : public Marks {
 public:
  int part(const std::string& name) override;
  void enter(int part) override;
  void leave();  // after each run()
  void reset();  // forgets the times, keeps the names

  // "time in panel" -> "9.1 %" of all parts together; empty without marks. Collective.
  std::map<std::string, std::string> shares(const Ranks& ranks) const;

 private:
  std::vector<std::string> names_;
  std::vector<double> seconds_;
  int open_ = -1;
  double since_ = 0;
};

}  // namespace tandem
