// HPCG's problem on a device, by its rules (hpcg_judge.hpp): conjugate gradients with a 4-level multigrid whose
// smoother is symmetric Gauss-Seidel by colours. Matrices as in ell.hpp. Dot products are made where their vectors are
// written, by a fixed number of blocks, and scalars stay on the device: nothing is waited for within a set. One rank:
// there is no exchange between devices yet.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/device/gpu_code.hpp"
#include "harness/device/gpu_memory.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/sparse/ell.hpp"
#include "kernels/sparse/grid_settings.hpp"
#include "kernels/sparse/hpcg_judge.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

constexpr unsigned threads = 256;
constexpr std::size_t dot_blocks = 512;  // at most: partial sums of a dot product

// What device code sees of a matrix.
struct Rows {
  const double* diagonal;
  const double* value;
  const std::int32_t* column;
  const std::uint8_t* lower;
  const std::uint8_t* entries;
  std::size_t slots;
};

// Sum over entries begin ... end - 1 of a row beside the diagonal.
GPU_FUNCTION double sum_of(const Rows& a, const double* x, std::size_t slot, unsigned begin, unsigned end) {
  double sum = 0;
  for (unsigned k = begin; k < end; ++k) sum += a.value[k * a.slots + slot] * x[a.column[k * a.slots + slot]];
  return sum;
}

// The sum of `value` over the threads of a block, in thread 0. Two barriers, not one for each halving.
GPU_FUNCTION double block_sum(double value) {
  constexpr unsigned groups = 16, each = threads / groups;
  GPU_SHARED double part[threads];
  GPU_SHARED double sums[groups];
  const unsigned own = thread_index();
  part[own] = value;
  block_barrier();
  if (own < groups) {
    double sum = 0;
    for (unsigned i = 0; i < each; ++i) sum += part[i * groups + own];
    sums[own] = sum;
  }
  block_barrier();
  double sum = 0;
  for (unsigned i = 0; own == 0 && i < groups; ++i) sum += sums[i];
  return sum;
}

// y = A x; partial sums of x.y unless `partial` is null.
GPU_KERNEL void multiply(Rows a, const double* x, double* y, double* partial) {
  double sum = 0;
  for (std::size_t i = grid_index(); i < a.slots; i += static_cast<std::size_t>(grid_size()) * block_size()) {
    const double value = a.diagonal[i] * x[i] + sum_of(a, x, i, 0, a.entries[i]);
    y[i] = value;
    sum += x[i] * value;
  }
  if (partial == nullptr) return;
  sum = block_sum(sum);
  if (thread_index() == 0) partial[block_index()] = sum;
}

// The sweeps, each over the slots first ... last - 1 of one colour. From zero: later colours are zero still.
GPU_KERNEL void forward_from_zero(Rows a, const double* r, double* x, std::size_t first, std::size_t last) {
  const std::size_t i = first + grid_index();
  if (i < last) x[i] = (r[i] - sum_of(a, x, i, 0, a.lower[i])) / a.diagonal[i];
}
// On the way back r - L x is what the way forth made of it, d x: only later colours have changed.
GPU_KERNEL void backward_from_zero(Rows a, double* x, std::size_t first, std::size_t last) {
  const std::size_t i = first + grid_index();
  if (i < last) x[i] -= sum_of(a, x, i, a.lower[i], a.entries[i]) / a.diagonal[i];
}
// rest = r - L x, for the way back.
GPU_KERNEL void forward(Rows a, const double* r, double* x, double* rest, std::size_t first, std::size_t last) {
  const std::size_t i = first + grid_index();
  if (i >= last) return;
  const double left = r[i] - sum_of(a, x, i, 0, a.lower[i]);
  rest[i] = left;
  x[i] = (left - sum_of(a, x, i, a.lower[i], a.entries[i])) / a.diagonal[i];
}
GPU_KERNEL void backward(Rows a, const double* rest, double* x, std::size_t first, std::size_t last) {
  const std::size_t i = first + grid_index();
  if (i < last) x[i] = (rest[i] - sum_of(a, x, i, a.lower[i], a.entries[i])) / a.diagonal[i];
}

// The residual at the points of the next level; `fine`: their slots here, -1 in padding.
GPU_KERNEL void inject(Rows a, const double* r, const double* x, const std::int32_t* fine, double* coarse,
                       std::size_t count) {
  const std::size_t i = grid_index();
  if (i >= count || fine[i] < 0) return;
  const auto at = static_cast<std::size_t>(fine[i]);
  coarse[i] = r[at] - a.diagonal[at] * x[at] - sum_of(a, x, at, 0, a.entries[at]);
}
GPU_KERNEL void correct(double* x, const std::int32_t* fine, const double* coarse, std::size_t count) {
  const std::size_t i = grid_index();
  if (i < count && fine[i] >= 0) x[fine[i]] += coarse[i];
}

