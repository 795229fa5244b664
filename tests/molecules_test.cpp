// The molecules pipeline's physics against what is known: LAMMPS, closed forms, differences, conservation laws.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "harness/base/random.hpp"
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

// Replicas under a force that the body of `push` writes, `steps` steps after `before` to forget where they began.
template <typename Push, typename Look>
void run_replicas(const Diffusion& diffusion, std::uint32_t steps, const Push& push, const Look& look) {
  constexpr std::size_t lanes = 1024;
  Rows poses(pose_rows, lanes), pushes(push_rows, lanes), noise(push_rows, lanes);
  std::fill_n(poses[3], lanes, 1.0f);
  for (std::uint32_t step = 0; step < steps; ++step) {
    push(poses, pushes);
    draw_noise({99}, step, noise);
    diffuse(diffusion, pushes, noise, nullptr, poses);
    look(step, poses);
  }
}

TEST(Molecules, FreeReplicasDiffuseAsEinsteinSays) {
  const Diffusion diffusion{0.1, 0.05, 0.02, 2.0, 0.1};
  double squares = 0;
  run_replicas(
      diffusion, 400, [](const Rows&, Rows&) {},
      [&](std::uint32_t step, const Rows& poses) {
        if (step + 1 < 400) return;
        for (std::size_t l = 0; l < poses.lanes(); ++l)
          for (std::size_t axis = 0; axis < 3; ++axis)
            squares += static_cast<double>(poses[axis][l]) * static_cast<double>(poses[axis][l]);
      });
  const double expected = 6 * 0.1 * 2.0 * 400 * 0.02;  // 6 D t, D = mobility T
  EXPECT_NEAR(squares / 1024 / expected, 1, 0.08);     // three standard deviations: sqrt(2 / 3072) each
}

TEST(Molecules, AHarmonicWellHoldsEquipartition) {
  constexpr double k = 4, temperature = 1.5, mobility = 0.5, dt = 0.02;
  double sum = 0, count = 0;
  const auto push = [](const Rows& poses, Rows& pushes) {
    for (std::size_t axis = 0; axis < 3; ++axis)
      for (std::size_t l = 0; l < poses.lanes(); ++l) pushes[axis][l] = -4.0f * poses[axis][l];
  };
  run_replicas({mobility, mobility, dt, temperature, 10}, 1500, push, [&](std::uint32_t step, const Rows& poses) {
    if (step < 300) return;
    for (std::size_t l = 0; l < poses.lanes(); ++l)
      for (std::size_t axis = 0; axis < 3; ++axis)
        sum += static_cast<double>(poses[axis][l]) * static_cast<double>(poses[axis][l]), count += 1;
  });
  // k <x^2> = T, and what the step's length adds: 1 / (1 - mobility k dt / 2).
  EXPECT_NEAR(k * sum / count / temperature, 1 / (1 - mobility * k * dt / 2), 0.01);
}

// A dipole p in a field: <cos> = coth p/T - T/p (Langevin 1905). Torque p x field.
TEST(Molecules, ADipoleTurnsAsLangevinSays) {
  constexpr double p = 3, temperature = 1.5, mobility = 0.5;
  double sum = 0, count = 0;
  const auto push = [](const Rows& poses, Rows& pushes) {
    for (std::size_t l = 0; l < poses.lanes(); ++l) {
      const float w = poses[3][l], x = poses[4][l], y = poses[5][l], z = poses[6][l];
      const float ux = 2 * (x * z + w * y), uy = 2 * (y * z - w * x);  // the body's z axis
      pushes[3][l] = 3.0f * uy;
      pushes[4][l] = -3.0f * ux;
      pushes[5][l] = 0;
    }
  };
  double norm = 0;
  run_replicas({mobility, mobility, 0.02, temperature, 10}, 1500, push, [&](std::uint32_t step, const Rows& poses) {
    if (step < 300) return;
    for (std::size_t l = 0; l < poses.lanes(); ++l) {
      const double w = static_cast<double>(poses[3][l]), x = static_cast<double>(poses[4][l]),
                   y = static_cast<double>(poses[5][l]), z = static_cast<double>(poses[6][l]);
      sum += 1 - 2 * (x * x + y * y);
      count += 1;
      norm = std::max(norm, std::abs(std::sqrt(w * w + x * x + y * y + z * z) - 1));
    }
  });
  EXPECT_NEAR(sum / count, 1 / std::tanh(p / temperature) - temperature / p, 0.01);
  EXPECT_LT(norm, 1e-6);
}

