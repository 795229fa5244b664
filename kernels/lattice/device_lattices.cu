#include <algorithm>

#include "harness/device/gpu_code.hpp"
#include "harness/device/gpu_sums.hpp"
#include "kernels/lattice/device_lattices.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;
using d2q9::Populations, d2q9::w1, d2q9::w5;

constexpr unsigned threads = 128;

struct Shape {
  unsigned nx, ny, cells;
  unsigned blocks;  // of a flow

  explicit Shape(const DeviceLattices::Size& size)
      : nx(static_cast<unsigned>(size.nx)),
        ny(static_cast<unsigned>(size.ny)),
        cells(nx * ny),
        blocks(static_cast<unsigned>(blocks_for(size.cells(), threads))) {}
};

// A thread's cell and the flow of its block.
struct Cell {
  unsigned flow, at, i, j;
};
GPU_FUNCTION Cell own_cell(const Shape& shape) {
  const unsigned at = block_index() % shape.blocks * block_size() + thread_index();
  return {block_index() / shape.blocks, at, at % shape.nx, at / shape.nx};
}

// One of the two: of all flows.
struct Arrays {
  float *populations, *out;
};

GPU_FUNCTION Populations of_cell(const float* f, std::size_t plane) {
  return {f[0],         f[plane],     f[2 * plane], f[3 * plane], f[4 * plane],
          f[5 * plane], f[6 * plane], f[7 * plane], f[8 * plane]};
}

GPU_FUNCTION void put(const Populations& f, float* to, std::size_t plane) {
  to[0] = f.f0;
  to[plane] = f.f1;
  to[2 * plane] = f.f2;
  to[3 * plane] = f.f3;
  to[4 * plane] = f.f4;
  to[5 * plane] = f.f5;
  to[6 * plane] = f.f6;
  to[7 * plane] = f.f7;
  to[8 * plane] = f.f8;
}

GPU_FUNCTION float outlet_pressure(const float* out, unsigned ny, float inflow) {
  float a = 0, b = 0, c = 0, d = 0;
  unsigned j = 0;
  for (; j + 4 <= ny; j += 4) {
    a += out[j];
    b += out[j + 1];
    c += out[j + 2];
    d += out[j + 3];
  }
  for (; j < ny; ++j) a += out[j];
  return 1.73205081f * (((a + b) + (c + d)) / static_cast<float>(ny) - inflow);
}

// What streams into a cell. `f`, `out`: the populations and the outflow of its flow.
template <bool duct>
GPU_FUNCTION Populations arriving(const Shape& shape, const Cell& cell, const float* f, const float* out,
                                  const float* inlet, float inflow) {
  const std::size_t plane = shape.cells;
  const auto nx = static_cast<int>(shape.nx), rows = static_cast<int>(shape.cells - shape.nx);
  const bool first = cell.i == 0, last = cell.i + 1 == shape.nx, bottom = cell.j == 0, top = cell.j + 1 == shape.ny;
  // Beyond a duct's edges stands the cell itself, until the right value follows.
  const int west = !first ? -1 : duct ? 0 : nx - 1, east = !last ? 1 : duct ? 0 : 1 - nx;
  const int south = !bottom ? -nx : duct ? 0 : rows, north = !top ? nx : duct ? 0 : -rows;
  const float* const here = f + cell.at;
  Populations in = {here[0],
                    here[plane + west],
                    here[2 * plane + south],
                    here[3 * plane + east],
                    here[4 * plane + north],
                    here[5 * plane + (south + west)],
                    here[6 * plane + (south + east)],
                    here[7 * plane + (north + east)],
                    here[8 * plane + (north + west)]};
  if (!duct || !(first || last || bottom || top)) return in;
  const Populations own = of_cell(here, plane);
  if (bottom) {
    in.f2 = own.f4;
    in.f5 = own.f7;
    in.f6 = own.f8;
  }
  if (top) {
    in.f4 = own.f2;
    in.f7 = own.f5;
    in.f8 = own.f6;
  }
  if (first) {
    const float velocity = inlet[cell.j];
    in.f1 = own.f3 + 6 * w1 * velocity;
    in.f5 = own.f7 + 6 * w5 * velocity;
    in.f8 = own.f6 + 6 * w5 * velocity;
  }
  if (last) {
    const float u = d2q9::along(own), v = d2q9::across(own);
    const float rest = outlet_pressure(out, shape.ny, inflow) - 1.5f * (u * u + v * v);
    in.f3 = 2 * w1 * (rest + 4.5f * u * u) - own.f1;
    if (!bottom) in.f6 = 2 * w5 * (rest + 4.5f * (u - v) * (u - v)) - own.f8;
    if (!top) in.f7 = 2 * w5 * (rest + 4.5f * (u + v) * (u + v)) - own.f5;
  }
  return in;
}

