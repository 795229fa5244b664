// Streamed coupling: the ranks that simulate go on with new cases until the others have taken all their steps, and
// batches are drawn from a reservoir of what has come. How much comes depends on the machine: science of its own, with
// a name of its own. After Meyer et al., "High Throughput Training of Deep Surrogates from Large Ensemble Runs", SC
// 2023 (arXiv 2309.16743): training on a stream through a reservoir.
#pragma once

#include <cstddef>
#include <vector>

#include "harness/pipeline/stages.hpp"

namespace tandem {

// At most `capacity` samples; a new one takes a place drawn from (seed, number of samples that came) once it is full.
class Reservoir {
 public:
  Reservoir(std::size_t capacity, std::uint64_t seed) : capacity_(capacity), seed_(seed) {}

  void add(Sample&& sample);
  const std::vector<Sample>& samples() const { return samples_; }
  std::vector<Sample>& samples() { return samples_; }
  std::size_t came() const { return came_; }
  std::size_t bytes() const { return bytes_; }                        // of all that came
  std::vector<Pair> draw(std::size_t step, std::size_t count) const;  // uniformly, with repetition

 private:
  std::size_t capacity_;
  std::uint64_t seed_;
  std::size_t came_ = 0, bytes_ = 0;
  std::vector<Sample> samples_;
};

void simulate_stream(const Stage& stage, Handover& handover, std::size_t block);  // until enough has been said
Trained train_streamed(const Stage& stage, Handover& handover);

}  // namespace tandem
