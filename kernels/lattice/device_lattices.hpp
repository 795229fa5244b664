// Flows on lattices of the same size side by side on a device, by the scheme of boltzmann_solver.hpp: [flow, direction,
// ny, nx], two arrays that take turns, a thread a cell. In one launch a step pulls what streams in, over the edges too,
// and lets it collide. The outlet's pressure hangs on the outflow of the whole column: each last cell of a row leaves
// its own, which the last cells add up in the next step, always in the same order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/device/gpu_memory.hpp"
#include "kernels/lattice/boltzmann_solver.hpp"

namespace tandem::GPU_VENDOR {

// A flow that moves: where its populations are, and how many steps it takes.
struct MovingFlow {
  kernels::d2q9::Rates rates;
  std::uint32_t flow, from, steps;
};

class DeviceLattices {
 public:
  struct Size {
    std::size_t flows = 0, nx = 0, ny = 0;
    std::size_t bodies = 0;  // of each flow, whose forces are asked for
    std::size_t cells() const { return nx * ny; }
  };

  DeviceLattices(const Size& size, kernels::LatticeEdges edges);
  static double bytes(const Size& size);  // on the device

  void set_inlet(std::span<const float> inlet);  // of all flows: velocity of each row [ny]
  void set(std::size_t flow, const kernels::LatticePhysics& physics);
  void set_solid(std::size_t flow, std::span<const float> factors);                   // B of each cell, [ny, nx]
  void set_body(std::size_t flow, std::size_t body, std::span<const float> weights);  // [ny, nx], of its forces
  // `count` flows from `first` on, in equilibrium: the k-th at fields[k % kinds], pressure (as r), velocity, [3, ny,
  // nx], on the device.
  void start(std::size_t first, std::size_t count, const float* fields, std::size_t kinds);
  // Flow k by steps[k]. Like those below it waits for no more than what was started before.
  void advance(std::span<const std::size_t> steps);
  // What Lattice::observe() shows of the flows that moved in the last advance(), to [flows, 3, ny, nx].
  void observe(float* to);
  // Lattice::force() on each body of those flows, from what was observed, to [flows, bodies, 2].
  void add_forces(const float* observed, double* to);

  std::size_t uploaded() const { return uploaded_; }  // bytes, so far

 private:
  template <bool duct>
  void start_steps();
  void put(float* to, std::span<const float> values, std::size_t expected);
  void bring(const std::vector<MovingFlow>& moving);

  Size size_;
  bool duct_;
  float inflow_ = 0;  // mean of the inlet
  std::vector<kernels::d2q9::Rates> rates_;
  std::vector<std::uint32_t> from_;                       // which of the two arrays has a flow's state
  std::array<DeviceBuffer<float>, 2> populations_, out_;  // [flows, 9, ny, nx]; outflow of each row, [flows, ny]
  DeviceBuffer<float> inlet_, solid_, bodies_;            // [ny], [flows, ny, nx], [flows, bodies, ny, nx]
  std::vector<MovingFlow> moving_;                        // by falling numbers of steps
  PinnedBuffer<MovingFlow> own_list_;
  DeviceBuffer<MovingFlow> list_;
  std::size_t uploaded_ = 0;
};

}  // namespace tandem::GPU_VENDOR