// Scalars of conjugate gradients.
struct Scalars {
  double rho, alpha, beta;
};

GPU_KERNEL void clear(double* x, double* p, std::size_t n) {
  const std::size_t i = grid_index();
  if (i < n) x[i] = p[i] = 0;
}
GPU_KERNEL void dot(const double* x, const double* y, double* partial, std::size_t n) {
  double sum = 0;
  for (std::size_t i = grid_index(); i < n; i += static_cast<std::size_t>(grid_size()) * block_size())
    sum += x[i] * y[i];
  sum = block_sum(sum);
  if (thread_index() == 0) partial[block_index()] = sum;
}
// p = z + beta p
GPU_KERNEL void turn(const double* z, double* p, const Scalars* scalars, std::size_t n) {
  const std::size_t i = grid_index();
  if (i < n) p[i] = z[i] + scalars->beta * p[i];
}
// x += alpha p, r -= alpha q; partial sums of r.r
GPU_KERNEL void move(const double* p, const double* q, double* x, double* r, const Scalars* scalars, double* partial,
                     std::size_t n) {
  const double alpha = scalars->alpha;
  double sum = 0;
  for (std::size_t i = grid_index(); i < n; i += static_cast<std::size_t>(grid_size()) * block_size()) {
    x[i] += alpha * p[i];
    const double value = r[i] - alpha * q[i];
    r[i] = value;
    sum += value * value;
  }
  sum = block_sum(sum);
  if (thread_index() == 0) partial[block_index()] = sum;
}

// One block adds the partial sums up; what becomes of the sum is the step's own.
enum class Step { start, turn, move, norm };
GPU_KERNEL void conclude(const double* partial, std::size_t count, Step step, Scalars* scalars, double* norms,
                         std::size_t iteration) {
  double sum = 0;
  for (std::size_t i = thread_index(); i < count; i += block_size()) sum += partial[i];
  sum = block_sum(sum);
  if (thread_index() != 0) return;
  if (step == Step::start || step == Step::turn) {  // r.z
    scalars->beta = step == Step::start ? 0 : sum / scalars->rho;
    scalars->rho = sum;
  } else if (step == Step::move) {  // p.q
    scalars->alpha = scalars->rho / sum;
  } else {
    norms[iteration] = sqrt(sum);
  }
}

// log[at] = the last norm over the first.
GPU_KERNEL void note(const double* norms, std::size_t last, double* log, std::size_t at) {
  if (grid_index() == 0) log[at] = norms[last] / norms[0];
}

GPU_KERNEL void gather(const double* slots, const std::int32_t* slot, double* rows, std::size_t count) {
  const std::size_t i = grid_index();
  if (i < count) rows[i] = slots[slot[i]];
}

template <typename T>
DeviceBuffer<T> on_device(const Buffer<T>& host) {
  DeviceBuffer<T> device(host.size());
  device.upload(host);
  return device;
}

DeviceBuffer<std::int32_t> on_device(const std::vector<std::int32_t>& values) {
  Buffer<std::int32_t> host(values.size());
  std::copy(values.begin(), values.end(), host.begin());
  return on_device(host);
}

// One level of the multigrid: the matrix, and the vectors of its cycle.
class Level {
 public:
  Level(const Block& block, bool coarsest) : block_(block) {
    Ell ell = ell_from(stencil27(block).matrix);
    ordering_ = std::move(ell.ordering);
    for (const std::size_t chunk : ordering_.group) colours_.push_back(chunk * chunk_rows);
    diagonal_ = on_device(ell.diagonal);
    value_ = on_device(ell.value);
    column_ = on_device(ell.column);
    lower_ = on_device(ell.lower);
    entries_ = on_device(ell.entries);
    const Buffer<double> zeros(slots());
    for (DeviceBuffer<double>* vector : {&right, &unknown, &rest}) *vector = on_device(zeros);
    if (!coarsest) next_ = block.coarse().points;
  }

  std::size_t slots() const { return ordering_.slots(); }
  const Ordering& ordering() const { return ordering_; }
  Rows rows() const {
    return {diagonal_.data(), value_.data(), column_.data(), lower_.data(), entries_.data(), slots()};
  }
  double bytes() const { return 12.0 * static_cast<double>(value_.size()) + 10.0 * static_cast<double>(slots()); }

