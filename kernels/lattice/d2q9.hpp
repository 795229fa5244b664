// A cell of the D2Q9 lattice (boltzmann_solver.hpp has the scheme) for devices: constexpr, so that their compilers take
// it as the host's does. Directions: 0 rest, 1 +x, 2 +y, 3 -x, 4 -y, 5 +x+y, 6 -x+y, 7 -x-y, 8 +x-y.
#pragma once

#include <cstddef>

namespace tandem::kernels::d2q9 {

constexpr float w0 = 4.0f / 9, w1 = 1.0f / 9, w5 = 1.0f / 36;  // of rest, of 1 to 4, of 5 to 8

struct Rates {
  float even, odd;
};

struct Populations {
  float f0, f1, f2, f3, f4, f5, f6, f7, f8;
};

// With n the deviation from equilibrium of the even and odd parts of a pair of populations:
//   even' = even - (1 - B) w+ n+ - B (feq+ - w r),  odd' = odd - ((1 - B) w- + 2 B) n- - B feq-.
constexpr Populations collided(const Populations& f, float b, const Rates& rates) {
  const float p1 = f.f1 + f.f3, m1 = f.f1 - f.f3, p2 = f.f2 + f.f4, m2 = f.f2 - f.f4;
  const float p5 = f.f5 + f.f7, m5 = f.f5 - f.f7, p6 = f.f6 + f.f8, m6 = f.f6 - f.f8;
  const float r = f.f0 + ((p1 + p2) + (p5 + p6)), u = m1 + (m5 - m6), v = m2 + (m5 + m6);
  const float uu = u * u, vv = v * v, d5 = u + v, d6 = v - u, rest = r - 1.5f * (uu + vv);
  const float a_even = rates.even - b * rates.even, a_odd = rates.odd + b * (2 - rates.odd);
  const float keep_even = 0.5f - 0.5f * a_even, keep_odd = 0.5f - 0.5f * a_odd;
  const float to_even = a_even - b, to_odd = a_odd - b, still = to_even * rest + b * r;
  const float s1 = w1 * still, s5 = w5 * still, e1 = (4.5f * w1) * to_even, e5 = (4.5f * w5) * to_even;
  const float o1 = (3 * w1) * to_odd, o5 = (3 * w5) * to_odd;
  const float even1 = keep_even * p1 + (e1 * uu + s1), odd1 = keep_odd * m1 + o1 * u;
  const float even2 = keep_even * p2 + (e1 * vv + s1), odd2 = keep_odd * m2 + o1 * v;
  const float even5 = keep_even * p5 + (e5 * (d5 * d5) + s5), odd5 = keep_odd * m5 + o5 * d5;
  const float even6 = keep_even * p6 + (e5 * (d6 * d6) + s5), odd6 = keep_odd * m6 + o5 * d6;
  return {(1 - a_even) * f.f0 + w0 * still,
          even1 + odd1,
          even2 + odd2,
          even1 - odd1,
          even2 - odd2,
          even5 + odd5,
          even6 + odd6,
          even5 - odd5,
          even6 - odd6};
}

constexpr Populations in_equilibrium(float r, float u, float v) {
  const float rest = r - 1.5f * (u * u + v * v);
  const auto of = [rest](float weight, float cu) { return weight * (rest + 3 * cu + 4.5f * cu * cu); };
  return {of(w0, 0),     of(w1, u),     of(w1, v),      of(w1, -u),   of(w1, -v),
          of(w5, u + v), of(w5, v - u), of(w5, -u - v), of(w5, u - v)};
}

// Momentum of the populations; of a cell in the middle of a step it is 1 - B/2 of that.
constexpr float along(const Populations& f) { return f.f1 - f.f3 + (f.f5 - f.f7) - (f.f6 - f.f8); }
constexpr float across(const Populations& f) { return f.f2 - f.f4 + (f.f5 - f.f7) + (f.f6 - f.f8); }
constexpr float density(const Populations& f) { return f.f0 + f.f1 + f.f2 + f.f3 + f.f4 + f.f5 + f.f6 + f.f7 + f.f8; }

}  // namespace tandem::kernels::d2q9
