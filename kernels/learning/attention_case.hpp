// The data of learning/attention, on any device, what is counted, and how outputs are judged: every one, in fp64
// (attention_reference.hpp).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/learning/attention_reference.hpp"
#include "kernels/learning/elementwise.hpp"

namespace tandem::kernels {

AttentionShape attention_shape(const Settings& settings);
double attention_bytes(const AttentionShape& shape, std::size_t element);  // of inputs and outputs

// Name and parameters (so many heads, tokens, widths unless given); make and memory: the device's.
KernelEntry attention_entry(const std::string& where, const std::string& heads, const std::string& tokens,
                            const std::string& width);

// T: float or Bf16, of queries, keys and values.
template <typename T>
class AttentionCase {
 public:
  AttentionCase(const AttentionShape& shape, const KernelContext& context);

  void prepare(Data data);

  const Buffer<T>& q() const { return q_; }  // [heads, queries, width]
  const Buffer<T>& k() const { return k_; }  // [heads, tokens, width]
  const Buffer<T>& v() const { return v_; }

  std::vector<Verdict> judge(const Buffer<float>& output) const;
  Facts facts() const;  // without notes
  const char* precision() const { return bf16 ? "bf16" : "fp32"; }

 private:
  static constexpr bool bf16 = sizeof(T) == 2;
  bool prefill() const { return shape_.queries > 1; }

  const Ranks& ranks_;
  std::uint64_t seed_;
  AttentionShape shape_;
  Buffer<T> q_, k_, v_;
};

}  // namespace tandem::kernels
