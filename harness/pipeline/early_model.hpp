// The model of a growing design's training under way, for the ranks of a split that simulate meanwhile, and for a
// replay: after every sixteenth of the steps, where there is a finished model after every one of the second half.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "harness/pipeline/steered.hpp"
#include "harness/ranks/latest.hpp"

namespace tandem {

class EarlyModel {
 public:
  EarlyModel(const Stage& stage, const Growing& growing);  // collective, as the destructor is

  void begin(std::size_t round);  // its training; on every rank
  // Where it is trained: the model after so many steps.
  void tell(std::size_t steps, const Learner& learner);
  // Where it is asked: takes what has come; and the newest of this round that all of `simulating` have, null before the
  // first came. Records that it proposes the cases from `first` on.
  void look();
  const Learner* newest(std::size_t first, const Ranks& simulating);
  void settle();  // on every rank, when the training is done

 private:
  const Stage& stage_;
  const Growing& growing_;
  std::unique_ptr<Latest> latest_;                        // over a split, from the first rank that trains to the root
  std::map<std::size_t, std::vector<std::byte>> images_;  // for a replay, by steps
  std::vector<std::byte> image_;                          // what came since the last was asked for
  std::unique_ptr<Learner> learner_;
  std::size_t round_ = 0;
  std::size_t steps_ = 0;  // that it has taken
};

}  // namespace tandem
