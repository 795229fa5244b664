// Conduction in many boxes on a device (device_conduction.hpp), by the method of pipelines/heat/solver.cpp: Picard
// passes with residuals in fp64, each corrected by a few iterations of conjugate gradients in fp32 on the first
// operator. The host looks at the cases' ends once a pass; a pass is recorded as a graph.
#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/device/gpu_graph.hpp"
#include "harness/device/routine.hpp"
#include "kernels/sparse/batched_cg.hpp"
#include "kernels/sparse/conduction_boxes.hpp"
#include "kernels/sparse/device_conduction.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

constexpr unsigned threads = 128;
constexpr unsigned most_passes = 30;
// In a pass. The CPU wants 1 to 3 for most passes of sizes S and M; one that ends here is less exact, no more.
constexpr unsigned pass_iterations = 3;

GPU_KERNEL void assemble(Boxes boxes, BatchedView level) {
  const std::size_t cases = boxes.grid.cases, i = grid_index(), nodes = boxes.grid.nodes();
  if (i >= nodes * cases) return;
  each_coefficient(boxes, i / cases, i % cases,
                   [&](unsigned d, double value) { level.a[d * nodes * cases + i] = static_cast<float>(value); });
}

GPU_KERNEL void clear(double* theta, std::size_t n) {
  const std::size_t i = grid_index();
  if (i < n) theta[i] = 0;
}

// The law at the guess, or of open cases at each element's mean theta.
GPU_KERNEL void conduct(Boxes boxes, const unsigned* open) {
  const std::size_t cases = boxes.grid.cases, index = grid_index(), c = index % cases, element = index / cases;
  if (element >= boxes.active_elements() || (open != nullptr && open[c] == 0)) return;
  const std::size_t column = element % boxes.columns(), layer = boxes.active + element / boxes.columns();
  double theta = boxes.guess[c];
  if (open != nullptr) {
    const std::size_t i = column % (boxes.grid.nx - 1), j = column / (boxes.grid.nx - 1);
    theta = 0;
    for (std::size_t corner = 0; corner < 8; ++corner)
      theta += boxes.theta[boxes.grid.at(i + corner % 2, j + corner / 2 % 2, layer + corner / 4) * cases + c];
    theta /= 8;
  }
  const double whole = boxes.conductivity[layer * cases + c], part = boxes.fraction[column * cases + c];
  const double k = boxes.law.factor * pow((theta + boxes.law.ambient) / boxes.law.reference, boxes.law.exponent);
  boxes.active_conductivity[index] = part > 0 ? whole + part * (k - whole) : whole;
}

// theta += x; x and p are ready for the next pass.
GPU_KERNEL void advance(Boxes boxes, const unsigned* open, float* x) {
  const std::size_t cases = boxes.grid.cases, index = grid_index(), c = index % cases, node = index / cases;
  if (node >= boxes.grid.nodes() || open[c] == 0) return;
  const std::size_t i = boxes.grid.at(node) * cases + c;
  boxes.theta[i] += static_cast<double>(x[i]);
  x[i] = 0;
}

// right = load - A(theta) theta; the parts of its square
GPU_KERNEL void residual(Boxes boxes, BatchedSums all, const unsigned* open, float* right, double* parts) {
  sum_parts(all, open, parts, [&](std::size_t node, std::size_t c) {
    const std::size_t at = boxes.grid.at(node) * boxes.grid.cases + c;
    double r = load(boxes, node, c);
    each_coefficient(boxes, node, c,
                     [&](unsigned d, double value) { r -= value * (boxes.theta + at)[boxes.grid.to(d)]; });
    right[at] = static_cast<float>(r);
    return r * r;
  });
}

GPU_KERNEL void open_all(unsigned* open, ConductionEnd* ends, std::size_t cases) {
  const std::size_t c = grid_index();
  if (c >= cases) return;
  open[c] = 1;
  ends[c] = {};
}

// Who goes on, and how far its next pass goes.
GPU_KERNEL void end_pass(BatchedSums all, const double* parts, BatchedScalars scalars, unsigned* open,
                         ConductionEnd* ends, double relative, double pass, bool first) {
  std::size_t c = 0;
  const double sum = sum_of_parts(all, parts, c);
  if (thread_index() >= tile || c >= all.cases || open[c] == 0) return;
  ConductionEnd& end = ends[c];
  end.residual = sqrt(sum);
  if (first)
    end.target = relative * end.residual;
  else
    ++end.passes;
  end.iterations = scalars.iterations[c];
  const bool goes_on = end.residual > end.target && end.passes < most_passes;
  open[c] = scalars.open[c] = goes_on ? 1 : 0;
  scalars.target[c] = pass * end.residual > 0.5 * end.target ? pass * end.residual : 0.5 * end.target;
}

