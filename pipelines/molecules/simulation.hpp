// The molecules pipeline's simulation and the short anneal of its simulation-only arm. Molecules run side by side, one
// thread each: scores do not depend on the number of threads.
#pragma once

#include <vector>

#include "pipelines/molecules/size.hpp"

namespace tandem::pipelines {

// Scores of short anneals, as a Model: what ranks the library in the simulation-only arm.
class MoleculeScreen : public Model {
 public:
  MoleculeScreen(const Field& field, const Anneal& plan, int threads) : field_(field), plan_(plan), threads_(threads) {}
  Fields predict(std::span<const Case> cases) const override;

 private:
  const Field& field_;
  const Anneal& plan_;
  int threads_;
};

class MoleculeSimulation : public Simulation {
 public:
  // `receptor_seed`: of the pocket.
  MoleculeSimulation(const MoleculeSize& size, std::uint64_t receptor_seed, int threads);
  // Arrays "code" [11], scaffold and kinds, and "docked" [8], score and pose.
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override;
  std::span<const float> outputs(const Sample& sample) const override;
  // Of score and pose, in fp64 by the definition, the largest of: the energy of the pose is the score, the quaternion
  // has norm 1, force and torque of the vector code balance the reaction on the receptor. Relative; infinite where the
  // outputs have no pose, as a prediction has none.
  double invariant(const Case& problem_case, std::span<const float> outputs) const override;
  std::unique_ptr<Model> coarse_model() const override;

  const std::vector<kernels::Site>& sites() const { return sites_; }
  const Field& field() const { return field_; }

 private:
  const MoleculeSize& size_;
  int threads_;
  std::vector<kernels::Site> sites_;
  Field field_;
};

}  // namespace tandem::pipelines
