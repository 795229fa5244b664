// AdamW (Loshchilov and Hutter 2019): m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2,
// w = w - rate decay w - rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon); one sweep, bf16 copy included.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "harness/device/buffer.hpp"
#include "kernels/learning/elementwise.hpp"

namespace tandem::kernels {

struct AdamWSettings {
  double decay = 0.01;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

// What a step reads and writes, an entry a parameter.
struct Trained {
  std::span<const float> gradients;
  std::span<float> parameters;
  std::span<Bf16> rounded;  // the parameters once more in bf16, or empty
};

struct AdamWState {
  std::span<const float> w, m, v;
};

struct Moments {
  std::span<float> m, v;
};

// Step `t` (from 1) at the learning rate `rate`.
void adamw_step(const Trained& trained, const Moments& moments, const AdamWSettings& settings, double rate,
                std::size_t t);

// The same step in fp64 from the state `before`: worst error of parameters and moments over a bound of four roundings
// of all that is added up, infinity where the rounded copy is not the nearest. NaN where there is one.
double adamw_error(const Trained& trained, const AdamWState& after, const AdamWState& before,
                   const AdamWSettings& settings, double rate, std::size_t t);

class AdamW {
 public:
  AdamW(std::size_t parameters, AdamWSettings settings);
  void reset();                                  // t = 0
  void keep(std::span<const float> parameters);  // the state before the step that is to be judged
  void step(const Trained& trained, double rate);
  double error(const Trained& trained, double rate) const;  // of the step after keep() (adamw_error)

  AdamWState before() const { return {old_w_, old_m_, old_v_}; }  // as kept
  std::size_t steps() const { return steps_; }

 private:
  AdamWSettings settings_;
  Buffer<float> m_, v_;
  std::vector<float> old_w_, old_m_, old_v_;
  std::size_t steps_ = 0;
};

}  // namespace tandem::kernels
