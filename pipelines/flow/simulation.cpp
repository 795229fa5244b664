#include "pipelines/flow/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>

#include "kernels/lattice/coverage.hpp"

namespace tandem::pipelines {
namespace {

constexpr double stable_cell_reynolds = 13,
                 interval = 0.5;  // H, that the fluid travels between two looks at the forces

// body(solver, i) for every case, one thread each; the first error is thrown again.
template <typename Body>
void each_flow(const FlowMesh& mesh, std::size_t count, int threads, const Body& body) {
  std::exception_ptr error;
  const auto end = static_cast<std::ptrdiff_t>(count);
  const int most = static_cast<int>(std::min<std::size_t>(count, 4096));
#pragma omp parallel num_threads(std::max(1, std::min(threads, most)))
  {
    FlowSolver solver(mesh);
#pragma omp for schedule(dynamic, 1)
    for (std::ptrdiff_t i = 0; i < end; ++i) {
      try {
        body(solver, static_cast<std::size_t>(i));
      } catch (...) {
#pragma omp critical(flow_error)
        if (!error) error = std::current_exception();
      }
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace

double flow_stable_reynolds(const FlowMesh& mesh) {
  return stable_cell_reynolds * flow_length * static_cast<double>(mesh.ny) / 1.5;
}

FlowSolver::FlowSolver(const FlowMesh& mesh) : mesh_(mesh), lattice_(mesh.nx(), mesh.ny, kernels::LatticeEdges::duct) {
  empty_ = {std::vector<float>(mesh.cells(), 0.0f), std::vector<float>(mesh.cells()),
            std::vector<float>(mesh.cells(), 0.0f)};
  for (std::size_t j = 0; j < mesh.ny; ++j) {
    inlet_.push_back(static_cast<float>(mesh.speed * flow_empty(j, mesh.ny)));
    std::fill_n(empty_.u.begin() + static_cast<std::ptrdiff_t>(j * mesh.nx()), mesh.nx(), inlet_.back());
  }
  lattice_.set_inlet(inlet_);
}

void FlowSolver::place(std::span<const double> p, double viscosity) {
  const auto height = static_cast<double>(mesh_.ny);
  const std::array<kernels::Ellipse, 2> elements = {
      {{flow_first_x * height, 0.5 * height, p[1] * height, p[2] * height, p[3]},
       {(flow_first_x + p[7]) * height, (0.5 + p[8]) * height, p[4] * height, p[5] * height, p[6]}}};
  for (std::size_t e = 0; e < 2; ++e) {
    shares_[e].assign(mesh_.cells(), 0.0f);
    kernels::add_coverage(elements[e], mesh_.nx(), mesh_.ny, shares_[e]);
  }
  std::vector<float> factors(mesh_.cells(), 0.0f);
  for (std::size_t n = 0; n < factors.size(); ++n) {
    const float both = shares_[0][n] + shares_[1][n];
    if (both == 0) continue;
    factors[n] = static_cast<float>(kernels::solid_factor(static_cast<double>(std::min(both, 1.0f)), viscosity));
    for (auto& shares : shares_) shares[n] /= both;
  }
  lattice_.set_solid(factors);
}

// Over rho U^2 and a cell.
std::array<double, 4> FlowSolver::forces() {
  lattice_.observe(fields_);
  std::array<double, 4> result = {};
  for (std::size_t e = 0; e < 2; ++e) {
    const auto force = kernels::Lattice::force(fields_, lattice_.solid(), shares_[e]);
    for (std::size_t d = 0; d < 2; ++d) result[2 * e + d] = force[d] / (mesh_.speed * mesh_.speed);
  }
  return result;
}

std::vector<float> FlowSolver::solve(std::span<const double> p) {
  check(p.size() >= flow_numbers, "flow: a case of {} parameters, expected {}", p.size(), flow_numbers);
  check_usage(p[0] > 0 && p[0] <= flow_stable_reynolds(mesh_),
              "flow: Re = {:.4g} is unstable on {} cells across the duct, the limit is {:.4g}: take a finer lattice",
              p[0], mesh_.ny, flow_stable_reynolds(mesh_));
  const auto height = static_cast<double>(mesh_.ny);
  const double viscosity = mesh_.speed * flow_length * height / p[0];
  lattice_.set({viscosity});
  place(p, viscosity);
  lattice_.start(empty_);
  const auto part = static_cast<std::size_t>(std::lround(interval * height / mesh_.speed));
  std::array<double, 4> now = {};
  bool steady = false;
  steps_ = 0;
  for (double travelled = 0; travelled < mesh_.longest && !steady; travelled += interval) {
    lattice_.advance(part);
    steps_ += part;
    const auto before = now;
    now = forces();
    double change = 0, size = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      change += (now[k] - before[k]) * (now[k] - before[k]);
      size += now[k] * now[k];
    }
    if (!std::isfinite(size)) break;
    steady = change <= mesh_.tolerance * mesh_.tolerance * size;
  }
  std::vector<float> outputs(mesh_.values(), std::numeric_limits<float>::quiet_NaN());
  if (!steady) return outputs;
  const auto scale = static_cast<float>(1 / mesh_.speed);
  for (std::size_t n = 0; n < mesh_.cells(); ++n) {
    outputs[n] = scale * fields_.u[n];
    outputs[mesh_.cells() + n] = scale * fields_.v[n];
  }
  for (std::size_t k = 0; k < 4; ++k) outputs[2 * mesh_.cells() + k] = static_cast<float>(now[k]);
  return outputs;
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
  if (fidelity != Fidelity::coarse)
    each_flow(size_.mesh, cases.size(), threads_, [&](FlowSolver& solver, std::size_t i) {
      samples[i].arrays.at("flow").values = solver.solve(cases[i].parameters);
    });
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
