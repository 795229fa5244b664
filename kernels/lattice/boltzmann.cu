// Lattice Boltzmann flow around two ellipses in a duct on a device, all members side by side (device_lattices.hpp): a
// step reads and writes nine populations of each cell and reads the factor of the solid, 76 bytes and 84 operations.
// A run starts the flows anew and ends with their pressures and velocities. Data and verdicts: boltzmann_case.hpp.
#include <algorithm>
#include <vector>

#include "kernels/lattice/boltzmann_case.hpp"
#include "kernels/lattice/device_lattices.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

DeviceLattices::Size lattices_of(const BoltzmannSize& size) { return {size.members, size.nx, size.ny, 0}; }

class Boltzmann final : public Kernel {
 public:
  Boltzmann(const Settings& settings, const KernelContext& context)
      : device_(choose_device(context.ranks)),
        case_(settings, context),
        lattices_(lattices_of(case_.size()), LatticeEdges::duct),
        steps_(case_.size().members, case_.size().steps),
        starts_(2 * 3 * case_.size().cells()),
        final_(case_.size().members * 3 * case_.size().cells()) {}

  void prepare(Data data) override {
    case_.prepare(data);
    lattices_.set_inlet(case_.inlet());
    for (std::size_t m = 0; m < case_.size().members; ++m) {
      lattices_.set(m, case_.physics());
      lattices_.set_solid(m, case_.kind_of(m).solid);
    }
    Buffer<float> starts(starts_.size());
    float* to = starts.data();
    for (const BoltzmannCase::Kind& kind : case_.kinds())
      for (const std::vector<float>* field : {&kind.start.r, &kind.start.u, &kind.start.v})
        to = std::copy(field->begin(), field->end(), to);
    starts_.upload(starts);
  }

  void run() override {
    lattices_.start(0, case_.size().members, starts_.data(), 2);
    lattices_.advance(steps_);
    lattices_.observe(final_.device());
  }
  void finish() override { GPU_VENDOR::finish(); }

  std::vector<Verdict> verify() override { return case_.judge(final_.fetch()); }

  Facts facts() const override {
    Facts facts = case_.facts(1);
    facts.working_set = DeviceLattices::bytes(lattices_of(case_.size()));
    facts.notes["device"] = device_.name;
    return facts;
  }

  Output output() override {
    Buffer<float>& final = final_.fetch();
    return {final.data(), final.size(), Output::Type::fp32, [this] { final_.put(); }};
  }

 private:
  const GpuDevice& device_;
  BoltzmannCase case_;
  DeviceLattices lattices_;
  std::vector<std::size_t> steps_;
  DeviceBuffer<float> starts_;
  DeviceResult<float> final_;
};

}  // namespace

KernelEntry lattice_boltzmann() {
  KernelEntry entry = boltzmann_entry("members side by side on the device", {192, 96, 64, 240});
  entry.memory = [](const Settings& settings, const Placement&) {
    const BoltzmannSize size = boltzmann_size(settings);
    return DeviceLattices::bytes(lattices_of(size)) + 12 * static_cast<double>((size.members + 2) * size.cells());
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<Boltzmann>(settings, context);
  };
  return entry;
}

}  // namespace tandem::GPU_VENDOR