TEST(Molecules, NoiseHasTheMomentsOfANormalNumber) {
  Rows a(push_rows, 1024), b(push_rows, 1024);
  double moments[5] = {}, product = 0, count = 0;
  for (std::uint32_t step = 0; step < 50; ++step) {
    draw_noise({7}, step, a);
    draw_noise({8}, step, b);
    for (std::size_t row = 0; row < push_rows; ++row)
      for (std::size_t l = 0; l < 1024; ++l) {
        const double x = static_cast<double>(a[row][l]);
        for (int m = 1; m < 5; ++m) moments[m] += std::pow(x, m);
        product += x * static_cast<double>(b[row][l]) + x * static_cast<double>(a[row][(l + 1) % 1024]);
        count += 1;
      }
  }
  EXPECT_NEAR(moments[1] / count, 0, 0.01);
  EXPECT_NEAR(moments[2] / count, 1, 0.01);
  EXPECT_NEAR(moments[3] / count, 0, 0.03);
  EXPECT_NEAR(moments[4] / count, 2.7, 0.05);  // 3 - 6 / 5 / 4
  EXPECT_NEAR(product / count, 0, 0.01);
  draw_noise({8}, 49, a);
  EXPECT_EQ(a[5][1023], b[5][1023]) << "a pure function";
}

Case case_of(std::size_t number, double noise) {
  const Molecule molecule = isomer(number);
  Case one;
  one.parameters.push_back(static_cast<double>(molecule.scaffold));
  for (const std::size_t kind : molecule.kinds) one.parameters.push_back(static_cast<double>(kind));
  one.parameters.push_back(noise);
  return one;
}

// Docked poses are minima: whatever small step is taken from one, the energy rises. A force with the wrong sign goes
// uphill, and is seen at once.
TEST(Molecules, AnnealingEndsInAMinimumAndAFlippedForceDoesNot) {
  const std::vector<Site> sites = receptor(1, 1);
  const Field field(sites, fragments);
  double right = 0, flipped = 0;
  for (std::size_t number : {100u, 90000u, 200000u}) {
    const Molecule molecule = isomer(number);
    const Anneal plan{32, 400};
    Anneal wrong = plan;
    wrong.mobility = -1;  // the sign of all forces
    const Docked docked = anneal(field, molecule, {number}, plan);
    right += static_cast<double>(docked.score) / 3;
    flipped += static_cast<double>(anneal(field, molecule, {number}, wrong).score) / 3;
    std::array<double, pose_rows> pose;
    std::copy(docked.pose.begin(), docked.pose.end(), pose.begin());
    const double energy = pair_sum(sites, sites_at(molecule, pose)).energy;
    for (std::uint64_t i = 0; i < 30; ++i) {
      std::array<double, pose_rows> moved = pose;
      double norm = 0;
      for (std::size_t row = 0; row < pose_rows; ++row) moved[row] += 0.02 * (random_uniform(3, row, i) - 0.5);
      for (std::size_t row = 3; row < pose_rows; ++row) norm += moved[row] * moved[row];
      for (std::size_t row = 3; row < pose_rows; ++row) moved[row] /= std::sqrt(norm);
      EXPECT_GT(pair_sum(sites, sites_at(molecule, moved)).energy, energy - 2e-3);
    }
  }
  EXPECT_LT(right, flipped - 5) << "a flipped force finds no binder";
}

