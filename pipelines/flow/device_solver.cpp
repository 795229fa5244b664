#include "pipelines/flow/device_solver.hpp"

#include <optional>

#include "harness/device/routine.hpp"
#include "pipelines/flow/course.hpp"
#include "pipelines/flow/each_case.hpp"

namespace tandem::pipelines {

FlowDeviceSolver::FlowDeviceSolver(const FlowMesh& mesh, std::string device, int threads)
    : mesh_(mesh), device_(std::move(device)), threads_(threads) {}

void FlowDeviceSolver::make_room(std::size_t flows) {
  if (flows <= room_) return;
  auto* const make = routine_on<kernels::MakeDeviceFlows>(device_, kernels::device_flows_routine);
  if (flows_) before_ = {before_.to_device + flows_->moved().to_device, before_.to_host + flows_->moved().to_host};
  flows_.reset();
  room_ = 0;
  const std::vector<float> inlet = flow_inlet(mesh_);
  const kernels::LatticeFields start = flow_empty_duct(mesh_);
  raise(make({flows, mesh_.nx(), mesh_.ny, flow_elements, inlet, start}, Ranks(1), flows_));
  room_ = flows;
}

std::vector<std::vector<float>> FlowDeviceSolver::solve(std::span<const Case> cases) {
  make_room(cases.size());
  std::vector<std::optional<FlowCourse>> courses(cases.size());
  each_case(
      cases.size(), threads_, [] { return 0; },
      [&](int, std::size_t i) { courses[i].emplace(mesh_, cases[i].parameters); });
  for (std::size_t i = 0; i < cases.size(); ++i)
    raise(flows_->begin(i, {courses[i]->physics(), courses[i]->factors(), courses[i]->shares()}));
  std::vector<std::size_t> steps(cases.size());
  std::vector<double> forces(cases.size() * 2 * flow_elements);
  const auto any = [&] {
    bool one = false;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      steps[i] = courses[i]->goes_on() ? courses[i]->part() : 0;
      one = one || steps[i] > 0;
    }
    return one;
  };
  while (any()) {
    raise(flows_->advance(steps));
    raise(flows_->forces(forces));
    for (std::size_t i = 0; i < cases.size(); ++i) {
      std::array<double, 2 * flow_elements> own{};
      std::copy_n(forces.begin() + static_cast<std::ptrdiff_t>(i * own.size()), own.size(), own.begin());
      if (steps[i] > 0) courses[i]->look(own);
    }
  }
  std::vector<std::vector<float>> outputs;
  std::vector<float> velocities(2 * mesh_.cells());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (courses[i]->steady()) raise(flows_->velocities(i, velocities));
    outputs.push_back(
        courses[i]->outputs(std::span(velocities).first(mesh_.cells()), std::span(velocities).last(mesh_.cells())));
  }
  return outputs;
}

Work FlowDeviceSolver::work() const {
  Work work;
  if (!flows_) return work;
  work.place = flows_->place();
  work.moved = {{"h2d", before_.to_device + flows_->moved().to_device},
                {"d2h", before_.to_host + flows_->moved().to_host}};
  return work;
}

}  // namespace tandem::pipelines