// to[case][node]
GPU_KERNEL void emit(Boxes boxes, float* to) {
  const std::size_t nodes = boxes.grid.nodes(), i = grid_index();
  if (i < nodes * boxes.grid.cases)
    to[i] = static_cast<float>(boxes.theta[boxes.grid.at(i % nodes) * boxes.grid.cases + i / nodes]);
}

class Conduction final : public DeviceConduction {
 public:
  Conduction(const ConductionPlan& plan, const Ranks& ranks)
      : device_(choose_device(ranks)),
        plan_(plan),
        grid_{plan.mesh.nx + 1, plan.mesh.ny + 1, plan.mesh.nz + 1, 0},
        cg_(grid_, plan.lockstep),
        columns_(static_cast<std::size_t>(plan.mesh.nx) * plan.mesh.ny),
        given_each_(2 * plan.mesh.nz + 3 + 2 * columns_),
        given_(given_each_ * plan.lockstep),
        active_conductivity_(columns_ * (plan.mesh.nz - plan.mesh.active) * plan.lockstep),
        theta_(grid_.padded() * plan.lockstep),
        output_(grid_.nodes() * plan.lockstep),
        open_(plan.lockstep),
        ends_(plan.lockstep),
        own_given_(given_.size()),
        own_output_(output_.size()),
        own_open_(plan.lockstep),
        own_ends_(plan.lockstep) {}

  Fault solve(std::span<const ConductionCase> cases, std::span<float> theta,
              std::span<ConductionEnd> ends) noexcept override {
    return caught([&] {
      const std::size_t nodes = grid_.nodes();
      check(theta.size() == cases.size() * nodes && ends.size() == cases.size(), "{} values and {} ends of {} cases",
            theta.size(), ends.size(), cases.size());
      for (std::size_t at = 0; at < cases.size(); at += plan_.lockstep) {
        const std::size_t count = std::min(plan_.lockstep, cases.size() - at);
        solve_batch(cases.subspan(at, count), theta.subspan(at * nodes, count * nodes), ends.subspan(at, count));
      }
    });
  }

  LinkBytes moved() const noexcept override { return moved_; }
  std::string place() const override { return device_.name; }

 private:
  void solve_batch(std::span<const ConductionCase> cases, std::span<float> theta, std::span<ConductionEnd> ends) {
    const std::size_t count = cases.size();
    if (count != grid_.cases) graph_.reset();
    grid_.cases = static_cast<unsigned>(count);
    bring(cases);
    start_set_up();
    for (unsigned pass = 0; pass == 0 || (pass < most_passes && any_open()); ++pass) {
      if (graph_) {
        graph_->replay();
      } else {
        start_pass();
        record();
      }
      start_copy_out(own_open_.data(), open_.data(), count * sizeof(unsigned));
      finish();
      moved_.to_host += count * sizeof(unsigned);
    }
    launch(emit, blocks_for(grid_.nodes() * count, threads), threads, boxes(), output_.data());
    start_copy_out(own_output_.data(), output_.data(), theta.size_bytes());
    start_copy_out(own_ends_.data(), ends_.data(), ends.size_bytes());
    finish();
    moved_.to_host += theta.size_bytes() + ends.size_bytes();
    std::copy_n(own_output_.data(), theta.size(), theta.begin());
    std::copy_n(own_ends_.data(), count, ends.begin());
  }

  bool any_open() {
    return std::any_of(own_open_.data(), own_open_.data() + grid_.cases, [](unsigned open) { return open != 0; });
  }

  // Cases side by side: [quantity][case].
  void bring(std::span<const ConductionCase> cases) {
    const std::size_t layers = plan_.mesh.nz, count = cases.size();
    for (std::size_t c = 0; c < count; ++c) {
      const ConductionCase& one = cases[c];
      check(one.thickness.size() == layers && one.conductivity.size() == layers && one.fraction.size() == columns_ &&
                one.source.size() == columns_,
            "a case of {} and {} layers, {} and {} columns", one.thickness.size(), one.conductivity.size(),
            one.fraction.size(), one.source.size());
      double* to = own_given_.data() + c;
      const auto put = [&](std::span<const double> values) {
        for (const double value : values) {
          *to = value;
          to += count;
        }
      };
      put(one.thickness);
      put(one.conductivity);
      put({&one.below, 1});
      put({&one.above, 1});
      put({&one.guess, 1});
      put(one.fraction);
      put(one.source);
    }
    start_copy_in(given_.data(), own_given_.data(), given_each_ * count * sizeof(double));
    moved_.to_device += given_each_ * count * sizeof(double);
  }