  // `coarse`: the next level, whose slots learn where their points stand here.
  void connect(const Level& coarse) {
    std::vector<std::int32_t> fine(coarse.slots(), -1);
    const auto [nx, ny, nz] = next_;
    for (std::int64_t z = 0, row = 0; z < nz; ++z)
      for (std::int64_t y = 0; y < ny; ++y)
        for (std::int64_t x = 0; x < nx; ++x, ++row) {
          const std::int64_t here = (2 * z * block_.points[1] + 2 * y) * block_.points[0] + 2 * x;
          const auto slot = static_cast<std::size_t>(coarse.ordering_.slot[static_cast<std::size_t>(row)]);
          fine[slot] = ordering_.slot[static_cast<std::size_t>(here)];
        }
    fine_ = on_device(fine);
  }

  void set_diagonal(const std::function<double(std::size_t)>& of_row) {
    Buffer<double> diagonal(slots());
    std::fill(diagonal.begin(), diagonal.end(), 1.0);
    for (std::size_t row = 0; row < ordering_.slot.size(); ++row)
      diagonal[static_cast<std::size_t>(ordering_.slot[row])] = of_row(row);
    diagonal_.upload(diagonal);
  }

  // x of one symmetric sweep for A x = r from x = 0; reads none of x's old values.
  void smooth_from_zero(const double* r, double* x) {
    for (std::size_t c = 0; c + 1 < colours_.size(); ++c) sweep(c, forward_from_zero, rows(), r, x);
    for (std::size_t c = colours_.size() - 1; c-- > 0;) sweep(c, backward_from_zero, rows(), x);
  }
  void smooth(const double* r, double* x) {
    for (std::size_t c = 0; c + 1 < colours_.size(); ++c) sweep(c, forward, rows(), r, x, rest.data());
    for (std::size_t c = colours_.size() - 1; c-- > 0;)
      sweep(c, backward, rows(), static_cast<const double*>(rest.data()), x);
  }
  void start_inject(const double* r, const double* x, Level& coarse) {
    launch(inject, blocks_for(coarse.slots(), threads), threads, rows(), r, x,
           static_cast<const std::int32_t*>(fine_.data()), coarse.right.data(), coarse.slots());
  }
  void start_correct(double* x, const Level& coarse) {
    launch(correct, blocks_for(coarse.slots(), threads), threads, x, static_cast<const std::int32_t*>(fine_.data()),
           coarse.unknown.data(), coarse.slots());
  }

  // Between host vectors of rows and device vectors of slots.
  void put_rows(const double* rows_of_host, DeviceBuffer<double>& to) const {
    Buffer<double> slots_of_host(slots());
    for (std::size_t row = 0; row < ordering_.slot.size(); ++row)
      slots_of_host[static_cast<std::size_t>(ordering_.slot[row])] = rows_of_host[row];
    to.upload(slots_of_host);
  }
  void get_rows(const DeviceBuffer<double>& from, double* rows_of_host) const {
    Buffer<double> slots_of_host(slots());
    from.download(slots_of_host);
    for (std::size_t row = 0; row < ordering_.slot.size(); ++row)
      rows_of_host[row] = slots_of_host[static_cast<std::size_t>(ordering_.slot[row])];
  }

  DeviceBuffer<double> right, unknown, rest;

 private:
  template <typename... Parameters, typename... Arguments>
  void sweep(std::size_t colour, void (*kernel)(Parameters...), Arguments... arguments) {
    const std::size_t first = colours_[colour], last = colours_[colour + 1];
    launch(kernel, blocks_for(last - first, threads), threads, arguments..., first, last);
  }

  Block block_;
  Triple next_{0, 0, 0};
  Ordering ordering_;
  std::vector<std::size_t> colours_;  // where each begins, in slots
  DeviceBuffer<double> diagonal_, value_;
  DeviceBuffer<std::int32_t> column_, fine_;
  DeviceBuffer<std::uint8_t> lower_, entries_;
};

