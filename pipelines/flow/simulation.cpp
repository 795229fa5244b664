#include "pipelines/flow/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "pipelines/flow/each_case.hpp"

namespace tandem::pipelines {
namespace {

// body(solver, i) for every case, one thread each.
template <typename Body>
void each_flow(const FlowMesh& mesh, std::size_t count, int threads, const Body& body) {
  each_case(
      count, threads, [&] { return FlowSolver(mesh); }, body);
}

}  // namespace

FlowSolver::FlowSolver(const FlowMesh& mesh)
    : mesh_(mesh), lattice_(mesh.nx(), mesh.ny, kernels::LatticeEdges::duct), empty_(flow_empty_duct(mesh)) {
  lattice_.set_inlet(flow_inlet(mesh));
}

std::array<double, 2 * flow_elements> FlowSolver::forces(const FlowCourse& course) {
  lattice_.observe(fields_);
  std::array<double, 2 * flow_elements> result = {};
  for (std::size_t e = 0; e < flow_elements; ++e) {
    const auto force = kernels::Lattice::force(fields_, lattice_.solid(), course.shares(e));
    std::copy(force.begin(), force.end(), result.begin() + static_cast<std::ptrdiff_t>(2 * e));
  }
  return result;
}

std::vector<float> FlowSolver::solve(std::span<const double> parameters) {
  FlowCourse course(mesh_, parameters);
  lattice_.set(course.physics());
  lattice_.set_solid(course.factors());
  lattice_.start(empty_);
  while (course.goes_on()) {
    lattice_.advance(course.part());
    course.look(forces(course));
  }
  steps_ = course.steps();
  return course.outputs(fields_.u, fields_.v);
}

std::vector<float> flow_interpolated(const FlowMesh& from, std::span<const float> outputs, const FlowMesh& to) {
  std::vector<float> result(to.values());
  const double ratio = static_cast<double>(from.ny) / static_cast<double>(to.ny);
  const auto rows = static_cast<std::ptrdiff_t>(from.ny), columns = static_cast<std::ptrdiff_t>(from.nx());
  // Beyond a wall stands the mirror image with the other sign, beyond an end the last value.
  const auto value = [&](std::size_t field, std::ptrdiff_t j, std::ptrdiff_t i) {
    const auto row = std::clamp<std::ptrdiff_t>(j, 0, rows - 1), column = std::clamp<std::ptrdiff_t>(i, 0, columns - 1);
    const auto here =
        static_cast<double>(outputs[field * from.cells() + static_cast<std::size_t>(row * columns + column)]);
    return row == j ? here : -here;
  };
  for (std::size_t field = 0; field < 2; ++field)
    for (std::size_t j = 0; j < to.ny; ++j)
      for (std::size_t i = 0; i < to.nx(); ++i) {
        const double y = (static_cast<double>(j) + 0.5) * ratio - 0.5, x = (static_cast<double>(i) + 0.5) * ratio - 0.5;
        const double below = std::floor(y), left = std::floor(x), up = y - below, right = x - left;
        const auto b = static_cast<std::ptrdiff_t>(below), l = static_cast<std::ptrdiff_t>(left);
        result[field * to.cells() + j * to.nx() + i] =
            static_cast<float>((1 - up) * ((1 - right) * value(field, b, l) + right * value(field, b, l + 1)) +
                               up * ((1 - right) * value(field, b + 1, l) + right * value(field, b + 1, l + 1)));
      }
  for (std::size_t k = 0; k < 4; ++k)
    result[2 * to.cells() + k] = static_cast<float>(static_cast<double>(outputs[2 * from.cells() + k]) / ratio);
  return result;
}

Fields FlowCoarse::predict(std::span<const Case> cases) const {
  Fields fields(cases.size(), output_.values());
  each_flow(mesh_, cases.size(), threads_, [&](FlowSolver& solver, std::size_t i) {
    const auto outputs = flow_interpolated(mesh_, solver.solve(cases[i].parameters), output_);
    std::copy(outputs.begin(), outputs.end(), fields.row(i).begin());
  });
  return fields;
}

FlowSimulation::FlowSimulation(const FlowSize& size, int threads, const std::string& device)
    : size_(size), threads_(threads) {
  if (device != "cpu") device_ = std::make_unique<FlowDeviceSolver>(size.mesh, device, threads);
}

std::vector<Sample> FlowSimulation::simulate(std::span<const Case> cases, Fidelity fidelity) const {
  std::vector<Sample> samples(cases.size());
  Fields coarse;
  if (fidelity == Fidelity::coarse) coarse = coarse_model()->predict(cases);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::vector<double>& p = cases[i].parameters;
    samples[i].index = cases[i].index;
    samples[i].arrays["parameters"] = {{p.size()}, {p.begin(), p.end()}};
    samples[i].arrays["flow"] = {{size_.mesh.values()}, {}};
    if (fidelity == Fidelity::coarse)
      samples[i].arrays["flow"].values.assign(coarse.row(i).begin(), coarse.row(i).end());
  }
  if (fidelity == Fidelity::train && device_) {
    std::vector<std::vector<float>> outputs = device_->solve(cases);
    for (std::size_t i = 0; i < cases.size(); ++i) samples[i].arrays.at("flow").values = std::move(outputs[i]);
  } else if (fidelity != Fidelity::coarse) {
    each_flow(size_.mesh, cases.size(), threads_, [&](FlowSolver& solver, std::size_t i) {
      samples[i].arrays.at("flow").values = solver.solve(cases[i].parameters);
    });
  }
  return samples;
}

std::span<const float> FlowSimulation::outputs(const Sample& sample) const { return sample.arrays.at("flow").values; }

double FlowSimulation::invariant(const Case&, std::span<const float> outputs) const {
  const FlowMesh& mesh = size_.mesh;
  check(outputs.size() == mesh.values(), "flow: {} outputs, expected {}", outputs.size(), mesh.values());
  double inlet = 0, worst = 0;
  for (std::size_t j = 0; j < mesh.ny; ++j) inlet += flow_empty(j, mesh.ny);
  for (std::size_t i = 0; i < mesh.nx(); ++i) {
    double flux = 0;
    for (std::size_t j = 0; j < mesh.ny; ++j) flux += static_cast<double>(outputs[j * mesh.nx() + i]);
    const double off = std::abs(flux / inlet - 1);
    if (!(off <= worst)) worst = std::isnan(off) ? std::numeric_limits<double>::infinity() : off;
  }
  return worst;
}

std::unique_ptr<Model> FlowSimulation::coarse_model() const {
  return std::make_unique<FlowCoarse>(size_.coarse, size_.mesh, threads_);
}

}  // namespace tandem::pipelines
