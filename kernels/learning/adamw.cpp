// One sweep over parameters, gradients and moments.
#include "kernels/learning/adamw.hpp"

#include <algorithm>
#include <cmath>

namespace tandem::kernels {

namespace {

struct Factors {
  float shrink, beta1, rest1, beta2, rest2, rate, inverse2, epsilon;
};

struct Pointers {
  const float* g;
  float *w, *m, *v;
  Bf16* rounded;
  float *old_w, *old_m, *old_v;
};

template <bool rounded, bool keep>
void sweep(const Pointers& p, const Factors& f, std::size_t size) {
  const auto count = static_cast<std::ptrdiff_t>(size);
#pragma omp parallel for simd schedule(static)
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    if constexpr (keep) {
      p.old_w[i] = p.w[i];
      p.old_m[i] = p.m[i];
      p.old_v[i] = p.v[i];
    }
    const float g = p.g[i];
    const float m = f.beta1 * p.m[i] + f.rest1 * g, v = f.beta2 * p.v[i] + f.rest2 * g * g;
    const float w = p.w[i] * f.shrink - f.rate * m / (std::sqrt(v * f.inverse2) + f.epsilon);
    p.m[i] = m;
    p.v[i] = v;
    p.w[i] = w;
    if constexpr (rounded) store(p.rounded[i], w);
  }
}

}  // namespace

AdamW::AdamW(std::size_t parameters, AdamWSettings settings, bool keep)
    : settings_(settings),
      m_(parameters),
      v_(parameters),
      old_w_(keep ? parameters : 0),
      old_m_(keep ? parameters : 0),
      old_v_(keep ? parameters : 0) {}

void AdamW::reset() {
  std::fill(m_.begin(), m_.end(), 0.0f);
  std::fill(v_.begin(), v_.end(), 0.0f);
  steps_ = 0;
}

void AdamW::step(Mlp& mlp, double rate) {
  const auto t = static_cast<double>(++steps_);
  const auto& s = settings_;
  const double bias1 = 1 - std::pow(s.beta1, t), bias2 = 1 - std::pow(s.beta2, t);
  const auto f = [](double value) { return static_cast<float>(value); };
  const Factors factors{f(1 - rate * s.decay), f(s.beta1),      f(1 - s.beta1), f(s.beta2),
                        f(1 - s.beta2),        f(rate / bias1), f(1 / bias2),   f(s.epsilon)};
  const Pointers pointers{mlp.gradients().data(), mlp.parameters().data(), m_.data(),     v_.data(),
                          mlp.rounded().data(),   old_w_.data(),           old_m_.data(), old_v_.data()};
  const bool rounded = !mlp.rounded().empty(), keep = old_w_.size() > 0;
  const auto size = m_.size();
  if (rounded) return keep ? sweep<true, true>(pointers, factors, size) : sweep<true, false>(pointers, factors, size);
  return keep ? sweep<false, true>(pointers, factors, size) : sweep<false, false>(pointers, factors, size);
}

}  // namespace tandem::kernels
