// Training simulations on a GPU: the module's cases as conduction in boxes (kernels/sparse/device_conduction.hpp).
// Power, films and the chips' places come from the CPU's assembly, and the criterion is its own.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "kernels/sparse/device_conduction.hpp"
#include "pipelines/heat/assembly.hpp"

namespace tandem::pipelines {

class HeatDevice {
 public:
  // `device`: gpu, on one rank only, or guarded. `lockstep`: most cases side by side, 0: as many as fill a GPU.
  HeatDevice(const HeatMesh& mesh, const HeatTolerance& tolerance, std::string device, std::size_t lockstep = 0);

  // theta of each case. Unsupported where there is no such device.
  Fields solve(std::span<const Case> cases);
  std::span<const kernels::ConductionEnd> ends() const { return ends_; }  // of the last call
  Work work() const;

 private:
  void make();

  HeatTolerance tolerance_;
  std::string device_;
  std::size_t lockstep_;
  HeatAssembly assembly_;
  std::unique_ptr<kernels::DeviceConduction> conduction_;  // made when it is first needed
  std::vector<kernels::ConductionEnd> ends_;
};

}  // namespace tandem::pipelines
