#include "pipelines/heat/device.hpp"

#include <algorithm>

#include "harness/device/routine.hpp"
#include "pipelines/heat/solver.hpp"

namespace tandem::pipelines {
namespace {

// Nodes times cases, so that a GPU has enough to do; a multiple of the cases that it handles as one.
std::size_t lockstep_of(const HeatMesh& mesh) {
  constexpr std::size_t wanted = std::size_t{1} << 20, group = 32, most = 256;
  return std::clamp((wanted / mesh.nodes() + group) / group * group, group, most);
}

// A case as the device takes it.
struct Box {
  std::vector<double> thickness, conductivity;  // by layer
  std::vector<double> fraction, watts;          // by column of elements; watts of an element of the chip layer
  double below, guess;

  explicit Box(const HeatAssembly& assembly)
      : fraction(assembly.mesh().nx * assembly.mesh().ny),
        watts(fraction.size()),
        below(assembly.bottom()),
        guess(assembly.guess()) {
    for (std::size_t layer = 0; layer < assembly.mesh().nz; ++layer) {
      thickness.push_back(assembly.dz(layer));
      conductivity.push_back(assembly.conductivity(layer));
    }
    for (const Covered& element : assembly.covered()) {
      const std::size_t at = element.j * assembly.mesh().nx + element.i;
      fraction[at] = element.fraction();
      watts[at] = assembly.watts(element, assembly.chip_layer());
    }
  }
};

}  // namespace

HeatDevice::HeatDevice(const HeatMesh& mesh, const HeatTolerance& tolerance, std::string device, std::size_t lockstep)
    : tolerance_(tolerance),
      device_(std::move(device)),
      lockstep_(lockstep == 0 ? lockstep_of(mesh) : lockstep),
      assembly_(mesh) {}

void HeatDevice::make() {
  const HeatMesh& mesh = assembly_.mesh();
  const auto cells = [](std::size_t n) { return static_cast<unsigned>(n); };
  const kernels::ConductionPlan plan = {
      {cells(mesh.nx), cells(mesh.ny), cells(mesh.nz), cells(assembly_.chip_layer()), assembly_.dx(), assembly_.dy()},
      {silicon_factor, silicon_reference, silicon_exponent, heat_ambient},
      tolerance_.residual,
      tolerance_.pass,
      lockstep_};
  raise(routine_on<kernels::MakeDeviceConduction>(device_, kernels::device_conduction_routine)(plan, Ranks(1),
                                                                                               conduction_));
}

Fields HeatDevice::solve(std::span<const Case> cases) {
  if (!conduction_) make();
  std::vector<Box> boxes;
  std::vector<kernels::ConductionCase> all;
  all.reserve(cases.size());
  for (const Case& one : cases) {
    assembly_.set(one.parameters);
    boxes.emplace_back(assembly_);
  }
  for (const Box& box : boxes)
    all.push_back({box.thickness, box.conductivity, box.below, heat_top, box.guess, box.fraction, box.watts});
  Fields theta(cases.size(), assembly_.mesh().nodes());
  ends_.resize(cases.size());
  raise(conduction_->solve(all, theta.values, ends_));
  for (const kernels::ConductionEnd& end : ends_) check_converged(end.residual, end.target, end.passes);
  return theta;
}

Work HeatDevice::work() const {
  if (!conduction_) return {};
  const LinkBytes moved = conduction_->moved();
  return {0, {{"h2d", moved.to_device}, {"d2h", moved.to_host}}, conduction_->place()};
}

}  // namespace tandem::pipelines
