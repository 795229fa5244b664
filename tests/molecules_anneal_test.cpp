// Motion, anneals and the library of the molecules pipeline: diffusion and equilibria against theory, minima,
// invariants.
#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "harness/base/random.hpp"
#include "kernels/particle/pair_reference.hpp"
#include "pipelines/molecules/simulation.hpp"

namespace tandem::pipelines {
namespace {

using kernels::Site;

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
      const auto w = static_cast<double>(poses[3][l]), x = static_cast<double>(poses[4][l]),
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
        const auto x = static_cast<double>(a[row][l]);
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
