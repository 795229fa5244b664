// Sizes of the heat pipeline and the layout of its cases and outputs.
// theta(i, j, k), the nodal temperature above 25 C in K, stands at (k * (ny + 1) + j) * (nx + 1) + i: x fastest, fp32.
// The z mesh conforms to the layers: nz/4 element layers of copper, nz/2 of board, nz/4 of chips.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "harness/pipeline/content.hpp"
#include "harness/pipeline/pipeline.hpp"

namespace tandem::pipelines {

struct HeatParameter {
  std::string_view name, unit;
  double low, high;
  bool logarithmic = false;
};

// Of Case::parameters, in this order, in these units.
inline constexpr std::array<HeatParameter, 12> heat_parameters = {{
    {"x1", "mm", 9, 15},
    {"y1", "mm", 9, 15},
    {"x2", "mm", 25, 31},
    {"y2", "mm", 9, 15},
    {"x3", "mm", 17, 23},
    {"y3", "mm", 25, 31},
    {"P1", "W", 5, 40},
    {"P2", "W", 2, 20},
    {"P3", "W", 2, 20},
    {"t_cu", "mm", 0.2, 2},
    {"h", "W/m2K", 400, 4000, true},
    {"k_b", "W/mK", 5, 40, true},
}};

// Cells of a mesh; nodes are one more in each direction.
struct HeatMesh {
  std::size_t nx = 0, ny = 0, nz = 0;
  std::size_t nodes() const { return (nx + 1) * (ny + 1) * (nz + 1); }
  std::size_t plane() const { return (nx + 1) * (ny + 1); }
  // Nodes of the chip layer (3 to 4 mm): the last nz/4 + 1 planes.
  std::size_t chip_begin() const { return (nz - nz / 4) * plane(); }
  std::size_t chip_end() const { return nodes(); }
};

// In which a phase computes: docs/pipelines/heat.md, "Precision balance".
enum class HeatFormat { fp64, fp32, bf16 };

// How far a solver goes: relative residual of the nonlinear system, and by which factor one Picard pass reduces it.
struct HeatTolerance {
  double residual = 0;
  double pass = 0;
};

// Simulations after each round of a growing design: docs/pipelines/heat.md.
inline constexpr std::array<std::size_t, 17> heat_rounds = {64,  80,  96,  112, 128, 160, 192, 224, 256,
                                                            320, 384, 448, 512, 640, 768, 896, 1024};

struct HeatSize {
  std::string_view name;
  HeatMesh mesh;         // of the truth and of every output
  HeatTolerance truth;   // of training samples and validation
  HeatMesh coarse_mesh;  // of the simulation-only arm, found by the search of docs/pipelines/heat.md
  HeatTolerance coarse;
  double target = 0;     // e*, relative L2 error of theta
  double violation = 0;  // of the invariant, in a prediction
  int version = 0;       // of the Problem: any change of its numbers is a new one
  Schedule schedule;
  std::size_t questions = 59;            // scenarios
  std::size_t tolerance_samples = 2000;  // of manufacturing, a scenario
  bool frozen = false;                   // target, limits and coarse mesh, on fresh seeds; else runs are provisional
  std::span<const std::size_t> steering = heat_rounds;
};

inline constexpr std::array<HeatSize, 4> heat_sizes = {{
    {"S", {32, 32, 8}, {1e-7, 0.02}, {16, 16, 4}, {0.1, 0.1}, 0.20, 0.08, 2, {256, 128, 6000, 64}, 59, 2000, true},
    {"M", {64, 64, 16}, {1e-7, 0.02}, {24, 24, 4}, {0.1, 0.1}, 0.12, 0.04, 3, {1024, 256, 12000, 64}, 59, 2000, true},
    {"L", {128, 128, 32}, {1e-7, 0.02}, {32, 32, 8}, {1e-2, 0.1}, 0.075, 0.08, 2, {4096, 512, 24000, 128}},
    {"XL", {256, 256, 64}, {1e-7, 0.02}, {64, 64, 16}, {1e-2, 0.1}, 0.055, 0.08, 2, {16384, 1024, 48000, 256}},
}};

inline const HeatSize& heat_size(std::string_view name) { return size_named(heat_sizes, name, "heat"); }

}  // namespace tandem::pipelines
