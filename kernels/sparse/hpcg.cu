// HPCG's problem on a device, by its rules (hpcg_judge.hpp): conjugate gradients (device_cg.hpp) with a 4-level
// multigrid whose smoother is symmetric Gauss-Seidel by colours (device_level.hpp). Nothing is waited for within a set.
// One rank: there is no exchange between devices yet.
#include <algorithm>
#include <memory>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/device/gpu_code.hpp"
#include "harness/device/gpu_memory.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/sparse/device_cg.hpp"
#include "kernels/sparse/grid_settings.hpp"
#include "kernels/sparse/hpcg_judge.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

constexpr unsigned threads = 256;

// log[at] = the last norm over the first.
GPU_KERNEL void note(const double* norms, std::size_t last, double* log, std::size_t at) {
  if (grid_index() == 0) log[at] = norms[last] / norms[0];
}

GPU_KERNEL void gather(const double* slots, const std::int32_t* slot, double* rows, std::size_t count) {
  const std::size_t i = grid_index();
  if (i < count) rows[i] = slots[slot[i]];
}

// The multigrid and what it preconditions. Levels stay where they are.
std::vector<std::unique_ptr<DeviceLevel>> levels_of(Block block) {
  std::vector<std::unique_ptr<DeviceLevel>> levels;
  for (std::size_t l = 0; l < hpcg_levels; ++l, block = block.coarse())
    levels.push_back(std::make_unique<DeviceLevel>(block, l + 1 == hpcg_levels));
  for (std::size_t l = 0; l + 1 < hpcg_levels; ++l) levels[l]->connect(*levels[l + 1]);
  return levels;
}

class Hpcg final : public Kernel {
 public:
  Hpcg(const Settings& settings, const KernelContext& context)
      : device_(choose_sole_device(context.ranks)),
        block_({1, 1, 1}, 0, multigrid_box(settings)),
        judge_(context.ranks, block_, context.seed),
        levels_(levels_of(block_)),
        cg_(*levels_.front(), HpcgJudge::most_iterations),
        slot_(on_device(levels_.front()->ordering().slot)),
        log_(most_sets),
        output_(static_cast<std::size_t>(block_.rows())) {}

  void prepare(Data data) override {
    judge_.prepare(data);
    sets_ = told_ = 0;
    finest().put_rows(judge_.right().data(), cg_.right);
    iterations_ =
        std::max(HpcgJudge::reference_iterations, cg_.solve(judge_.target(), HpcgJudge::most_iterations, multigrid()));
  }

  void run() override {
    check(sets_ < most_sets, "more than {} sets after one preparation", most_sets);
    cg_.start(iterations_, multigrid());
    launch(note, 1, 1, cg_.norms(), iterations_, log_.data(), sets_++);
    launch(gather, blocks_for(output_.size(), threads), threads, static_cast<const double*>(cg_.x.data()),
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
      DeviceLevel& level = *levels_[l];
      level.put_rows(x, level.unknown);
      level.start_multiply(level.unknown.data(), level.rest.data(), nullptr);
      level.get_rows(level.rest, y);
    };
    parts.precondition = [this](const double* r, double* z) {
      finest().put_rows(r, finest().right);
      start_cycle(0, finest().right.data(), finest().unknown.data());
      finest().get_rows(finest().unknown, z);
    };
    judge_.judge_parts(parts, verdicts);
    judge_.judge_spectrum(
        [this](const double* right, double target, std::size_t most, bool precondition) {
          finest().put_rows(right, cg_.right);
          return cg_.solve(target, most, precondition ? multigrid() : DeviceCg::Precondition());
        },
        [this](const std::function<double(std::size_t)>& of_row) { finest().set_diagonal(of_row); }, verdicts);
    finest().put_rows(judge_.right().data(), cg_.right);
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

  DeviceLevel& finest() { return *levels_.front(); }
  DeviceCg::Precondition multigrid() {
    return [this](const double* r, double* z) { start_cycle(0, r, z); };
  }

  void start_cycle(std::size_t l, const double* r, double* x) {
    DeviceLevel& level = *levels_[l];
    level.start_smooth_from_zero(r, x);
    if (l + 1 == hpcg_levels) return;
    DeviceLevel& coarse = *levels_[l + 1];
    level.start_inject(r, x, coarse);
    start_cycle(l + 1, coarse.right.data(), coarse.unknown.data());
    level.start_correct(x, coarse);
    level.start_smooth(r, x);
  }

  // The least traffic: a symmetric sweep from zero reads the matrix once, one from a start 1.5 times, the injection an
  // eighth; vectors some 12 times.
  double iteration_bytes() const {
    const auto vector = [](const DeviceLevel& level) { return 8.0 * static_cast<double>(level.slots()); };
    double bytes = levels_.front()->bytes() + 13.0 * vector(*levels_.front());
    for (const auto& level : levels_) {
      const bool coarsest = &level == &levels_.back();
      bytes += level->bytes() * (coarsest ? 1 : 2.625) + (coarsest ? 5 : 12) * vector(*level);
    }
    return bytes;
  }

  const GpuDevice& device_;
  Block block_;
  HpcgJudge judge_;
  std::vector<std::unique_ptr<DeviceLevel>> levels_;
  DeviceCg cg_;
  DeviceBuffer<std::int32_t> slot_;
  DeviceBuffer<double> log_;  // of each set since prepare(): the residual over the first
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
          .parameters = {{"local", "128", "points, 128 or 128x128x96; multiples of 8"}},
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
