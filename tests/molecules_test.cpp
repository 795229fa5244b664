// Energies and forces of the molecules pipeline against what is known: LAMMPS, closed forms, differences, conservation
// laws.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>

#include <gtest/gtest.h>

#include "kernels/particle/pair_reference.hpp"
#include "pipelines/molecules/simulation.hpp"

namespace tandem::pipelines {
namespace {

using kernels::PairField;
using kernels::PairSum;
using kernels::Site;
using kernels::SiteKind;
using kernels::Vector3;

// One lane of the vector code, all lanes alike.
template <typename T>
PairSum field_at(const PairField<T>& field, std::span<const std::size_t> kinds, std::span<const Site> moving) {
  constexpr std::size_t lanes = PairField<T>::width;
  Buffer<T> positions(moving.size() * 3 * lanes), forces(moving.size() * 3 * lanes), energies(lanes);
  for (std::size_t i = 0; i < moving.size(); ++i)
    for (std::size_t l = 0; l < lanes; ++l) {
      positions[(3 * i) * lanes + l] = static_cast<T>(moving[i].x);
      positions[(3 * i + 1) * lanes + l] = static_cast<T>(moving[i].y);
      positions[(3 * i + 2) * lanes + l] = static_cast<T>(moving[i].z);
    }
  field.forces(kinds, lanes, positions.data(), forces.data(), energies.data());
  PairSum sum;
  sum.energy = static_cast<double>(energies[lanes - 1]);
  for (std::size_t i = 0; i < moving.size(); ++i) {
    sum.forces.push_back({});
    for (std::size_t axis = 0; axis < 3; ++axis)
      sum.forces.back()[axis] = static_cast<double>(forces[(3 * i + axis) * lanes + lanes - 1]);
  }
  return sum;
}

// Docked poses, as they come out of short anneals.
struct Pose {
  Molecule molecule;
  std::vector<Site> moving;
};
std::vector<Pose> docked_poses(std::size_t count) {
  const std::vector<Site> sites = receptor(1, 1);
  const Field field(sites, fragments);
  std::vector<Pose> poses;
  for (std::size_t i = 0; i < count; ++i) {
    const Molecule molecule = isomer(30011 * i + 17);
    const Docked docked = anneal(field, molecule, {i}, {16, 100});
    std::array<double, pose_rows> pose;
    std::copy(docked.pose.begin(), docked.pose.end(), pose.begin());
    poses.push_back({molecule, sites_at(molecule, pose)});
  }
  return poses;
}

double largest(const std::vector<Vector3>& forces) {
  double most = 0;
  for (const Vector3& force : forces)
    for (const double component : force) most = std::max(most, std::abs(component));
  return most;
}

TEST(Molecules, ADimerHasItsMinimumWhereLennardAndJonesPutIt) {
  const std::vector<Site> fixed = {{0, 0, 0, {1.3, 0.4, 0}}};
  const std::vector<SiteKind> kinds = {{0.7, 0.9, 0}};
  const std::vector<std::size_t> one = {0};
  const double s = 1.0, eps = 0.6;  // Lorentz, Berthelot
  const auto at = [&](double r) {
    return field_at(PairField<double>(fixed, kinds), one, std::vector<Site>{{r, 0, 0, kinds[0]}});
  };
  const double minimum = std::pow(2.0, 1.0 / 6) * s;
  EXPECT_NEAR(at(minimum).energy, -eps, 1e-14);
  EXPECT_NEAR(at(minimum).forces[0][0], 0, 1e-13);
  EXPECT_NEAR(at(s).energy, 0, 1e-14);
  EXPECT_NEAR(at(s).forces[0][0], 24 * eps / s, 1e-13);
  EXPECT_NEAR(at(0.8 * s).energy, at(0.1).energy, 1e-12) << "the core: finite where sites overlap";
}

TEST(Molecules, TwoChargesFollowDebyeAndHueckel) {
  const std::vector<Site> fixed = {{0, 0, 0, {1, 0, -1}}};
  const std::vector<SiteKind> kinds = {{1, 0, 1}};
  const std::vector<std::size_t> one = {0};
  for (const double r : {1.0, 2.5, 7.0}) {
    const PairSum sum = field_at(PairField<double>(fixed, kinds), one, std::vector<Site>{{0, r, 0, kinds[0]}});
    EXPECT_NEAR(sum.energy, -5 * std::exp(-0.5 * r) / r, 1e-14);
    EXPECT_NEAR(sum.forces[0][1], -5 * std::exp(-0.5 * r) * (1 + 0.5 * r) / (r * r), 1e-14);
  }
}

TEST(Molecules, ForcesAreTheSlopesOfTheEnergy) {
  const std::vector<Site> sites = receptor(1, 1);
  const PairField<double> field(sites, fragments);
  for (const Pose& pose : docked_poses(3)) {
    const PairSum sum = field_at(field, pose.molecule.kinds, pose.moving);
    const double scale = largest(sum.forces);
    for (std::size_t i = 0; i < molecule_sites; ++i)
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const auto energy = [&](double step) {
          std::vector<Site> moved = pose.moving;
          (axis == 0 ? moved[i].x : axis == 1 ? moved[i].y : moved[i].z) += step;
          return field_at(field, pose.molecule.kinds, moved).energy;
        };
        EXPECT_NEAR(sum.forces[i][axis], -(energy(1e-5) - energy(-1e-5)) / 2e-5, 1e-7 * scale);
      }
  }
}

TEST(Molecules, VectorCodeIsTheDefinitionInBothPrecisions) {
  const std::vector<Site> sites = receptor(1, 1);
  for (const Pose& pose : docked_poses(3)) {
    const PairSum right = pair_sum(sites, pose.moving);
    const PairSum in_double = field_at(PairField<double>(sites, fragments), pose.molecule.kinds, pose.moving);
    const PairSum in_single = field_at(PairField<float>(sites, fragments), pose.molecule.kinds, pose.moving);
    EXPECT_NEAR(in_double.energy, right.energy, 1e-13 * right.energy_terms);
    EXPECT_NEAR(in_single.energy, right.energy, 1e-6 * right.energy_terms);
    for (std::size_t i = 0; i < molecule_sites; ++i)
      for (std::size_t axis = 0; axis < 3; ++axis) {
        EXPECT_NEAR(in_double.forces[i][axis], right.forces[i][axis], 1e-13 * right.force_terms[i]);
        EXPECT_NEAR(in_single.forces[i][axis], right.forces[i][axis], 1e-6 * right.force_terms[i]);
      }
  }
}

TEST(Molecules, ActionIsReaction) {
  const std::vector<Site> sites = receptor(1, 1);
  for (const Pose& pose : docked_poses(3)) {
    const PairSum own = field_at(PairField<double>(sites, fragments), pose.molecule.kinds, pose.moving);
    const PairSum right = pair_sum(sites, pose.moving);
    Vector3 force = {}, torque = {};
    const auto add = [&](const Site& at, const Vector3& f) {
      for (std::size_t axis = 0; axis < 3; ++axis) force[axis] += f[axis];
      torque[0] += at.y * f[2] - at.z * f[1];
      torque[1] += at.z * f[0] - at.x * f[2];
      torque[2] += at.x * f[1] - at.y * f[0];
    };
    for (std::size_t i = 0; i < molecule_sites; ++i) add(pose.moving[i], own.forces[i]);
    const double terms = std::accumulate(right.force_terms.begin(), right.force_terms.end(), 0.0);
    EXPECT_GT(std::abs(force[0]) + std::abs(torque[0]), 1e-10 * terms) << "not zero on its own";
    for (std::size_t j = 0; j < sites.size(); ++j) add(sites[j], right.reactions[j]);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      EXPECT_NEAR(force[axis], 0, 1e-13 * terms);
      EXPECT_NEAR(torque[axis], 0, 1e-12 * terms);
    }
  }
}