  Boxes boxes() {
    const ConductionMesh& mesh = plan_.mesh;
    Boxes all;
    all.grid = grid_;
    all.active = mesh.active;
    for (unsigned y = 0; y < 2; ++y)
      for (unsigned x = 0; x < 2; ++x) {
        const double mass_x = mesh.dx / (x == 0 ? 3 : 6), mass_y = mesh.dy / (y == 0 ? 3 : 6);
        all.mass[y][x] = mass_x * mass_y;
        all.along[y][x] = (x == 0 ? 1 : -1) / mesh.dx * mass_y + (y == 0 ? 1 : -1) / mesh.dy * mass_x;
      }
    all.law = plan_.law;
    const double* at = given_.data();
    const auto next = [&](std::size_t quantities) {
      const double* here = at;
      at += quantities * grid_.cases;
      return here;
    };
    all.thickness = next(mesh.nz);
    all.conductivity = next(mesh.nz);
    all.below = next(1);
    all.above = next(1);
    all.guess = next(1);
    all.fraction = next(columns_);
    all.source = next(columns_);
    all.active_conductivity = active_conductivity_.data();
    all.theta = theta_.data();
    return all;
  }

  void start_set_up() {
    const Boxes all = boxes();
    const std::size_t cases = grid_.cases, values = grid_.padded() * cases;
    cg_.start_batch(grid_.cases);
    launch(clear, blocks_for(values, threads), threads, theta_.data(), values);
    launch(open_all, blocks_for(cases, threads), threads, open_.data(), ends_.data(), cases);
    start_conduct(nullptr);
    launch(assemble, blocks_for(grid_.nodes() * cases, threads), threads, all, cg_.multigrid().finest(open_.data()));
    cg_.multigrid().start_set_up(open_.data());
    start_end(true);
  }

  void start_pass() {
    cg_.start(pass_iterations);
    const unsigned* open = open_.data();
    launch(advance, blocks_for(grid_.nodes() * grid_.cases, threads), threads, boxes(), open, cg_.x());
    start_conduct(open);
    start_end(false);
  }

  void start_conduct(const unsigned* open) {
    const Boxes all = boxes();
    launch(conduct, blocks_for(all.active_elements() * grid_.cases, threads), threads, all, open);
  }

  void start_end(bool first) {
    const BatchedSums all = cg_.sums();
    const unsigned* open = open_.data();
    const double* parts = cg_.parts();
    launch(residual, all.blocks(), tile_threads, boxes(), all, open, cg_.multigrid().finest(open).right, cg_.parts());
    launch(end_pass, all.tiles(), tile_threads, all, parts, cg_.scalars(), open_.data(), ends_.data(), plan_.residual,
           plan_.pass, first);
  }

  // After a pass that was not recorded: libraries and kernels are loaded at their first call.
  void record() {
    finish();
    graph_ = std::make_unique<DeviceGraph>([this] { start_pass(); });
  }

  const GpuDevice& device_;
  ConductionPlan plan_;
  BatchedGrid grid_;
  BatchedCg cg_;
  std::size_t columns_, given_each_;
  DeviceBuffer<double> given_, active_conductivity_, theta_;
  DeviceBuffer<float> output_;
  DeviceBuffer<unsigned> open_;
  DeviceBuffer<ConductionEnd> ends_;
  PinnedBuffer<double> own_given_;
  PinnedBuffer<float> own_output_;
  PinnedBuffer<unsigned> own_open_;
  PinnedBuffer<ConductionEnd> own_ends_;
  std::unique_ptr<DeviceGraph> graph_;  // of a pass of as many cases
  LinkBytes moved_;
};

Fault make(const ConductionPlan& plan, const Ranks& ranks, std::unique_ptr<DeviceConduction>& made) {
  return caught([&] {
    const ConductionMesh& mesh = plan.mesh;
    check(mesh.nx > 0 && mesh.ny > 0 && mesh.active < mesh.nz && plan.lockstep > 0,
          "conduction in {} x {} x {} cells, active from layer {}, {} at once", mesh.nx, mesh.ny, mesh.nz, mesh.active,
          plan.lockstep);
    made = std::make_unique<Conduction>(plan, ranks);
  });
}

}  // namespace

Routine sparse_conduction_routine() { return routine<MakeDeviceConduction>(device_conduction_routine, make); }

}  // namespace tandem::GPU_VENDOR
