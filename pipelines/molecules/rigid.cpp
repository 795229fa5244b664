#include "pipelines/molecules/rigid.hpp"

#include <algorithm>
#include <cmath>

namespace tandem::pipelines {

void place(const Body& body, const Rows& poses, Rows& turns, Rows& positions) {
  const std::size_t lanes = poses.lanes();
#pragma omp simd
  for (std::size_t l = 0; l < lanes; ++l) {
    const float w = poses[3][l], x = poses[4][l], y = poses[5][l], z = poses[6][l];
    turns[0][l] = 1 - 2 * (y * y + z * z);
    turns[1][l] = 2 * (x * y - w * z);
    turns[2][l] = 2 * (x * z + w * y);
    turns[3][l] = 2 * (x * y + w * z);
    turns[4][l] = 1 - 2 * (x * x + z * z);
    turns[5][l] = 2 * (y * z - w * x);
    turns[6][l] = 2 * (x * z - w * y);
    turns[7][l] = 2 * (y * z + w * x);
    turns[8][l] = 1 - 2 * (x * x + y * y);
  }
  for (std::size_t i = 0; i < body.size(); ++i) {
    const auto a = static_cast<float>(body[i][0]), b = static_cast<float>(body[i][1]),
               c = static_cast<float>(body[i][2]);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const float *t = turns[3 * axis], *centre = poses[axis];
      float* const to = positions[3 * i + axis];
#pragma omp simd
      for (std::size_t l = 0; l < lanes; ++l) to[l] = centre[l] + (t[l] * a + t[l + lanes] * b + t[l + 2 * lanes] * c);
    }
  }
}

void add_up(std::size_t sites, const Rows& poses, const Rows& positions, const Rows& forces, Rows& pushes) {
  const std::size_t lanes = poses.lanes();
  for (std::size_t row = 0; row < push_rows; ++row) std::fill_n(pushes[row], lanes, 0.0f);
  for (std::size_t i = 0; i < sites; ++i) {
    const float *f = forces[3 * i], *p = positions[3 * i];
    float* const push = pushes[0];
#pragma omp simd
    for (std::size_t l = 0; l < lanes; ++l) {
      const float fx = f[l], fy = f[l + lanes], fz = f[l + 2 * lanes];
      const float x = p[l] - poses[0][l], y = p[l + lanes] - poses[1][l], z = p[l + 2 * lanes] - poses[2][l];
      push[l] += fx;
      push[l + lanes] += fy;
      push[l + 2 * lanes] += fz;
      push[l + 3 * lanes] += y * fz - z * fy;
      push[l + 4 * lanes] += z * fx - x * fz;
      push[l + 5 * lanes] += x * fy - y * fx;
    }
  }
}

namespace {

struct Bits {
  std::uint32_t x, y, z, w;
};

inline Bits hash(Bits v) {
  constexpr std::uint32_t factor = 1664525u, add = 1013904223u;
  v = {v.x * factor + add, v.y * factor + add, v.z * factor + add, v.w * factor + add};
  for (int round = 0; round < 2; ++round) {
    v.x += v.y * v.w;
    v.y += v.z * v.x;
    v.z += v.x * v.y;
    v.w += v.y * v.z;
    if (round == 0) v = {v.x ^ (v.x >> 16), v.y ^ (v.y >> 16), v.z ^ (v.z >> 16), v.w ^ (v.w >> 16)};
  }
  return v;
}

// Four bytes: mean 510, variance 4 (256^2 - 1) / 12 = 21845.
inline float normal(std::uint32_t bits) {
  const auto sum = static_cast<std::int32_t>((bits & 255u) + (bits >> 8 & 255u) + (bits >> 16 & 255u) + (bits >> 24));
  return static_cast<float>(sum - 510) * 0.0067658837f;  // 1 / sqrt(21845)
}

// The factor that cuts a vector to a length.
inline float cut(float x, float y, float z, float cap) {
  const float squared = x * x + y * y + z * z;
  return squared > cap * cap ? cap / std::sqrt(squared) : 1.0f;
}

}  // namespace

void draw_noise(const NoiseKey& key, std::uint32_t step, Rows& noise) {
  const auto low = static_cast<std::uint32_t>(key.molecule), high = static_cast<std::uint32_t>(key.molecule >> 32);
  const std::size_t lanes = noise.lanes();
#pragma omp simd
  for (std::size_t l = 0; l < lanes; ++l) {
    const auto replica = static_cast<std::uint32_t>(l);
    const Bits a = hash({low, high, replica, 2 * step}), b = hash({low, high, replica, 2 * step + 1});
    noise[0][l] = normal(a.x);
    noise[1][l] = normal(a.y);
    noise[2][l] = normal(a.z);
    noise[3][l] = normal(a.w);
    noise[4][l] = normal(b.x);
    noise[5][l] = normal(b.y);
  }
}

void diffuse(const Diffusion& diffusion, const Rows& pushes, const Rows& noise, const float* scale, Rows& poses) {
  const auto along = static_cast<float>(diffusion.along * diffusion.dt);
  const auto about = static_cast<float>(diffusion.about * diffusion.dt);
  const auto cap = static_cast<float>(diffusion.cap);
  const auto shake = [&](double mobility) {
    return static_cast<float>(std::sqrt(2 * std::abs(mobility) * diffusion.temperature * diffusion.dt));
  };
  const float shift = shake(diffusion.along), turn = shake(diffusion.about);
  const std::size_t lanes = poses.lanes();
#pragma omp simd
  for (std::size_t l = 0; l < lanes; ++l) {
    const float h = scale != nullptr ? scale[l] : 1.0f;
    const float fx = h * along * pushes[0][l], fy = h * along * pushes[1][l], fz = h * along * pushes[2][l];
    const float tx = h * about * pushes[3][l], ty = h * about * pushes[4][l], tz = h * about * pushes[5][l];
    const float f = cut(fx, fy, fz, cap), t = cut(tx, ty, tz, cap);
    poses[0][l] += f * fx + shift * noise[0][l];
    poses[1][l] += f * fy + shift * noise[1][l];
    poses[2][l] += f * fz + shift * noise[2][l];
    const float a = 0.5f * (t * tx + turn * noise[3][l]), b = 0.5f * (t * ty + turn * noise[4][l]),
                c = 0.5f * (t * tz + turn * noise[5][l]);
    const float w = poses[3][l], x = poses[4][l], y = poses[5][l], z = poses[6][l];
    const float nw = w - a * x - b * y - c * z, nx = x + a * w + b * z - c * y, ny = y + b * w + c * x - a * z,
                nz = z + c * w + a * y - b * x;
    const float norm = 1 / std::sqrt(nw * nw + nx * nx + ny * ny + nz * nz);
    poses[3][l] = nw * norm;
    poses[4][l] = nx * norm;
    poses[5][l] = ny * norm;
    poses[6][l] = nz * norm;
  }
}

}  // namespace tandem::pipelines