// Golden numbers of another program: tests/golden/lammps/README.md tells how they were made.
TEST(Molecules, EnergiesAndForcesAreThoseOfLammps) {
  std::ifstream file(LAMMPS_POSES);
  ASSERT_TRUE(file.good());
  std::string line;
  std::size_t poses = 0;
  const std::vector<Site> sites = receptor(1, 1);
  const PairField<double> field(sites, fragments);
  const PairField<float> single(sites, fragments);
  for (std::size_t number; file >> number; ++poses) {
    double energy = 0;
    file >> energy;
    const Molecule molecule = isomer(number);
    std::vector<Site> moving;
    std::vector<Vector3> forces(molecule_sites);
    for (std::size_t i = 0; i < molecule_sites; ++i) {
      Site site{0, 0, 0, fragments[molecule.kinds[i]]};
      file >> site.x >> site.y >> site.z >> forces[i][0] >> forces[i][1] >> forces[i][2];
      moving.push_back(site);
    }
    ASSERT_TRUE(file.good());
    const PairSum own = field_at(field, molecule.kinds, moving), rounded = field_at(single, molecule.kinds, moving);
    const PairSum terms = pair_sum(sites, moving);
    EXPECT_NEAR(own.energy, energy, 1e-6 * std::abs(energy)) << "pose " << poses;
    EXPECT_NEAR(rounded.energy, energy, 1e-6 * terms.energy_terms);
    const double scale = largest(forces);
    for (std::size_t i = 0; i < molecule_sites; ++i)
      for (std::size_t axis = 0; axis < 3; ++axis) {
        EXPECT_NEAR(own.forces[i][axis], forces[i][axis], 1e-6 * scale) << "pose " << poses << ", site " << i;
        EXPECT_NEAR(rounded.forces[i][axis], forces[i][axis], 1e-6 * terms.force_terms[i]);
      }
  }
  EXPECT_EQ(poses, 10u);
}

}  // namespace
}  // namespace tandem::pipelines
