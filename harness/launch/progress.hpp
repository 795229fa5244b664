// What the user sees while a run goes on: on a terminal one live line with what runs, how far, and the time left; in a
// log one plain line a launch.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tandem {

class Progress {
 public:
  // `expected` seconds of each launch, a guess that is corrected by what the finished ones took.
  Progress(std::vector<double> expected, bool terminal);
  void begin(std::size_t launch, const std::string& what);
  void tick();                           // refreshes the live line
  void end(const std::string& outcome);  // "" = as it should be

 private:
  double left() const;
  void show(const std::string& line);
  std::vector<double> expected_;
  bool terminal_;
  std::size_t launch_ = 0;
  std::string what_;
  double begin_ = 0;
  double planned_done_ = 0, really_done_ = 0;
};

}  // namespace tandem