// Step `taken` of each flow of the list, from 0.
template <bool duct>
GPU_KERNEL void step(const MovingFlow* list, Arrays even, Arrays odd, const float* inlet, const float* solid,
                     float inflow, Shape shape, unsigned taken) {
  const Cell cell = own_cell(shape);
  if (cell.at >= shape.cells) return;
  const MovingFlow own = list[cell.flow];
  const bool swapped = (own.from + taken) % 2 != 0;
  const Arrays from = swapped ? odd : even, to = swapped ? even : odd;
  const std::size_t state = static_cast<std::size_t>(own.flow) * 9 * shape.cells,
                    ends = static_cast<std::size_t>(own.flow) * shape.ny;
  const Populations in = arriving<duct>(shape, cell, from.populations + state, from.out + ends, inlet, inflow);
  const float b = solid[static_cast<std::size_t>(own.flow) * shape.cells + cell.at];
  const Populations collided = d2q9::collided(in, b, own.rates);
  put(collided, to.populations + state + cell.at, shape.cells);
  if (duct && cell.i + 1 == shape.nx) to.out[ends + cell.j] = d2q9::along(collided);
}

// Flow first + k at fields[k % kinds].
GPU_KERNEL void set_equilibrium(const float* fields, unsigned kinds, unsigned first, Arrays to, Shape shape) {
  const Cell cell = own_cell(shape);
  if (cell.at >= shape.cells) return;
  const std::size_t plane = shape.cells, flow = first + cell.flow;
  const float* const at = fields + cell.flow % kinds * 3 * plane + cell.at;
  const Populations f = d2q9::in_equilibrium(at[0], at[plane], at[2 * plane]);
  put(f, to.populations + flow * 9 * plane + cell.at, plane);
  if (cell.i + 1 == shape.nx) to.out[flow * shape.ny + cell.j] = d2q9::along(f);
}

template <bool duct>
GPU_KERNEL void observe_cells(const MovingFlow* list, Arrays even, Arrays odd, const float* inlet, const float* solid,
                              float inflow, Shape shape, float* to) {
  const Cell cell = own_cell(shape);
  if (cell.at >= shape.cells) return;
  const MovingFlow own = list[cell.flow];
  const Arrays from = (own.from + own.steps) % 2 != 0 ? odd : even;
  const std::size_t plane = shape.cells, flow = own.flow;
  const Populations in =
      arriving<duct>(shape, cell, from.populations + flow * 9 * plane, from.out + flow * shape.ny, inlet, inflow);
  const float middle = 1 - 0.5f * solid[flow * plane + cell.at];
  float* const at = to + flow * 3 * plane + cell.at;
  at[0] = d2q9::density(in);
  at[plane] = middle * d2q9::along(in);
  at[2 * plane] = middle * d2q9::across(in);
}

// A block for each component of the force on each body of a flow of the list.
GPU_KERNEL void force(const MovingFlow* list, const float* observed, const float* solid, const float* weights,
                      unsigned bodies, std::size_t cells, double* to) {
  const unsigned of_flow = block_index() % (2 * bodies), d = of_flow % 2;
  const std::size_t flow = list[block_index() / (2 * bodies)].flow;
  const float* const b = solid + flow * cells;
  const float* const weight = weights + (flow * bodies + of_flow / 2) * cells;
  const float* const velocity = observed + (flow * 3 + 1 + d) * cells;
  double sum = 0;
  for (std::size_t at = thread_index(); at < cells; at += sum_threads)
    if (b[at] != 0)
      sum += static_cast<double>(weight[at] * b[at] / (1 - 0.5f * b[at])) * static_cast<double>(velocity[at]);
  sum = block_sum(sum);
  if (thread_index() == 0) to[flow * 2 * bodies + of_flow] = sum;
}

Arrays arrays(DeviceBuffer<float>& populations, DeviceBuffer<float>& out) { return {populations.data(), out.data()}; }

std::size_t blocks_of(std::size_t flows, const Shape& shape) { return blocks_for(flows * shape.blocks, 1); }

}  // namespace

DeviceLattices::DeviceLattices(const Size& size, LatticeEdges edges)
    : size_(size),
      duct_(edges == LatticeEdges::duct),
      rates_(size.flows, d2q9::Rates{0, 0}),
      from_(size.flows, 0),
      inlet_(size.ny),
      solid_(size.flows * size.cells()),
      bodies_(size.flows * size.bodies * size.cells()),
      own_list_(size.flows),
      list_(size.flows) {
  check_usage(size.nx >= 4 && size.ny >= 4, "lattice: {} x {} cells are too few, 4 x 4 are needed", size.nx, size.ny);
  check_usage(size.cells() < std::size_t{1} << 31, "lattice: {} x {} cells are too many", size.nx, size.ny);
  for (auto& array : populations_) array = DeviceBuffer<float>(size.flows * 9 * size.cells());
  for (auto& array : out_) array = DeviceBuffer<float>(size.flows * size.ny);
}

double DeviceLattices::bytes(const Size& size) {
  const auto cells = static_cast<double>(size.cells()), rows = static_cast<double>(size.ny);
  return static_cast<double>(size.flows) *
             (4 * cells * (19 + static_cast<double>(size.bodies)) + 8 * rows + sizeof(MovingFlow)) +
         4 * rows;
}

