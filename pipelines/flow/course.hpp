// A flow from its parameters to its outputs, but for the steps on the lattice, which a CPU or a device takes: where the
// elements lie, when it is looked at, when it is steady.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "kernels/lattice/boltzmann_solver.hpp"
#include "pipelines/flow/size.hpp"

namespace tandem::pipelines {

inline constexpr std::size_t flow_elements = 2;

// The largest Reynolds number at which a lattice is stable: that of a cell, U_max / nu, stays below 13.
double flow_stable_reynolds(const FlowMesh& mesh);

std::vector<float> flow_inlet(const FlowMesh& mesh);           // velocity of each row
kernels::LatticeFields flow_empty_duct(const FlowMesh& mesh);  // from which flows start

class FlowCourse {
 public:
  // Refuses a Reynolds number at which the lattice is unstable.
  FlowCourse(const FlowMesh& mesh, std::span<const double> parameters);

  kernels::LatticePhysics physics() const { return {viscosity_}; }
  std::span<const float> factors() const { return factors_; }  // B of each cell
  std::span<const float> shares() const { return shares_; }    // of each element in the solid of a cell
  std::span<const float> shares(std::size_t element) const { return shares().subspan(element * cells_, cells_); }

  bool goes_on() const { return !steady_ && !broken_ && travelled_ < mesh_.longest; }
  std::size_t part() const { return part_; }  // steps from one look to the next
  // The forces after another part, x and y of each element, in units of the lattice.
  void look(const std::array<double, 2 * flow_elements>& forces);
  bool steady() const { return steady_; }
  std::size_t steps() const { return steps_; }

  // In the layout of size.hpp, from the velocities at the last look; NaN where the flow did not become steady.
  std::vector<float> outputs(std::span<const float> u, std::span<const float> v) const;

 private:
  void place(std::span<const double> parameters);

  FlowMesh mesh_;
  std::size_t cells_, part_, steps_ = 0;
  double viscosity_, travelled_ = 0;  // H
  bool steady_ = false, broken_ = false;
  std::array<double, 2 * flow_elements> forces_ = {};  // over rho U^2 and a cell
  std::vector<float> factors_, shares_;
};

}  // namespace tandem::pipelines
