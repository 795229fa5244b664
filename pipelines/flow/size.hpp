// Sizes of the flow pipeline and the layout of its cases and outputs.
// Case::parameters: the 9 numbers of flow_domain; a question's tenth is the lift that it requires. Outputs: u, then v,
// of each cell [ny, nx] over U, the mean velocity in the duct, then the forces x1, y1, x2, y2 on the two elements over
// rho U^2 and a cell of this lattice: on all sizes they weigh the same beside the fields.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

#include "harness/pipeline/content.hpp"
#include "harness/pipeline/pipeline.hpp"

namespace tandem::pipelines {

struct FlowRange {
  std::string_view name, unit;
  double low, high;
};

// Lengths over the height H of the duct, which is 2 H long. Element 1 is an ellipse with half axes a1, b1 around
// (0.55, 0.5) H, element 2 one around (0.55 + dx, 0.5 + dy) H. Re = U (0.2 H) / nu, logarithmic.
inline constexpr std::array<FlowRange, 9> flow_domain = {{
    {"Re", "1", 15, 50},
    {"a1", "H", 0.12, 0.20},
    {"b1", "H", 0.04, 0.07},
    {"angle1", "rad", -0.5, 0.5},
    {"a2", "H", 0.08, 0.13},
    {"b2", "H", 0.04, 0.06},
    {"angle2", "rad", -0.6, 0.6},
    {"dx", "H", 0.36, 0.55},
    {"dy", "H", -0.15, 0.15},
}};
inline constexpr std::size_t flow_numbers = flow_domain.size();
inline constexpr std::size_t flow_design = flow_numbers - 1;  // all but Re
inline constexpr double flow_length = 0.2;                    // H, of Re and of coefficients
inline constexpr double flow_first_x = 0.55;                  // H, centre of element 1

// A lattice of 2 ny x ny cells, the lattice velocity of the inlet, and when a flow is steady: the forces change by less
// than `tolerance` of themselves while the fluid travels half a height; not by `longest` heights: it never is.
struct FlowMesh {
  std::size_t ny = 0;
  double speed = 0.1;
  double tolerance = 0;
  double longest = 40;
  std::size_t nx() const { return 2 * ny; }
  std::size_t cells() const { return ny * nx(); }
  std::size_t values() const { return 2 * cells() + 4; }
};

// Simulations after each round of a growing design: docs/pipelines/flow.md.
inline constexpr std::array<std::size_t, 13> flow_rounds = {64,  80,  96,  112, 128, 160, 192,
                                                            224, 256, 320, 384, 448, 512};

struct FlowSize {
  std::string_view name;
  FlowMesh mesh;    // of training samples and of the truth
  FlowMesh coarse;  // of the simulation-only arm, found by the search of docs/pipelines/flow.md
  double target = 0;
  Schedule schedule;
  std::size_t questions = 59;
  double most_reynolds = flow_domain[0].high;
  bool frozen = false;           // targets and coarse lattice, on fresh seeds; else runs are provisional
  std::size_t generations = 16;  // of the search for a design
  std::size_t width = 128;       // of the hidden layers
  double lift_reach = 0.3;       // |lift - required| of a design as simulated, at most
};

inline constexpr std::array<FlowSize, 3> flow_sizes = {{
    {"S", {48, 0.1, 2e-3}, {36, 0.15, 3e-2}, 0.20, {256, 128, 4000, 64}, 59, flow_domain[0].high, true},
    {"M", {96, 0.1, 1e-3}, {40, 0.15, 1e-2}, 0.18, {512, 256, 8000, 64}},
    {"L", {192, 0.1, 1e-3}, {64, 0.1, 2e-3}, 0.13, {2048, 512, 16000, 128}},
}};

inline const FlowSize& flow_size(std::string_view name) { return size_named(flow_sizes, name, "flow"); }

// A parameter at u in 0..1 of its range, and back.
inline double flow_from_unit(const FlowSize& size, std::size_t d, double u) {
  const FlowRange& range = flow_domain[d];
  return d == 0 ? range.low * std::pow(size.most_reynolds / range.low, u) : range.low + (range.high - range.low) * u;
}
inline double flow_to_unit(const FlowSize& size, std::size_t d, double value) {
  const FlowRange& range = flow_domain[d];
  return d == 0 ? std::log(value / range.low) / std::log(size.most_reynolds / range.low)
                : (value - range.low) / (range.high - range.low);
}

// u over U of the empty duct in row j.
inline double flow_empty(std::size_t j, std::size_t ny) {
  const double y = (static_cast<double>(j) + 0.5) / static_cast<double>(ny);
  return 6 * y * (1 - y);
}

struct FlowForces {
  double drag = 0, lift = 0;  // coefficients of both elements: force / (rho U^2 / 2 * 0.2 H)
};
// `f`: the last four outputs.
inline FlowForces flow_forces_of(const FlowMesh& mesh, std::span<const float> f) {
  const double unit = 2 / (flow_length * static_cast<double>(mesh.ny));
  return {unit * static_cast<double>(f[0] + f[2]), unit * static_cast<double>(f[1] + f[3])};
}
inline FlowForces flow_forces(const FlowMesh& mesh, std::span<const float> outputs) {
  return flow_forces_of(mesh, outputs.subspan(2 * mesh.cells()));
}

}  // namespace tandem::pipelines
