// Flows of one mesh on a device, all of a batch side by side (kernels/lattice/device_flows.hpp); to rounding what
// FlowSolver makes of each.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/lattice/device_flows.hpp"
#include "pipelines/flow/size.hpp"

namespace tandem::pipelines {

class FlowDeviceSolver {
 public:
  // On "gpu" or "guarded". `threads` place the elements.
  FlowDeviceSolver(const FlowMesh& mesh, std::string device, int threads);
  // As FlowSolver::solve() for each case; Unsupported where there is no such device.
  std::vector<std::vector<float>> solve(std::span<const Case> cases);
  Work work() const;

 private:
  void make_room(std::size_t flows);

  FlowMesh mesh_;
  std::string device_;
  int threads_;
  std::size_t room_ = 0;  // flows that fit
  std::unique_ptr<kernels::DeviceFlows> flows_;
  LinkBytes before_;  // by flows that had too little room
};

}  // namespace tandem::pipelines