class Hpcg final : public Kernel {
 public:
  Hpcg(const Settings& settings, const KernelContext& context)
      : device_(choose_device(context.ranks)),
        block_({1, 1, 1}, 0, multigrid_box(settings)),
        judge_(context.ranks, block_, context.seed),
        scalars_(1),
        norms_(HpcgJudge::most_iterations + 1),
        partial_(dot_blocks),
        log_(most_sets),
        output_(static_cast<std::size_t>(block_.rows())) {
    if (context.ranks.size() > 1) throw Unsupported("no exchange between devices yet: one rank");
    Block block = block_;
    for (std::size_t l = 0; l < hpcg_levels; ++l, block = block.coarse())
      levels_.push_back(std::make_unique<Level>(block, l + 1 == hpcg_levels));
    for (std::size_t l = 0; l + 1 < hpcg_levels; ++l) levels_[l]->connect(*levels_[l + 1]);
    const Buffer<double> zeros(finest().slots());
    for (DeviceBuffer<double>* vector : {&right_, &x_, &r_, &z_, &p_, &q_}) *vector = on_device(zeros);
    slot_ = on_device(finest().ordering().slot);
  }

  void prepare(Data data) override {
    judge_.prepare(data);
    sets_ = told_ = 0;
    finest().put_rows(judge_.right().data(), right_);
    iterations_ = std::max(HpcgJudge::reference_iterations, solve(judge_.target(), HpcgJudge::most_iterations, true));
  }

  void run() override {
    check(sets_ < most_sets, "more than {} sets after one preparation", most_sets);
    start(iterations_, true);
    launch(note, 1, 1, static_cast<const double*>(norms_.data()), iterations_, log_.data(), sets_++);
    launch(gather, blocks_for(output_.size(), threads), threads, static_cast<const double*>(x_.data()),
           static_cast<const std::int32_t*>(slot_.data()), output_.device(), output_.size());
  }
  void finish() override { GPU_VENDOR::finish(); }

  std::vector<Verdict> verify() override {
    Buffer<double> log(most_sets);
    log_.download(log);
    for (; told_ < sets_; ++told_) judge_.add_set(log[told_]);
    std::vector<Verdict> verdicts;
    judge_.judge_result(output_.fetch(), verdicts);
    HpcgParts parts;
    parts.multiply = [this](std::size_t l, const double* x, double* y) {
      Level& level = *levels_[l];
      level.put_rows(x, level.unknown);
      start_multiply(level, level.unknown.data(), level.rest.data(), nullptr);
      level.get_rows(level.rest, y);
    };
    parts.precondition = [this](const double* r, double* z) {
      finest().put_rows(r, r_);
      start_cycle(0, r_.data(), z_.data());
      finest().get_rows(z_, z);
    };
    judge_.judge_parts(parts, verdicts);
    judge_.judge_spectrum(
        [this](const double* right, double target, std::size_t most, bool precondition) {
          finest().put_rows(right, right_);
          return solve(target, most, precondition);
        },
        [this](const std::function<double(std::size_t)>& of_row) { finest().set_diagonal(of_row); }, verdicts);
    finest().put_rows(judge_.right().data(), right_);
    return verdicts;
  }

  Facts facts() const override {
    Facts facts;
    facts.flops = judge_.flops(iterations_);
    facts.bytes = static_cast<double>(iterations_) * iteration_bytes();
    for (const auto& level : levels_) facts.working_set += level->bytes() + 32.0 * static_cast<double>(level->slots());
    facts.setup_share = 0.1;  // HPCG's: a set-up serves ten sets
    facts.notes = {{"device", device_.name},
                   {"format", "ell by colours, 32-bit columns"},
                   {"order", "colours"},
                   {"iterations", fmt::format("{}, reference {}", iterations_, HpcgJudge::reference_iterations)},
                   {"scaled residual", fmt::format("{:.6e}", judge_.last_residual())}};
    return facts;
  }

  Output output() override {
    Buffer<double>& rows = output_.fetch();
    return {rows.data(), rows.size(), Output::Type::fp64, [this] { output_.put(); }};
  }

 private:
  static constexpr std::size_t most_sets = 1 << 16;

  Level& finest() { return *levels_.front(); }

  // A vector's values are each summed up by one thread of a grid that does not depend on the device.
  static std::size_t dot_grid(std::size_t n) { return std::min(blocks_for(n, 8 * threads), dot_blocks); }

  void start_multiply(Level& level, const double* x, double* y, double* partial) {
    launch(multiply, dot_grid(level.slots()), threads, level.rows(), x, y, partial);
  }

  // The least traffic: a symmetric sweep from zero reads the matrix once, one from a start 1.5 times, the injection an
  // eighth; vectors some 9 times on the finest level.
  double iteration_bytes() const {
    double bytes = levels_.front()->bytes() + 13.0 * 8.0 * static_cast<double>(levels_.front()->slots());
    for (const auto& level : levels_) {
      const bool coarsest = &level == &levels_.back();
      bytes +=
          level->bytes() * (coarsest ? 1 : 2.625) + (coarsest ? 5.0 : 12.0) * 8.0 * static_cast<double>(level->slots());
    }
    return bytes;
  }

