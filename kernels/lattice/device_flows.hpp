// Flows in a duct side by side on a device: what crosses the border to a GPU module (harness/kernel/module.hpp), with
// errors as values. The routine "lattice/flows".
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "harness/device/routine.hpp"
#include "harness/kernel/fault.hpp"
#include "harness/ranks/ranks.hpp"
#include "kernels/lattice/boltzmann_solver.hpp"

namespace tandem::kernels {

// A flow around its bodies: B of each cell [ny, nx], and what share of it is each body's [bodies, ny, nx].
struct PlacedFlow {
  LatticePhysics physics;
  std::span<const float> solid, shares;
};

class DeviceFlows {
 public:
  virtual ~DeviceFlows() = default;
  virtual Fault begin(std::size_t flow, const PlacedFlow& placed) noexcept = 0;
  // Flow k by steps[k]; waits for nothing.
  virtual Fault advance(std::span<const std::size_t> steps) noexcept = 0;
  // Of the first flows as many as fit, [flows, bodies, 2], summed up on the device; of a flow that did not move in the
  // last advance() what it was before.
  virtual Fault forces(std::span<double> to) noexcept = 0;
  // [2, ny, nx], as they were when its forces were last summed up.
  virtual Fault velocities(std::size_t flow, std::span<float> to) noexcept = 0;
  virtual LinkBytes moved() const noexcept = 0;  // so far
  virtual std::string place() const = 0;         // "NVIDIA H200"
};

struct DeviceFlowsPlan {
  std::size_t flows, nx, ny, bodies;
  std::span<const float> inlet;  // of all flows
  const LatticeFields& start;    // of all flows
};

// On every rank.
using MakeDeviceFlows = Fault(const DeviceFlowsPlan& plan, const Ranks& ranks, std::unique_ptr<DeviceFlows>& made);
inline constexpr const char* device_flows_routine = "lattice/flows";

}  // namespace tandem::kernels
