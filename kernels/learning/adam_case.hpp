// The data of learning/adam, on any device, and how a step is judged: on the host, in fp64 (adamw.hpp has the formula).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/learning/adamw.hpp"

namespace tandem::kernels {

class AdamCase {
 public:
  static constexpr double rate = 1e-3;
  static constexpr std::size_t step = 10;  // any but the first: the moments are not zero

  // n and copy of the settings; throws Error for what they must not be.
  AdamCase(const Settings& settings, const KernelContext& context);

  void prepare(Data data);  // draws gradients and the state before the step

  std::size_t size() const { return n_; }
  std::size_t copy_size() const { return copied_ ? n_ : 0; }  // of the copy in bf16
  const AdamWSettings& settings() const { return settings_; }
  Buffer<float>& gradients() { return gradients_; }
  Buffer<float>& before() { return before_; }  // weights, first and second moments, one after another
  std::span<float> part(Buffer<float>& state, std::size_t i) const { return {state.data() + i * n_, n_}; }

  std::vector<Verdict> judge(Buffer<float>& state, std::span<Bf16> rounded);  // after the step
  Facts facts() const;                                                        // without a limit

 private:
  const Ranks& ranks_;
  std::uint64_t seed_;
  std::size_t n_;
  bool copied_;
  AdamWSettings settings_;
  Buffer<float> gradients_, before_;
};

// Name, parameters (n: `size`, unless given) and figure; the rest is the device's. `bytes`, and as many more as a copy
// takes: memory a parameter.
KernelEntry adam_entry(const std::string& where, const std::string& size, double bytes, double copy_bytes);

}  // namespace tandem::kernels
