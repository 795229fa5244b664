// The AdamW step on a device (adamw.hpp has the formula), a thread a parameter.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "harness/device/gpu_memory.hpp"
#include "kernels/learning/adamw.hpp"
#include "kernels/learning/gpu_bf16.hpp"

namespace tandem::GPU_VENDOR {

struct AdamWFactors {
  float shrink, beta1, rest1, beta2, rest2, rate, inverse2, epsilon;
};

// Of step t, from 1.
inline AdamWFactors adamw_factors(const kernels::AdamWSettings& s, double learning_rate, std::size_t t) {
  const auto steps = static_cast<double>(t);
  const double bias1 = 1 - std::pow(s.beta1, steps), bias2 = 1 - std::pow(s.beta2, steps);
  const auto f = [](double value) { return static_cast<float>(value); };
  return {f(1 - learning_rate * s.decay), f(s.beta1),   f(1 - s.beta1), f(s.beta2), f(1 - s.beta2),
          f(learning_rate / bias1),       f(1 / bias2), f(s.epsilon)};
}

// `state`: weights, first and second moments, one after another. `rounded`: the weights once more in bf16, or null.
template <typename Bits>
GPU_FUNCTION void adamw_entry(float* state, const float* gradients, Bits* rounded, const AdamWFactors& f, std::size_t i,
                              std::size_t n) {
  const float g = gradients[i];
  const float m = f.beta1 * state[n + i] + f.rest1 * g, v = f.beta2 * state[2 * n + i] + f.rest2 * g * g;
  const float w = state[i] * f.shrink - f.rate * m / (sqrtf(v * f.inverse2) + f.epsilon);
  state[i] = w;
  state[n + i] = m;
  state[2 * n + i] = v;
  if (rounded != nullptr) put(rounded[i], w);
}

template <typename Bits>
GPU_KERNEL void adamw(float* state, const float* gradients, Bits* rounded, AdamWFactors factors, std::size_t n) {
  const std::size_t i = grid_index();
  if (i < n) adamw_entry(state, gradients, rounded, factors, i, n);
}

// Waits for nothing.
inline void start_adamw(float* state, const float* gradients, std::uint16_t* rounded, const AdamWFactors& factors,
                        std::size_t n) {
  constexpr unsigned threads = 256;
  launch(adamw<std::uint16_t>, blocks_for(n, threads), threads, state, gradients, rounded, factors, n);
}

struct AdamWProgress {
  double power1, power2;  // of the betas
  AdamWFactors factors;   // of this step
};

// One thread.
template <typename Progress>
GPU_KERNEL void adamw_advance(Progress* progress, double beta1, double beta2, double learning_rate) {
  progress->power1 *= beta1;
  progress->power2 *= beta2;
  progress->factors.rate = static_cast<float>(learning_rate / (1 - progress->power1));
  progress->factors.inverse2 = static_cast<float>(1 / (1 - progress->power2));
}

template <typename Bits>
GPU_KERNEL void adamw_of(const AdamWFactors* factors, float* state, const float* gradients, Bits* rounded,
                         std::size_t n) {
  const std::size_t i = grid_index();
  if (i < n) adamw_entry(state, gradients, rounded, *factors, i, n);
}

// The same by factors that lie on the device, so that a step can be recorded and replayed.
inline void start_adamw(float* state, const float* gradients, std::uint16_t* rounded, const AdamWFactors* factors,
                        std::size_t n) {
  constexpr unsigned threads = 256;
  launch(adamw_of<std::uint16_t>, blocks_for(n, threads), threads, factors, state, gradients, rounded, n);
}

// Factors at one rate from step to step, made on the device.
class AdamWSteps {
 public:
  explicit AdamWSteps(double learning_rate) : rate_(learning_rate), progress_(1) {}

  void restart() {  // the next step is the first; waits
    Buffer<AdamWProgress> progress(1);
    progress[0] = {1, 1, adamw_factors(settings_, rate_, 1)};
    progress_.upload(progress);
  }
  // Those of the next step; waits for nothing.
  const AdamWFactors* advance() {
    launch(adamw_advance<AdamWProgress>, 1, 1, progress_.data(), settings_.beta1, settings_.beta2, rate_);
    return &progress_.data()->factors;
  }

 private:
  kernels::AdamWSettings settings_;
  double rate_;
  DeviceBuffer<AdamWProgress> progress_;
};

}  // namespace tandem::GPU_VENDOR
