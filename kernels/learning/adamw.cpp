// One sweep over parameters, gradients and moments.
#include "kernels/learning/adamw.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tandem::kernels {

namespace {

struct Factors {
  float shrink, beta1, rest1, beta2, rest2, rate, inverse2, epsilon;
};

struct Pointers {
  const float* g;
  float *w, *m, *v;
  Bf16* rounded;
};

template <bool rounded>
void sweep(const Pointers& p, const Factors& f, std::size_t size) {
  const auto count = static_cast<std::ptrdiff_t>(size);
#pragma omp parallel for simd schedule(static)
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const float g = p.g[i];
    const float m = f.beta1 * p.m[i] + f.rest1 * g, v = f.beta2 * p.v[i] + f.rest2 * g * g;
    const float w = p.w[i] * f.shrink - f.rate * m / (std::sqrt(v * f.inverse2) + f.epsilon);
    p.m[i] = m;
    p.v[i] = v;
    p.w[i] = w;
    if constexpr (rounded) store(p.rounded[i], w);
  }
}

bool is_rounded(Bf16 value, float from) {
  Bf16 right;
  store(right, from);
  return value.bits == right.bits;
}

}  // namespace

void adamw_step(const Trained& trained, const Moments& moments, const AdamWSettings& s, double rate, std::size_t t) {
  const auto steps = static_cast<double>(t);
  const double bias1 = 1 - std::pow(s.beta1, steps), bias2 = 1 - std::pow(s.beta2, steps);
  const auto f = [](double value) { return static_cast<float>(value); };
  const Factors factors{f(1 - rate * s.decay), f(s.beta1),      f(1 - s.beta1), f(s.beta2),
                        f(1 - s.beta2),        f(rate / bias1), f(1 / bias2),   f(s.epsilon)};
  const Pointers pointers{trained.gradients.data(), trained.parameters.data(), moments.m.data(), moments.v.data(),
                          trained.rounded.data()};
  if (pointers.rounded != nullptr) return sweep<true>(pointers, factors, trained.parameters.size());
  sweep<false>(pointers, factors, trained.parameters.size());
}

double adamw_error(const Trained& trained, const AdamWState& after, const AdamWState& before, const AdamWSettings& s,
                   double rate, std::size_t t) {
  const auto steps = static_cast<double>(t);
  const double bias1 = 1 - std::pow(s.beta1, steps), bias2 = 1 - std::pow(s.beta2, steps);
  constexpr double u = 4 * 0x1p-24, smallest = 0x1p-126, infinity = std::numeric_limits<double>::infinity();
  const auto d = [](float value) { return static_cast<double>(value); };
  const auto count = static_cast<std::ptrdiff_t>(before.w.size());
  double worst = 0;
  bool number = true;
#pragma omp parallel for schedule(static) reduction(max : worst) reduction(&& : number)
  for (std::ptrdiff_t at = 0; at < count; ++at) {
    const auto i = static_cast<std::size_t>(at);
    const double w = d(before.w[i]), g = d(trained.gradients[i]);
    const double old_m = s.beta1 * d(before.m[i]), new_m = (1 - s.beta1) * g;
    const double m = old_m + new_m, v = s.beta2 * d(before.v[i]) + (1 - s.beta2) * g * g;
    const double scale = rate / bias1 / (std::sqrt(v / bias2) + s.epsilon);
    const double size_m = std::abs(old_m) + std::abs(new_m);
    const double errors[] = {std::abs(d(after.m[i]) - m) / (u * size_m + smallest),
                             std::abs(d(after.v[i]) - v) / (u * v + smallest),
                             std::abs(d(after.w[i]) - w * (1 - rate * s.decay) + scale * m) /
                                 (u * (std::abs(w) + 4 * scale * size_m) + smallest),
                             trained.rounded.empty() || is_rounded(trained.rounded[i], after.w[i]) ? 0 : infinity};
    for (const double error : errors) {
      worst = std::max(worst, error);
      number = number && error == error;
    }
  }
  return number ? worst : std::numeric_limits<double>::quiet_NaN();
}

AdamW::AdamW(std::size_t parameters, AdamWSettings settings) : settings_(settings), m_(parameters), v_(parameters) {}

void AdamW::reset() {
  std::fill(m_.begin(), m_.end(), 0.0f);
  std::fill(v_.begin(), v_.end(), 0.0f);
  steps_ = 0;
}

void AdamW::keep(std::span<const float> parameters) {
  old_w_.assign(parameters.begin(), parameters.end());
  old_m_.assign(m_.begin(), m_.end());
  old_v_.assign(v_.begin(), v_.end());
}

void AdamW::step(const Trained& trained, double rate) { adamw_step(trained, {m_, v_}, settings_, rate, ++steps_); }

double AdamW::error(const Trained& trained, double rate) const {
  return adamw_error(trained, {trained.parameters, m_, v_}, before(), settings_, rate, steps_);
}

}  // namespace tandem::kernels
