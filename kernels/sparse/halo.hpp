// The values of a distributed vector that neighbouring ranks need, and where theirs go: index lists on both sides,
// packed, sent and unpacked without blocking.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/ranks/ranks.hpp"

namespace tandem::kernels {

class Halo {
 public:
  // Both ranks list the values in the same order.
  struct Neighbour {
    int rank = 0;
    std::vector<std::int32_t> send;     // elements of this rank's vector
    std::vector<std::int32_t> receive;  // elements that the neighbour's values overwrite
  };

  Halo(const Ranks& ranks, std::vector<Neighbour> neighbours);

  template <typename T>  // float or double
  void begin(const T* x);
  template <typename T>
  void finish(T* x);
  template <typename T>
  void exchange(T* x) {
    begin(x);
    finish(x);
  }

  bool empty() const { return neighbours_.empty(); }
  std::vector<Neighbour>& neighbours() { return neighbours_; }

 private:
  const Ranks* ranks_;
  std::vector<Neighbour> neighbours_;
  std::vector<std::vector<std::byte>> sent_, received_;  // one a neighbour
  std::vector<Message> messages_;
  Exchange under_way_;
};

}  // namespace tandem::kernels
