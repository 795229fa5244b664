#include "kernels/stencil/shallow_water_reference.hpp"

namespace tandem::kernels {
namespace {

class Reference {
 public:
  Reference(const ShallowWaterGrid& grid, const ShallowWaterPhysics& physics) : g_(grid), p_(physics) {}

  std::vector<double> tendency(const std::vector<double>& state) const {
    std::vector<double> result(state.size());
    const auto nx = static_cast<std::ptrdiff_t>(g_.nx), ny = static_cast<std::ptrdiff_t>(g_.ny);
    for (std::ptrdiff_t j = 0; j < ny; ++j)
      for (std::ptrdiff_t i = 0; i < nx; ++i) {
        const auto at = [&](std::size_t field) -> double& { return result[index(field, j, i)]; };
        at(0) = 0.5 * (q_flow_y(state, j, i) + q_flow_y(state, j + 1, i)) -
                (bernoulli(state, j, i) - bernoulli(state, j, i - 1)) / g_.dx() +
                p_.viscosity * laplacian(state, 0, j, i);
        if (j > 0)
          at(1) = -0.5 * (q_flow_x(state, j, i) + q_flow_x(state, j, i + 1)) -
                  (bernoulli(state, j, i) - bernoulli(state, j - 1, i)) / g_.dy() +
                  p_.viscosity * laplacian(state, 1, j, i);
        at(2) = -(flow_x(state, j, i + 1) - flow_x(state, j, i)) / g_.dx() -
                (flow_y(state, j + 1, i) - flow_y(state, j, i)) / g_.dy();
      }
    return result;
  }

 private:
  std::size_t index(std::size_t field, std::ptrdiff_t j, std::ptrdiff_t i) const {
    const auto nx = static_cast<std::ptrdiff_t>(g_.nx);
    return field * g_.cells() + static_cast<std::size_t>(j * nx + (i + nx) % nx);
  }
  // A field with its mirror images beyond the walls; v is 0 there.
  double value(const std::vector<double>& s, std::size_t field, std::ptrdiff_t j, std::ptrdiff_t i) const {
    const auto ny = static_cast<std::ptrdiff_t>(g_.ny);
    if (field == 1) return j <= 0 || j >= ny ? 0 : s[index(1, j, i)];
    return s[index(field, j < 0 ? 0 : j >= ny ? ny - 1 : j, i)];
  }
  double depth(const std::vector<double>& s, std::ptrdiff_t j, std::ptrdiff_t i) const {
    return p_.depth + value(s, 2, j, i);
  }
  double flow_x(const std::vector<double>& s, std::ptrdiff_t j, std::ptrdiff_t i) const {
    return 0.5 * (depth(s, j, i) + depth(s, j, i - 1)) * value(s, 0, j, i);
  }
  double flow_y(const std::vector<double>& s, std::ptrdiff_t j, std::ptrdiff_t i) const {
    return 0.5 * (depth(s, j, i) + depth(s, j - 1, i)) * value(s, 1, j, i);
  }
  double q(const std::vector<double>& s, std::ptrdiff_t j, std::ptrdiff_t i) const {
    const double around = 0.25 * (depth(s, j, i) + depth(s, j, i - 1) + depth(s, j - 1, i) + depth(s, j - 1, i - 1));
    const double spin =
        (value(s, 1, j, i) - value(s, 1, j, i - 1)) / g_.dx() - (value(s, 0, j, i) - value(s, 0, j - 1, i)) / g_.dy();
    return (p_.at(static_cast<double>(j) * g_.dy(), g_.ly) + spin) / around;
  }
  double q_flow_y(const std::vector<double>& s, std::ptrdiff_t j, std::ptrdiff_t i) const {
    return q(s, j, i) * 0.5 * (flow_y(s, j, i) + flow_y(s, j, i - 1));
  }
  double q_flow_x(const std::vector<double>& s, std::ptrdiff_t j, std::ptrdiff_t i) const {
    return q(s, j, i) * 0.5 * (flow_x(s, j, i) + flow_x(s, j - 1, i));
  }
  double bernoulli(const std::vector<double>& s, std::ptrdiff_t j, std::ptrdiff_t i) const {
    const auto square = [&](std::size_t field, std::ptrdiff_t b, std::ptrdiff_t a) {
      return value(s, field, b, a) * value(s, field, b, a);
    };
    return p_.gravity * value(s, 2, j, i) +
           0.25 * (square(0, j, i) + square(0, j, i + 1) + square(1, j, i) + square(1, j + 1, i));
  }
  double laplacian(const std::vector<double>& s, std::size_t field, std::ptrdiff_t j, std::ptrdiff_t i) const {
    const double here = 2 * value(s, field, j, i);
    return (value(s, field, j, i + 1) + value(s, field, j, i - 1) - here) / (g_.dx() * g_.dx()) +
           (value(s, field, j + 1, i) + value(s, field, j - 1, i) - here) / (g_.dy() * g_.dy());
  }

  ShallowWaterGrid g_;
  ShallowWaterPhysics p_;
};

}  // namespace

std::vector<double> shallow_water_reference(const ShallowWaterGrid& grid, const ShallowWaterPhysics& physics,
                                            std::vector<double> state, double step, std::size_t steps) {
  const Reference reference(grid, physics);
  const std::size_t count = state.size();
  for (std::size_t n = 0; n < steps; ++n) {
    std::vector<double> now = state;
    for (const double weight : {1.0, 0.25, 2.0 / 3}) {
      const std::vector<double> slope = reference.tendency(now);
      for (std::size_t i = 0; i < count; ++i) now[i] = (1 - weight) * state[i] + weight * (now[i] + step * slope[i]);
    }
    state = std::move(now);
  }
  return state;
}

}  // namespace tandem::kernels
