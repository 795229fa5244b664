// Flows side by side on a device (device_flows.hpp): what solid is and whose goes there once, and at each look the
// forces come back.
#include <algorithm>

#include "harness/device/routine.hpp"
#include "kernels/lattice/device_flows.hpp"
#include "kernels/lattice/device_lattices.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

class Flows final : public DeviceFlows {
 public:
  Flows(const DeviceFlowsPlan& plan, const Ranks& ranks)
      : device_(choose_device(ranks)),
        size_{plan.flows, plan.nx, plan.ny, plan.bodies},
        lattices_(size_, LatticeEdges::duct),
        start_(3 * size_.cells()),
        observed_(size_.flows * 3 * size_.cells()),
        forces_(size_.flows * size_.bodies * 2),
        start_bytes_(start_.size() * sizeof(float)) {
    lattices_.set_inlet(plan.inlet);
    float* to = start_.data();
    for (const std::vector<float>* field : {&plan.start.r, &plan.start.u, &plan.start.v}) {
      check(field->size() == size_.cells(), "lattice: a start of {} cells, expected {}", field->size(), size_.cells());
      copy_in(to, field->data(), field->size() * sizeof(float));
      to += field->size();
    }
  }

  Fault begin(std::size_t flow, const PlacedFlow& placed) noexcept override {
    return caught([&] {
      check(placed.shares.size() == size_.bodies * size_.cells(), "lattice: {} shares of {} bodies",
            placed.shares.size(), size_.bodies);
      lattices_.set(flow, placed.physics);
      lattices_.set_solid(flow, placed.solid);
      for (std::size_t body = 0; body < size_.bodies; ++body)
        lattices_.set_body(flow, body, placed.shares.subspan(body * size_.cells(), size_.cells()));
      lattices_.start(flow, 1, start_.data(), 1);
    });
  }

  Fault advance(std::span<const std::size_t> steps) noexcept override {
    return caught([&] { lattices_.advance(steps); });
  }

  Fault forces(std::span<double> to) noexcept override {
    return caught([&] {
      check(to.size() <= forces_.size(), "lattice: {} forces of {}", to.size(), forces_.size());
      lattices_.observe(observed_.data());
      lattices_.add_forces(observed_.data(), forces_.data());
      copy_out(to.data(), forces_.data(), to.size_bytes());
      to_host_ += to.size_bytes();
    });
  }

  Fault velocities(std::size_t flow, std::span<float> to) noexcept override {
    return caught([&] {
      check(flow < size_.flows && to.size() == 2 * size_.cells(), "lattice: {} velocities of flow {} of {}", to.size(),
            flow, size_.flows);
      copy_out(to.data(), observed_.data() + (flow * 3 + 1) * size_.cells(), to.size_bytes());
      to_host_ += to.size_bytes();
    });
  }

  LinkBytes moved() const noexcept override { return {start_bytes_ + lattices_.uploaded(), to_host_}; }
  std::string place() const override { return device_.name; }

 private:
  const GpuDevice& device_;
  DeviceLattices::Size size_;
  DeviceLattices lattices_;
  DeviceBuffer<float> start_, observed_;  // [3, ny, nx] of all flows, [flows, 3, ny, nx]
  DeviceBuffer<double> forces_;
  std::size_t start_bytes_, to_host_ = 0;
};

Fault make(const DeviceFlowsPlan& plan, const Ranks& ranks, std::unique_ptr<DeviceFlows>& made) {
  return caught([&] { made = std::make_unique<Flows>(plan, ranks); });
}

}  // namespace

Routine lattice_flows_routine() { return routine<MakeDeviceFlows>(device_flows_routine, make); }

}  // namespace tandem::GPU_VENDOR
