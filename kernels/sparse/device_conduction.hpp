// Steady conduction in boxes on a device, many cases in lockstep: -div(k grad theta) = q on trilinear hexahedra, films
// below and above, insulated sides, k(theta) in part of the elements. What crosses the border to a GPU module
// (harness/kernel/module.hpp), with errors as values. The routine "sparse/conduction".
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "harness/device/routine.hpp"
#include "harness/kernel/fault.hpp"
#include "harness/ranks/ranks.hpp"

namespace tandem::kernels {

// Cells; nodes are one more in each direction. Layers of cells may differ in thickness from case to case.
struct ConductionMesh {
  unsigned nx = 0, ny = 0, nz = 0;
  unsigned active = 0;    // the first of the upper layers: those with sources and k(theta)
  double dx = 0, dy = 0;  // m
  std::size_t nodes() const { return static_cast<std::size_t>(nx + 1) * (ny + 1) * (nz + 1); }
};

// k = factor ((theta + ambient) / reference)^exponent
struct ConductionLaw {
  double factor = 0, reference = 1, exponent = 0, ambient = 0;
};

struct ConductionCase {
  std::span<const double> thickness, conductivity;  // of each layer
  double below = 0, above = 0;                      // film coefficients
  double guess = 0;                                 // theta at which the preconditioner's k is taken
  // Of each column of cells, x fastest: how much of its active elements follows the law, and the heat in each of them.
  std::span<const double> fraction, source;
};

// How a case ended: converged where residual <= target, both 2-norms.
struct ConductionEnd {
  double residual = 0, target = 0;
  unsigned passes = 0, iterations = 0;
};

struct ConductionPlan {
  ConductionMesh mesh;
  ConductionLaw law;
  double residual = 0, pass = 0;  // to be reached, relative to the load; by which factor a pass reduces it
  std::size_t lockstep = 0;       // most cases that are solved side by side
};

class DeviceConduction {
 public:
  virtual ~DeviceConduction() = default;
  // theta at the nodes, [case][z][y][x]. A case's numbers do not depend on those beside it.
  virtual Fault solve(std::span<const ConductionCase> cases, std::span<float> theta,
                      std::span<ConductionEnd> ends) noexcept = 0;
  virtual LinkBytes moved() const noexcept = 0;  // so far
  virtual std::string place() const = 0;         // "NVIDIA H200"
};

// On every rank: each works on the device of its own.
using MakeDeviceConduction = Fault(const ConductionPlan& plan, const Ranks& ranks,
                                   std::unique_ptr<DeviceConduction>& made);
inline constexpr const char* device_conduction_routine = "sparse/conduction";

}  // namespace tandem::kernels
