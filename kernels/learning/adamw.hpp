// AdamW (Loshchilov and Hutter 2019): m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2,
// w = w - rate decay w - rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon); one sweep, bf16 copy included.
#pragma once

#include "kernels/learning/mlp.hpp"

namespace tandem::kernels {

struct AdamWSettings {
  double decay = 0.01;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

class AdamW {
 public:
  // `keep`: step() also stores the state it started from, so that a step can be judged afterwards.
  AdamW(std::size_t parameters, AdamWSettings settings, bool keep = false);
  void reset();                      // t = 0
  void step(Mlp& mlp, double rate);  // from mlp.gradients()

  struct State {
    std::span<const float> w, m, v;
  };
  State before() const { return {old_w_, old_m_, old_v_}; }  // where `keep`
  std::span<const float> m() const { return m_; }
  std::span<const float> v() const { return v_; }
  std::size_t steps() const { return steps_; }
  const AdamWSettings& settings() const { return settings_; }

 private:
  AdamWSettings settings_;
  Buffer<float> m_, v_, old_w_, old_m_, old_v_;
  std::size_t steps_ = 0;
};

}  // namespace tandem::kernels
