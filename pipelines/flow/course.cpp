#include "pipelines/flow/course.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/lattice/coverage.hpp"

namespace tandem::pipelines {
namespace {

constexpr double stable_cell_reynolds = 13,
                 interval = 0.5;  // H, that the fluid travels between two looks at the forces

}  // namespace

double flow_stable_reynolds(const FlowMesh& mesh) {
  return stable_cell_reynolds * flow_length * static_cast<double>(mesh.ny) / 1.5;
}

std::vector<float> flow_inlet(const FlowMesh& mesh) {
  std::vector<float> inlet;
  for (std::size_t j = 0; j < mesh.ny; ++j) inlet.push_back(static_cast<float>(mesh.speed * flow_empty(j, mesh.ny)));
  return inlet;
}

kernels::LatticeFields flow_empty_duct(const FlowMesh& mesh) {
  const std::vector<float> inlet = flow_inlet(mesh), none(mesh.cells(), 0.0f);
  kernels::LatticeFields fields{none, none, none};
  for (std::size_t n = 0; n < mesh.cells(); ++n) fields.u[n] = inlet[n / mesh.nx()];
  return fields;
}

FlowCourse::FlowCourse(const FlowMesh& mesh, std::span<const double> p) : mesh_(mesh), cells_(mesh.cells()) {
  check(p.size() >= flow_numbers, "flow: a case of {} parameters, expected {}", p.size(), flow_numbers);
  check_usage(p[0] > 0 && p[0] <= flow_stable_reynolds(mesh),
              "flow: Re = {:.4g} is unstable on {} cells across the duct, the limit is {:.4g}: take a finer lattice",
              p[0], mesh.ny, flow_stable_reynolds(mesh));
  const auto height = static_cast<double>(mesh.ny);
  viscosity_ = mesh.speed * flow_length * height / p[0];
  part_ = static_cast<std::size_t>(std::lround(interval * height / mesh.speed));
  place(p);
}

void FlowCourse::place(std::span<const double> p) {
  const auto height = static_cast<double>(mesh_.ny);
  const std::array<kernels::Ellipse, flow_elements> elements = {
      {{flow_first_x * height, 0.5 * height, p[1] * height, p[2] * height, p[3]},
       {(flow_first_x + p[7]) * height, (0.5 + p[8]) * height, p[4] * height, p[5] * height, p[6]}}};
  shares_.assign(flow_elements * cells_, 0.0f);
  for (std::size_t e = 0; e < flow_elements; ++e)
    kernels::add_coverage(elements[e], mesh_.nx(), mesh_.ny, std::span(shares_).subspan(e * cells_, cells_));
  factors_.assign(cells_, 0.0f);
  for (std::size_t n = 0; n < cells_; ++n) {
    const float both = shares_[n] + shares_[cells_ + n];
    if (both == 0) continue;
    factors_[n] = static_cast<float>(kernels::solid_factor(static_cast<double>(std::min(both, 1.0f)), viscosity_));
    for (std::size_t e = 0; e < flow_elements; ++e) shares_[e * cells_ + n] /= both;
  }
}

void FlowCourse::look(const std::array<double, 2 * flow_elements>& forces) {
  steps_ += part_;
  travelled_ += interval;
  double change = 0, size = 0;
  for (std::size_t k = 0; k < forces.size(); ++k) {
    const double now = forces[k] / (mesh_.speed * mesh_.speed);
    change += (now - forces_[k]) * (now - forces_[k]);
    size += now * now;
    forces_[k] = now;
  }
  broken_ = !std::isfinite(size);
  steady_ = !broken_ && change <= mesh_.tolerance * mesh_.tolerance * size;
}

std::vector<float> FlowCourse::outputs(std::span<const float> u, std::span<const float> v) const {
  std::vector<float> outputs(mesh_.values(), std::numeric_limits<float>::quiet_NaN());
  if (!steady_) return outputs;
  const auto scale = static_cast<float>(1 / mesh_.speed);
  for (std::size_t n = 0; n < cells_; ++n) {
    outputs[n] = scale * u[n];
    outputs[cells_ + n] = scale * v[n];
  }
  for (std::size_t k = 0; k < forces_.size(); ++k) outputs[2 * cells_ + k] = static_cast<float>(forces_[k]);
  return outputs;
}

}  // namespace tandem::pipelines