  void start_cycle(std::size_t l, const double* r, double* x) {
    Level& level = *levels_[l];
    level.smooth_from_zero(r, x);
    if (l + 1 == hpcg_levels) return;
    Level& coarse = *levels_[l + 1];
    level.start_inject(r, x, coarse);
    start_cycle(l + 1, coarse.right.data(), coarse.unknown.data());
    level.start_correct(x, coarse);
    level.smooth(r, x);
  }

  void start_conclude(Step step, std::size_t iteration) {
    launch(conclude, 1, threads, static_cast<const double*>(partial_.data()), dot_grid(finest().slots()), step,
           scalars_.data(), norms_.data(), iteration);
  }
  void start_dot(const double* x, const double* y) {
    const std::size_t n = finest().slots();
    launch(dot, dot_grid(n), threads, x, y, partial_.data(), n);
  }

  // r = right-hand side, x = 0.
  void start_from_zero() {
    const std::size_t bytes = finest().slots() * sizeof(double);
    start_copy(r_.data(), right_.data(), bytes);
    start_dot(r_.data(), r_.data());
    start_conclude(Step::norm, 0);
    const std::size_t n = finest().slots();
    launch(clear, blocks_for(n, threads), threads, x_.data(), p_.data(), n);
  }
  void start_iteration(std::size_t iteration, bool precondition) {
    const std::size_t n = finest().slots();
    if (precondition)
      start_cycle(0, r_.data(), z_.data());
    else
      start_copy(z_.data(), r_.data(), n * sizeof(double));
    start_dot(r_.data(), z_.data());
    start_conclude(iteration == 0 ? Step::start : Step::turn, iteration);
    launch(turn, blocks_for(n, threads), threads, static_cast<const double*>(z_.data()), p_.data(),
           static_cast<const Scalars*>(scalars_.data()), n);
    start_multiply(finest(), p_.data(), q_.data(), partial_.data());
    start_conclude(Step::move, iteration);
    launch(move, dot_grid(n), threads, static_cast<const double*>(p_.data()), static_cast<const double*>(q_.data()),
           x_.data(), r_.data(), static_cast<const Scalars*>(scalars_.data()), partial_.data(), n);
    start_conclude(Step::norm, iteration + 1);
  }
  void start(std::size_t iterations, bool precondition) {
    start_from_zero();
    for (std::size_t i = 0; i < iterations; ++i) start_iteration(i, precondition);
  }

  // Iterations until the residual is <= target; looks at it after each.
  std::size_t solve(double target, std::size_t most, bool precondition) {
    start_from_zero();
    Buffer<double> norms(norms_.size());
    for (std::size_t i = 0; i < most; ++i) {
      norms_.download(norms);
      if (norms[i] <= target) return i;
      start_iteration(i, precondition);
    }
    GPU_VENDOR::finish();
    return most;
  }

  const GpuDevice& device_;
  Block block_;
  HpcgJudge judge_;
  std::vector<std::unique_ptr<Level>> levels_;
  DeviceBuffer<double> right_, x_, r_, z_, p_, q_;
  DeviceBuffer<std::int32_t> slot_;
  DeviceBuffer<Scalars> scalars_;
  DeviceBuffer<double> norms_, partial_, log_;
  DeviceResult<double> output_;
  std::size_t iterations_ = HpcgJudge::reference_iterations;
  std::size_t sets_ = 0, told_ = 0;  // since prepare(); of them the judge knows
};

// On the device matrices and eight vectors; on the host, one after another, the matrix in two formats and what the
// reference needs.
constexpr double bytes_per_point = 900;

}  // namespace

KernelEntry sparse_hpcg() {
  return {.name = "sparse/hpcg",
          .summary = "HPCG-like on the device: 27-point problem by CG with 4-level multigrid, Gauss-Seidel by colours",
          .parameters = {{"local", "160", "points, 160 or 160x160x128; multiples of 8"}},
          .figure = KernelEntry::Figure::flop_rate,
          .memory =
              [](const Settings& settings, const Placement&) {
                const Triple n = multigrid_box(settings);
                return bytes_per_point * static_cast<double>(n[0] * n[1] * n[2]);
              },
          .make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
            return std::make_unique<Hpcg>(settings, context);
          },
          .fits = [](double bytes) { return largest_cube(bytes / bytes_per_point); }};
}

}  // namespace tandem::GPU_VENDOR
