// The quench takes a step of each replica's own length: a trial that does not lower the energy is taken back and the
// length halved, else it grows by a fifth. So the energy cannot rise, however stiff a contact is.
#include "pipelines/molecules/anneal.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "harness/base/random.hpp"

namespace tandem::pipelines {
namespace {

constexpr double begin_radius = 1.2;  // of the ball where centres start
constexpr float infinite = std::numeric_limits<float>::infinity();

class Replicas {
 public:
  Replicas(const Field& field, const Molecule& molecule, const NoiseKey& key, const Anneal& plan)
      : field_(field),
        molecule_(molecule),
        key_(key),
        plan_(plan),
        poses_(pose_rows, plan.replicas),
        best_poses_(pose_rows, plan.replicas),
        kept_poses_(pose_rows, plan.replicas),
        pushes_(push_rows, plan.replicas),
        kept_pushes_(push_rows, plan.replicas),
        noise_(push_rows, plan.replicas),
        turns_(9, plan.replicas),
        positions_(3 * molecule_sites, plan.replicas),
        forces_(3 * molecule_sites, plan.replicas),
        scalars_(4, plan.replicas) {
    diffusion_.along = plan.mobility / static_cast<double>(molecule_sites);
    diffusion_.about = plan.mobility / inertia(molecule.scaffold);
    diffusion_.dt = plan.dt;
    std::fill_n(best(), plan.replicas, infinite);
    std::fill_n(kept(), plan.replicas, infinite);
    std::fill_n(length(), plan.replicas, 1.0f);
    scatter();
  }

  Docked run() {
    const std::size_t warm = plan_.steps - plan_.steps / 4;
    for (std::size_t step = 0; step < plan_.steps; ++step) {
      evaluate();
      if (step < warm) {
        const double done = static_cast<double>(step) / static_cast<double>(warm);
        diffusion_.temperature = plan_.hot * std::pow(plan_.cold / plan_.hot, done);
        draw_noise(key_, static_cast<std::uint32_t>(step), noise_);
        diffuse(diffusion_, pushes_, noise_, nullptr, poses_);
      } else {
        diffusion_.temperature = 0;
        keep();
        diffuse(diffusion_, kept_pushes_, noise_, length(), poses_);
      }
    }
    return least();
  }

 private:
  float* energy() { return scalars_[0]; }
  float* best() { return scalars_[1]; }
  float* kept() { return scalars_[2]; }    // energy of the last accepted quench step
  float* length() { return scalars_[3]; }  // of a replica's quench steps, in dt

  // Centres uniform in a ball, orientations uniform (Shoemake 1992).
  void scatter() {
    for (std::size_t l = 0; l < plan_.replicas; ++l) {
      const auto u = [&](std::uint64_t i) { return random_uniform(key_.molecule, 2, 8 * l + i); };
      const double pi2 = 2 * std::numbers::pi, r = begin_radius * std::cbrt(u(0)), z = 2 * u(1) - 1, turn = pi2 * u(2);
      const double across = r * std::sqrt(1 - z * z), a = std::sqrt(1 - u(3)), b = std::sqrt(u(3));
      const double pose[] = {across * std::cos(turn),  across * std::sin(turn),  r * z,
                             a * std::sin(pi2 * u(4)), a * std::cos(pi2 * u(4)), b * std::sin(pi2 * u(5)),
                             b * std::cos(pi2 * u(5))};
      for (std::size_t row = 0; row < pose_rows; ++row) poses_[row][l] = static_cast<float>(pose[row]);
    }
  }

  void evaluate() {
    place(scaffold(molecule_.scaffold), poses_, turns_, positions_);
    field_.forces(molecule_.kinds, plan_.replicas, positions_[0], forces_[0], energy());
    add_up(molecule_sites, poses_, positions_, forces_, pushes_);
    const float* const e = energy();
    float* const least = best();
    for (std::size_t row = 0; row < pose_rows; ++row) {
      const float* const from = poses_[row];
      float* const to = best_poses_[row];
#pragma omp simd
      for (std::size_t l = 0; l < plan_.replicas; ++l) to[l] = e[l] < least[l] ? from[l] : to[l];
    }
#pragma omp simd
    for (std::size_t l = 0; l < plan_.replicas; ++l) least[l] = e[l] < least[l] ? e[l] : least[l];
  }

  // Where a quench trial lowered the energy it is kept; elsewhere the replica goes back.
  void keep() {
    const float* const e = energy();
    const auto swap = [&](Rows& now, Rows& before, std::size_t rows) {
      const float* const old = kept();
      for (std::size_t row = 0; row < rows; ++row) {
        float *const a = now[row], *const b = before[row];
#pragma omp simd
        for (std::size_t l = 0; l < plan_.replicas; ++l) a[l] = b[l] = e[l] <= old[l] ? a[l] : b[l];
      }
    };
    swap(poses_, kept_poses_, pose_rows);
    swap(pushes_, kept_pushes_, push_rows);
    float *const old = kept(), *const h = length();
#pragma omp simd
    for (std::size_t l = 0; l < plan_.replicas; ++l) {
      const bool lower = e[l] <= old[l];
      h[l] = lower ? std::min(1.2f * h[l], 5.0f) : 0.5f * h[l];
      old[l] = lower ? e[l] : old[l];
    }
  }

  Docked least() {
    Docked docked;
    const auto found = static_cast<std::size_t>(std::min_element(best(), best() + plan_.replicas) - best());
    docked.score = best()[found] < infinite ? best()[found] : std::nanf("");  // all energies were NaN
    for (std::size_t row = 0; row < pose_rows; ++row) docked.pose[row] = best_poses_[row][found];
    return docked;
  }

  const Field& field_;
  const Molecule& molecule_;
  NoiseKey key_;
  const Anneal& plan_;
  Diffusion diffusion_;
  Rows poses_, best_poses_, kept_poses_;
  Rows pushes_, kept_pushes_, noise_;
  Rows turns_, positions_, forces_, scalars_;
};

}  // namespace

std::vector<kernels::Site> sites_at(const Molecule& molecule, const std::array<double, pose_rows>& pose) {
  const double w = pose[3], x = pose[4], y = pose[5], z = pose[6];
  const double turn[3][3] = {{1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)},
                             {2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)},
                             {2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)}};
  std::vector<kernels::Site> sites;
  for (std::size_t i = 0; i < molecule_sites; ++i) {
    const auto& b = scaffold(molecule.scaffold)[i];
    const auto at = [&](std::size_t axis) {
      return pose[axis] + turn[axis][0] * b[0] + turn[axis][1] * b[1] + turn[axis][2] * b[2];
    };
    sites.push_back({at(0), at(1), at(2), fragments[molecule.kinds[i]]});
  }
  return sites;
}

Docked anneal(const Field& field, const Molecule& molecule, const NoiseKey& key, const Anneal& plan) {
  return Replicas(field, molecule, key, plan).run();
}

}  // namespace tandem::pipelines
