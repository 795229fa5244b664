// The two ways to compute attention. T: float or Bf16, of queries, keys and values; scores and sums are fp32.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "harness/device/buffer.hpp"
#include "kernels/dense/onednn.hpp"
#include "kernels/learning/attention_reference.hpp"
#include "kernels/learning/elementwise.hpp"

namespace tandem::kernels {

// [heads, queries or tokens, width] each.
template <typename T>
struct AttentionArrays {
  const T *q, *k, *v;
  float* output;
};

// score[t] = e^((score[t] - largest) factor); returns their sum. A score so far below the largest one counts for less
// than the least float.
inline float exponentials(float* score, std::size_t count, float factor, float largest) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t t = 0; t < count; ++t) {
    score[t] = fast_exp(std::max(factor * (score[t] - largest), -87.0f));
    sum += score[t];
  }
  return sum;
}

// Of `count` scores and of `before`. (g++ 12 makes no vector code of std::max here.)
inline float largest_of(const float* score, std::size_t count, float before) {
  float largest = before;
#pragma omp simd reduction(max : largest)
  for (std::size_t t = 0; t < count; ++t) largest = score[t] > largest ? score[t] : largest;
  return largest;
}

inline float root_of(const AttentionShape& shape) {
  return static_cast<float>(1 / std::sqrt(static_cast<double>(shape.width)));
}

// All tokens at once, each seeing itself and those before. A thread takes a head's block of queries through its past,
// block by block of tokens, so that scores never leave its cache; the softmax follows along: where a block brings a
// larger score, what was summed up before is scaled down (Milakov and Gimelshein 2018; Dao et al. 2022).
template <typename T>
class Prefill {
 public:
  Prefill(const AttentionShape& shape, int threads);
  void run(const AttentionArrays<T>& arrays);

  std::string implementation() const;
  bool reference() const;

 private:
  static constexpr std::size_t most_queries = 128, most_tokens = 512;

  // The products of one shape of block.
  struct Plan {
    std::size_t queries, tokens;
    Matmul scores, mix;
  };
  struct Worker {
    Buffer<float> scores;  // [queries, tokens]
    Buffer<Bf16> weights;  // the same, rounded, where T is
    std::vector<float> largest, sums;
    std::vector<Plan> plans;
  };
  // Queries of a head from `first` on against its tokens from `token` on.
  struct Block {
    std::size_t first, queries, token, tokens;
  };

  void add_plan(Worker& worker, std::size_t queries, std::size_t tokens) const;
  void attend(Worker& worker, const AttentionArrays<T>& arrays, std::size_t head, std::size_t first) const;
  void soften(Worker& worker, const Block& block, float* output) const;

  AttentionShape shape_;
  std::vector<Worker> workers_;
};

// One new token a sequence against the cache of keys and values: every head reads its own. `scores`: [heads, tokens].
template <typename T>
void decode(const AttentionShape& shape, const AttentionArrays<T>& arrays, float* scores);

}  // namespace tandem::kernels
