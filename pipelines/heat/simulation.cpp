// Invariant: the power put in leaves through the films, P = integral of h theta below and above; relative defect.
#include "pipelines/heat/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <exception>

namespace tandem::pipelines {
namespace {

// body(solver, i) for every case, one thread each; the first error is thrown again.
template <typename T, typename Body>
void each_case(HeatSolvers<T>& solvers, std::size_t count, int threads, const Body& body) {
  std::exception_ptr error;
  const auto end = static_cast<std::ptrdiff_t>(count);
#pragma omp parallel num_threads(std::max(1, std::min(threads, static_cast <int>(std::min <std::size_t>(count, 4096)))))
  {
    std::unique_ptr<BasicHeatSolver<T>> solver = solvers.take();
#pragma omp for schedule(dynamic, 1)
    for (std::ptrdiff_t i = 0; i < end; ++i) {
      try {
        body(*solver, static_cast<std::size_t>(i));
      } catch (...) {
#pragma omp critical(heat_error)
        if (!error) error = std::current_exception();
      }
    }
    solvers.give(std::move(solver));
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace

template <typename T>
std::unique_ptr<BasicHeatSolver<T>> HeatSolvers<T>::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<BasicHeatSolver<T>> solver = std::move(idle_.back());
      idle_.pop_back();
      return solver;
    }
  }
  return std::make_unique<BasicHeatSolver<T>>(mesh_, tolerance_);
}

template <typename T>
void HeatSolvers<T>::give(std::unique_ptr<BasicHeatSolver<T>> solver) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(solver));
}

HeatCoarse::HeatCoarse(const HeatMesh& mesh, const HeatTolerance& tolerance, const HeatMesh& output, int threads)
    : mesh_(mesh), output_(output), threads_(threads), interpolation_(mesh, output), solvers_(mesh, tolerance) {}

Fields HeatCoarse::predict(std::span<const Case> cases) const { return predict_part(cases, 0, output_.nodes()); }

Fields HeatCoarse::predict_part(std::span<const Case> cases, std::size_t begin, std::size_t end) const {
  check(begin % output_.plane() == 0 && end == output_.nodes(), "heat: nodes {} to {} are not whole planes to the top",
        begin, end);
  Fields fields(cases.size(), end - begin);
  each_case(solvers_, cases.size(), threads_, [&](HeatSolver& solver, std::size_t i) {
    interpolation_.apply(solver.solve(cases[i].parameters), fields.row(i), begin / output_.plane());
  });
  return fields;
}

Fields HeatCoarse::vjp(std::span<const Case> cases, const Seed& seed) const {
  Fields gradients(cases.size(), heat_parameters.size());
  each_case(solvers_, cases.size(), threads_, [&](HeatSolver& solver, std::size_t i) {
    std::vector<float> prediction(output_.nodes()), cotangent(output_.nodes(), 0.0f);
    interpolation_.apply(solver.solve(cases[i].parameters), prediction);
    seed(i, prediction, cotangent);
    std::vector<double> seeds(mesh_.nodes());
    interpolation_.transpose(cotangent, seeds);
    const auto gradient = solver.gradient(seeds);
    std::transform(gradient.begin(), gradient.end(), gradients.row(i).begin(),
                   [](double g) { return static_cast<float>(g); });
  });
  return gradients;
}

HeatSimulation::HeatSimulation(const HeatSize& size, int threads, HeatFormat training, const std::string& device)
    : size_(size),
      threads_(threads),
      truth_(size.mesh, size.truth),
      single_(size.mesh, size.truth),
      training_(training),
      device_(device == "cpu" ? nullptr : std::make_unique<HeatDevice>(size.mesh, size.truth, device)),
      coarse_(coarse_model()) {}

std::vector<Sample> HeatSimulation::simulate(std::span<const Case> cases, Fidelity fidelity) const {
  std::vector<Sample> samples(cases.size());
  const std::vector<std::size_t> shape = {size_.mesh.nz + 1, size_.mesh.ny + 1, size_.mesh.nx + 1};
  Fields coarse;
  if (fidelity == Fidelity::coarse) coarse = coarse_->predict(cases);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    samples[i].index = cases[i].index;
    samples[i].arrays["parameters"] = {{cases[i].parameters.size()},
                                       {cases[i].parameters.begin(), cases[i].parameters.end()}};
    samples[i].arrays["theta"] = {shape, {}};
    if (fidelity == Fidelity::coarse)
      samples[i].arrays["theta"].values.assign(coarse.row(i).begin(), coarse.row(i).end());
  }
  const auto solve = [&](auto& solver, std::size_t i) {
    const auto theta = solver.solve(cases[i].parameters);
    samples[i].arrays["theta"].values.assign(theta.begin(), theta.end());
  };
  if (fidelity == Fidelity::train && device_) {
    const Fields solved = device_->solve(cases);
    for (std::size_t i = 0; i < cases.size(); ++i)
      samples[i].arrays["theta"].values.assign(solved.row(i).begin(), solved.row(i).end());
  } else if (fidelity == Fidelity::train && training_ == HeatFormat::fp32)
    each_case(single_, cases.size(), threads_, solve);
  else if (fidelity != Fidelity::coarse)
    each_case(truth_, cases.size(), threads_, solve);
  return samples;
}

std::span<const float> HeatSimulation::outputs(const Sample& sample) const { return sample.arrays.at("theta").values; }

double HeatSimulation::invariant(const Case& problem_case, std::span<const float> theta) const {
  const HeatMesh& mesh = size_.mesh;
  check(theta.size() == mesh.nodes(), "heat: {} outputs, expected {}", theta.size(), mesh.nodes());
  const double area = heat_side * heat_side / static_cast<double>(mesh.nx * mesh.ny);
  const float *below = theta.data(), *above = theta.data() + mesh.nz * mesh.plane();
  const std::vector<double>& p = problem_case.parameters;
  double watts = 0;
  for (std::size_t j = 0; j <= mesh.ny; ++j)
    for (std::size_t i = 0; i <= mesh.nx; ++i) {
      const double weight = (i == 0 || i == mesh.nx ? 0.5 : 1) * (j == 0 || j == mesh.ny ? 0.5 : 1) * area;
      const std::size_t at = j * (mesh.nx + 1) + i;
      watts += weight * (p[10] * static_cast<double>(below[at]) + heat_top * static_cast<double>(above[at]));
    }
  const double total = p[6] + p[7] + p[8];
  return std::abs(watts - total) / total;
}

Work HeatSimulation::work() const { return device_ ? device_->work() : Work{}; }

std::unique_ptr<Model> HeatSimulation::coarse_model() const {
  return std::make_unique<HeatCoarse>(size_.coarse_mesh, size_.coarse, size_.mesh, threads_);
}

}  // namespace tandem::pipelines
