// Attention in plain fp64, to judge another one by.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

namespace tandem::kernels {

struct AttentionShape {
  std::size_t heads = 0;    // of all sequences
  std::size_t tokens = 0;   // keys and values of a head
  std::size_t queries = 0;  // tokens: each sees itself and those before; 1: it sees all
  std::size_t width = 0;
};

// Entry i of an array [heads, queries or tokens, width].
using Values = std::function<double(std::size_t)>;

// The worst |output - o| over its bound, infinity where an output is no number. A score s = q k / sqrt(d)
// computed in fp32 is off by (d + 2) u sum |q k| / sqrt(d) at most, a weight p hence by twice the row's largest such
// error, the exponential (2 units) and the sum of up to n terms; with what `rounding` of the weights adds, the output
// is off by that and n u times sum p |v| (Higham, Accuracy and Stability, sections 3.1 and 3.3). u = 2^-24.
double attention_error(const AttentionShape& shape, const Values& q, const Values& k, const Values& v,
                       std::span<const float> output, double rounding);

}  // namespace tandem::kernels
