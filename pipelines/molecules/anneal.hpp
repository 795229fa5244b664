// Simulated annealing of one rigid molecule in the receptor, `replicas` at once: overdamped Langevin dynamics from
// random poses in the pocket, the temperature falling geometrically over the first three quarters of the steps, then a
// quench by steepest descent. The score is the least energy that any replica has seen.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/particle/pair_field.hpp"
#include "pipelines/molecules/library.hpp"
#include "pipelines/molecules/rigid.hpp"

namespace tandem::pipelines {

struct Anneal {
  std::size_t replicas = 64;
  std::size_t steps = 800;
  double hot = 6, cold = 0.3;  // temperatures
  double dt = 0.02;
  double mobility = 1;  // of all drifts and noise
};

struct Docked {
  float score = 0;
  std::array<float, pose_rows> pose = {};  // where it was seen
};

using Field = kernels::PairField<float>;

// The sites of a molecule in a pose, in fp64.
std::vector<kernels::Site> sites_at(const Molecule& molecule, const std::array<double, pose_rows>& pose);

Docked anneal(const Field& field, const Molecule& molecule, const NoiseKey& key, const Anneal& plan);

}  // namespace tandem::pipelines
