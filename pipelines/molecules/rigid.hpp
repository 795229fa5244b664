// Rigid bodies in many replicas, the lanes of vectors: where their sites are, what forces on the sites add up to, and
// one step of overdamped Langevin dynamics (Ermak and McCammon 1978) with isotropic mobilities,
//
//   dx   = mu_t F dt   + sqrt(2 mu_t T dt) xi,
//   dphi = mu_r tau dt + sqrt(2 mu_r T dt) xi',   q <- normalised (1, dphi / 2) q,
//
// which samples the Boltzmann distribution at temperature T. A replica's drift is cut to `cap` in length and in angle.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace tandem::pipelines {

// Of `lanes` replicas: rows of one number each. A pose has 7: centre x, y, z and the unit quaternion w, x, y, z.
class Rows {
 public:
  Rows() = default;
  Rows(std::size_t rows, std::size_t lanes) : lanes_(lanes), lines_((rows * lanes + 15) / 16) {}
  float* operator[](std::size_t row) { return lines_.data()->values + row * lanes_; }
  const float* operator[](std::size_t row) const { return lines_.data()->values + row * lanes_; }
  std::size_t lanes() const { return lanes_; }

 private:
  struct alignas(64) Line {
    float values[16];
  };
  std::size_t lanes_ = 0;
  std::vector<Line> lines_;
};
inline constexpr std::size_t pose_rows = 7, push_rows = 6;  // a push: force and torque about the centre

using Body = std::span<const std::array<double, 3>>;  // sites, their centroid at the origin

// Site positions [site][x, y, z][lane] of these poses; `turns`: 9 rows to work in.
void place(const Body& body, const Rows& poses, Rows& turns, Rows& positions);
// Forces and torques of the bodies from the forces on their sites.
void add_up(std::size_t sites, const Rows& poses, const Rows& positions, const Rows& forces, Rows& pushes);

struct Diffusion {
  double along = 0.1, about = 0.1;  // mobilities: length per force and time, angle per torque and time
  double dt = 0.02;
  double temperature = 0;
  double cap = 0.1;
};

// Whose random numbers: a pure function of these, the replica and the step. Each is the sum of four uniform bytes,
// scaled to mean 0 and variance 1; a step of this order asks for no more than the first three moments of a normal
// number (Kloeden and Platen 1992, section 14.1). Bits by pcg4d (Jarzynski and Olano 2020).
struct NoiseKey {
  std::uint64_t molecule = 0;
};
// Rows 0 to 5 of `noise` for this step.
void draw_noise(const NoiseKey& key, std::uint32_t step, Rows& noise);

// One step of all replicas. `scale`: of each replica's drift, or null for 1.
void diffuse(const Diffusion& diffusion, const Rows& pushes, const Rows& noise, const float* scale, Rows& poses);

}  // namespace tandem::pipelines