TEST(Molecules, LongerAnnealsFindLowerEnergies) {
  const Field field(receptor(1, 1), fragments);
  double before = 0;
  for (const std::size_t steps : {20u, 100u, 400u}) {
    double mean = 0;
    for (std::size_t i = 0; i < 8; ++i)
      mean += static_cast<double>(anneal(field, isomer(30000 * i), {i}, {32, steps}).score) / 8;
    EXPECT_LT(mean, before);
    before = mean;
  }
}

TEST(Molecules, TheInvariantSeesWrongScoresAndPoses) {
  MoleculeSize size = molecule_size("XS");
  const MoleculeSimulation simulation(size, 1, 2);
  const std::vector<Case> cases = {case_of(5, 1), case_of(250000, 1)};
  const std::vector<Sample> samples = simulation.simulate(cases, Fidelity::truth);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto outputs = simulation.outputs(samples[i]);
    EXPECT_LT(simulation.invariant(cases[i], outputs), 1e-6);
    const auto tampered = [&](std::size_t at, float by) {
      std::vector<float> wrong(outputs.begin(), outputs.end());
      wrong[at] += by;
      return simulation.invariant(cases[i], wrong);
    };
    EXPECT_GT(tampered(0, -0.1f), 1e-5) << "a score that no pose has";
    EXPECT_GT(tampered(2, 0.1f), 1e-5) << "another pose";
    EXPECT_GT(tampered(4, 0.01f), 1e-5) << "no unit quaternion";
    EXPECT_TRUE(std::isinf(tampered(0, std::nanf(""))));
    EXPECT_TRUE(std::isinf(simulation.invariant(cases[i], outputs.first(1)))) << "a score without a pose";
  }
}

TEST(Molecules, ThreadsChangeNoBitAndNoiseDoes) {
  const MoleculeSize& size = molecule_size("XS");
  const MoleculeSimulation one(size, 1, 1), three(size, 1, 3);
  std::vector<Case> cases;
  for (std::size_t i = 0; i < 5; ++i) cases.push_back(case_of(60000 * i, 1));
  const auto a = one.simulate(cases, Fidelity::truth), b = three.simulate(cases, Fidelity::truth);
  for (std::size_t i = 0; i < cases.size(); ++i)
    EXPECT_EQ(a[i].arrays.at("docked").values, b[i].arrays.at("docked").values);
  EXPECT_EQ(one.simulate(std::span(cases).last(1), Fidelity::truth)[0].arrays.at("docked").values,
            a[4].arrays.at("docked").values);
  cases[4].parameters.back() = 2;
  EXPECT_NE(one.simulate(std::span(cases).last(1), Fidelity::truth)[0].arrays.at("docked").values,
            a[4].arrays.at("docked").values);
}

TEST(Molecules, TheLibraryHoldsIsomersWithoutRepeats) {
  std::set<std::array<std::size_t, molecule_sites>> permutations;
  for (std::size_t number = 0; number < molecule_permutations; ++number) permutations.insert(isomer(number).kinds);
  EXPECT_EQ(permutations.size(), molecule_permutations);
  EXPECT_TRUE(is_isomer(isomer(molecule_isomers - 1)));
  EXPECT_THROW(isomer(molecule_isomers), Error);
  const std::vector<std::size_t> library = draw_library(8000, 3);
  EXPECT_EQ(std::set<std::size_t>(library.begin(), library.end()).size(), 8000u);
  EXPECT_EQ(draw_library(8000, 3), library);
  EXPECT_NE(draw_library(8000, 4), library);
  EXPECT_EQ(receptor(1, 1).size(), 131u);
  Case wrong = case_of(5, 1);
  wrong.parameters[3] = wrong.parameters[4] = 0;
  EXPECT_THROW(molecule_of(wrong), Error);
  wrong.parameters[3] = std::nan("");
  EXPECT_THROW(molecule_of(wrong), Error);
}

}  // namespace
}  // namespace tandem::pipelines
