#include "pipelines/molecules/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>

#include "harness/base/random.hpp"
#include "kernels/particle/pair_reference.hpp"

namespace tandem::pipelines {
namespace {

// One thread each; the first error is thrown again.
std::vector<Docked> dock(const Field& field, std::span<const Case> cases, const Anneal& plan, int threads) {
  std::vector<Docked> docked(cases.size());
  std::exception_ptr error;
  const auto count = static_cast<std::ptrdiff_t>(cases.size());
#pragma omp parallel for schedule(dynamic, 1) num_threads(std::max(1, threads))
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    try {
      const auto at = static_cast<std::size_t>(i);
      docked[at] = anneal(field, molecule_of(cases[at]), noise_of(cases[at]), plan);
    } catch (...) {
#pragma omp critical(molecules_error)
      if (!error) error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
  return docked;
}

// |force and torque by the vector code + reaction in fp64| over the sum of the terms' magnitudes, times the arms.
double imbalance(const Field& field, const Molecule& molecule, std::span<const kernels::Site> moving,
                 std::span<const kernels::Site> fixed, const kernels::PairSum& sum) {
  constexpr std::size_t lanes = Field::width;
  Rows positions(3 * molecule_sites, lanes), forces(3 * molecule_sites, lanes), energies(1, lanes);
  for (std::size_t i = 0; i < molecule_sites; ++i)
    for (std::size_t l = 0; l < lanes; ++l) {
      positions[3 * i][l] = static_cast<float>(moving[i].x);
      positions[3 * i + 1][l] = static_cast<float>(moving[i].y);
      positions[3 * i + 2][l] = static_cast<float>(moving[i].z);
    }
  field.forces(molecule.kinds, lanes, positions[0], forces[0], energies[0]);
  std::array<double, 6> total = {};
  const auto add = [&](double x, double y, double z, const kernels::Vector3& f) {
    for (std::size_t axis = 0; axis < 3; ++axis) total[axis] += f[axis];
    total[3] += y * f[2] - z * f[1];
    total[4] += z * f[0] - x * f[2];
    total[5] += x * f[1] - y * f[0];
  };
  double scale = 0;
  for (std::size_t i = 0; i < molecule_sites; ++i) {
    const auto of = [&](std::size_t axis) { return static_cast<double>(forces[3 * i + axis][0]); };
    add(moving[i].x, moving[i].y, moving[i].z, {of(0), of(1), of(2)});
    scale += sum.force_terms[i];
  }
  for (std::size_t j = 0; j < fixed.size(); ++j) add(fixed[j].x, fixed[j].y, fixed[j].z, sum.reactions[j]);
  double worst = 0;
  for (std::size_t axis = 0; axis < 6; ++axis) worst = std::max(worst, std::abs(total[axis]) / (axis < 3 ? 1 : 5));
  return worst / scale;
}

}  // namespace

Molecule molecule_of(const Case& one) {
  check(one.parameters.size() == molecule_parameters, "molecules: a case of {} parameters, expected {}",
        one.parameters.size(), molecule_parameters);
  const auto whole = [](double value) {
    return value >= 0 && value < 16 && value == std::floor(value) ? static_cast<std::size_t>(value) : 99;
  };
  Molecule molecule{whole(one.parameters[0]), {}};
  for (std::size_t i = 0; i < molecule_sites; ++i) molecule.kinds[i] = whole(one.parameters[1 + i]);
  check(is_isomer(molecule), "molecules: case {} is none of the isomers", one.index);
  return molecule;
}

NoiseKey noise_of(const Case& one) {
  auto key = static_cast<std::uint64_t>(one.parameters.back());
  for (std::size_t i = 0; i <= molecule_sites; ++i) key = mix(key ^ static_cast<std::uint64_t>(one.parameters[i]));
  return {key};
}

Fields MoleculeScreen::predict(std::span<const Case> cases) const {
  Fields fields(cases.size(), 1);
  const std::vector<Docked> docked = dock(field_, cases, plan_, threads_);
  for (std::size_t i = 0; i < cases.size(); ++i) fields.row(i)[0] = docked[i].score;
  return fields;
}

MoleculeSimulation::MoleculeSimulation(const MoleculeSize& size, std::uint64_t receptor_seed, int threads)
    : size_(size), threads_(threads), sites_(receptor(size.shells, receptor_seed)), field_(sites_, fragments) {}

std::vector<Sample> MoleculeSimulation::simulate(std::span<const Case> cases, Fidelity fidelity) const {
  const std::vector<Docked> docked =
      dock(field_, cases, fidelity == Fidelity::coarse ? size_.screen : size_.truth, threads_);
  std::vector<Sample> samples(cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    samples[i].index = cases[i].index;
    Array code{{1 + molecule_sites}, {}}, result{{1 + pose_rows}, {docked[i].score}};
    for (std::size_t p = 0; p <= molecule_sites; ++p) code.values.push_back(static_cast<float>(cases[i].parameters[p]));
    result.values.insert(result.values.end(), docked[i].pose.begin(), docked[i].pose.end());
    samples[i].arrays["code"] = std::move(code);
    samples[i].arrays["docked"] = std::move(result);
  }
  return samples;
}

std::span<const float> MoleculeSimulation::outputs(const Sample& sample) const {
  return sample.arrays.at("docked").values;
}

double MoleculeSimulation::invariant(const Case& problem_case, std::span<const float> outputs) const {
  if (outputs.size() != 1 + pose_rows) return std::numeric_limits<double>::infinity();
  std::array<double, pose_rows> pose;
  std::copy(outputs.begin() + 1, outputs.end(), pose.begin());
  const Molecule molecule = molecule_of(problem_case);
  const std::vector<kernels::Site> moving = sites_at(molecule, pose);
  const kernels::PairSum sum = kernels::pair_sum(sites_, moving);
  const double norm = std::sqrt(pose[3] * pose[3] + pose[4] * pose[4] + pose[5] * pose[5] + pose[6] * pose[6]);
  double worst = 0;
  for (const double part : {std::abs(static_cast<double>(outputs[0]) - sum.energy) / sum.energy_terms,
                            std::abs(norm - 1), imbalance(field_, molecule, moving, sites_, sum)})
    worse(worst, part);
  return worst;
}

std::unique_ptr<Model> MoleculeSimulation::coarse_model() const {
  return std::make_unique<MoleculeScreen>(field_, size_.screen, threads_);
}

}  // namespace tandem::pipelines