void DeviceLattices::put(float* to, std::span<const float> values, std::size_t expected) {
  check(values.size() == expected, "lattice: {} values, expected {}", values.size(), expected);
  copy_in(to, values.data(), values.size_bytes());
  uploaded_ += values.size_bytes();
}

void DeviceLattices::set_inlet(std::span<const float> inlet) {
  put(inlet_.data(), inlet, size_.ny);
  inflow_ = lattice_inflow(inlet);
}

void DeviceLattices::set(std::size_t flow, const LatticePhysics& physics) { rates_.at(flow) = lattice_rates(physics); }

void DeviceLattices::set_solid(std::size_t flow, std::span<const float> factors) {
  check(flow < size_.flows, "lattice: flow {} of {}", flow, size_.flows);
  put(solid_.data() + flow * size_.cells(), factors, size_.cells());
}

void DeviceLattices::set_body(std::size_t flow, std::size_t body, std::span<const float> weights) {
  check(flow < size_.flows && body < size_.bodies, "lattice: body {} of flow {}", body, flow);
  put(bodies_.data() + (flow * size_.bodies + body) * size_.cells(), weights, size_.cells());
}

void DeviceLattices::start(std::size_t first, std::size_t count, const float* fields, std::size_t kinds) {
  check(first + count <= size_.flows && kinds > 0, "lattice: {} flows from {} on, of {}", count, first, size_.flows);
  const Shape shape(size_);
  if (count > 0)
    launch(set_equilibrium, blocks_of(count, shape), threads, fields, static_cast<unsigned>(kinds),
           static_cast<unsigned>(first), arrays(populations_[0], out_[0]), shape);
  std::fill_n(from_.begin() + static_cast<std::ptrdiff_t>(first), count, 0U);
}

void DeviceLattices::bring(const std::vector<MovingFlow>& moving) {
  const auto same = [](const MovingFlow& a, const MovingFlow& b) {
    return a.rates.even == b.rates.even && a.rates.odd == b.rates.odd && a.flow == b.flow && a.from == b.from &&
           a.steps == b.steps;
  };
  if (std::equal(moving.begin(), moving.end(), moving_.begin(), moving_.end(), same)) return;
  finish();  // the list before may be on its way
  std::copy(moving.begin(), moving.end(), own_list_.data());
  start_copy_in(list_.data(), own_list_.data(), moving.size() * sizeof(MovingFlow));
  uploaded_ += moving.size() * sizeof(MovingFlow);
  moving_ = moving;
}

template <bool duct>
void DeviceLattices::start_steps() {
  const Shape shape(size_);
  std::size_t flows = moving_.size();
  for (std::uint32_t taken = 0; flows > 0; ++taken) {
    while (flows > 0 && moving_[flows - 1].steps <= taken) --flows;
    if (flows == 0) return;
    launch(step<duct>, blocks_of(flows, shape), threads, static_cast<const MovingFlow*>(list_.data()),
           arrays(populations_[0], out_[0]), arrays(populations_[1], out_[1]), static_cast<const float*>(inlet_.data()),
           static_cast<const float*>(solid_.data()), inflow_, shape, taken);
  }
}

void DeviceLattices::advance(std::span<const std::size_t> steps) {
  check(steps.size() <= size_.flows, "lattice: steps of {} flows, of {}", steps.size(), size_.flows);
  std::vector<MovingFlow> moving;
  for (std::size_t flow = 0; flow < steps.size(); ++flow) {
    if (steps[flow] == 0) continue;
    check(rates_[flow].even > 0, "lattice: no physics set");
    moving.push_back(
        {rates_[flow], static_cast<std::uint32_t>(flow), from_[flow], static_cast<std::uint32_t>(steps[flow])});
  }
  std::stable_sort(moving.begin(), moving.end(),
                   [](const MovingFlow& a, const MovingFlow& b) { return a.steps > b.steps; });
  bring(moving);
  duct_ ? start_steps<true>() : start_steps<false>();
  for (const MovingFlow& one : moving_) from_[one.flow] = (one.from + one.steps) % 2;
}

void DeviceLattices::observe(float* to) {
  if (moving_.empty()) return;
  const Shape shape(size_);
  launch(duct_ ? observe_cells<true> : observe_cells<false>, blocks_of(moving_.size(), shape), threads,
         static_cast<const MovingFlow*>(list_.data()), arrays(populations_[0], out_[0]),
         arrays(populations_[1], out_[1]), static_cast<const float*>(inlet_.data()),
         static_cast<const float*>(solid_.data()), inflow_, shape, to);
}

void DeviceLattices::add_forces(const float* observed, double* to) {
  if (moving_.empty() || size_.bodies == 0) return;
  launch(force, blocks_for(moving_.size() * 2 * size_.bodies, 1), sum_threads,
         static_cast<const MovingFlow*>(list_.data()), observed, static_cast<const float*>(solid_.data()),
         static_cast<const float*>(bodies_.data()), static_cast<unsigned>(size_.bodies), size_.cells(), to);
}

}  // namespace tandem::GPU_VENDOR
