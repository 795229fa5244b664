// HPCG's problem on a device, by its rules (hpcg_judge.hpp): conjugate gradients (device_cg.hpp) with a 4-level
// multigrid whose smoother is symmetric Gauss-Seidel by colours (device_multigrid.hpp). Nothing is waited for within a
// set. One rank: there is no exchange between devices yet.
#include <algorithm>
#include <memory>

#include "harness/base/check.hpp"
#include "harness/device/gpu_code.hpp"
#include "kernels/sparse/device_hpcg.hpp"
#include "kernels/sparse/grid_settings.hpp"

namespace tandem::GPU_VENDOR {

using namespace tandem::kernels;

namespace {

constexpr unsigned threads = 256;

// On the device matrices and eight vectors; on the host, one after another, the matrix in two formats and what the
// reference needs.
constexpr double bytes_per_point = 900;

// log[at] = the last norm over the first.
GPU_KERNEL void note(const double* norms, std::size_t last, double* log, std::size_t at) {
  if (grid_index() == 0) log[at] = norms[last] / norms[0];
}

GPU_KERNEL void gather(const double* slots, const std::int32_t* slot, double* rows, std::size_t count) {
  const std::size_t i = grid_index();
  if (i < count) rows[i] = slots[slot[i]];
}

}  // namespace

Hpcg::Hpcg(const Settings& settings, const KernelContext& context)
    : device_(choose_sole_device(context.ranks)),
      block_({1, 1, 1}, 0, multigrid_box(settings)),
      judge_(context.ranks, block_, context.seed),
      multigrid_(block_),
      cg_(multigrid_.finest(), HpcgJudge::most_iterations),
      slot_(on_device(multigrid_.finest().ordering().slot)),
      log_(most_sets),
      output_(static_cast<std::size_t>(block_.rows())) {}

void Hpcg::prepare(Data data) {
  judge_.prepare(data);
  sets_ = told_ = 0;
  multigrid_.finest().put_rows(judge_.right().data(), cg_.right);
  iterations_ = std::max(reference_iterations, solve(judge_.target(), HpcgJudge::most_iterations, true));
}

std::size_t Hpcg::solve(double target, std::size_t most, bool precondition) {
  return cg_.solve(target, most, precondition ? multigrid() : DeviceCg::Precondition<double>());
}

void Hpcg::start_set(std::size_t iterations) { cg_.start(iterations, multigrid()); }

void Hpcg::start_output() {
  launch(gather, blocks_for(output_.size(), threads), threads, static_cast<const double*>(cg_.x.data()),
         static_cast<const std::int32_t*>(slot_.data()), output_.device(), output_.size());
}

void Hpcg::run() {
  check(sets_ < most_sets, "more than {} sets after one preparation", most_sets);
  start_set(iterations_);
  launch(note, 1, 1, cg_.norms(), iterations_, log_.data(), sets_++);
  start_output();
}

void Hpcg::set_diagonal(const std::function<double(std::size_t)>& of_row) { multigrid_.finest().set_diagonal(of_row); }

std::vector<Verdict> Hpcg::verify() {
  Buffer<double> log(most_sets);
  log_.download(log);
  for (; told_ < sets_; ++told_) judge_.add_set(log[told_]);
  std::vector<Verdict> verdicts;
  judge_.judge_result(output_.fetch(), verdicts);
  judge_.judge_parts(multigrid_.parts(), verdicts);
  judge_.judge_spectrum(
      [this](const double* right, double target, std::size_t most, bool precondition) {
        multigrid_.finest().put_rows(right, cg_.right);
        return solve(target, most, precondition);
      },
      [this](const std::function<double(std::size_t)>& of_row) { set_diagonal(of_row); }, verdicts);
  multigrid_.finest().put_rows(judge_.right().data(), cg_.right);
  return verdicts;
}

double Hpcg::product_bytes() const {
  return multigrid_.finest().bytes() + 13 * 8.0 * static_cast<double>(multigrid_.finest().slots());
}

Facts Hpcg::facts() const {
  Facts facts;
  facts.flops = judge_.flops(iterations_);
  facts.bytes = static_cast<double>(iterations_) * (product_bytes() + multigrid_.cycle_bytes());
  facts.working_set = multigrid_.working_set();
  facts.setup_share = 0.1;  // HPCG's: a set-up serves ten sets
  facts.notes = {{"device", device_.name},
                 {"format", "ell by colours, 32-bit columns"},
                 {"order", "colours"},
                 {"iterations", fmt::format("{}, reference {}", iterations_, reference_iterations)},
                 {"scaled residual", fmt::format("{:.6e}", judge_.last_residual())}};
  return facts;
}

Output Hpcg::output() {
  Buffer<double>& rows = output_.fetch();
  return {rows.data(), rows.size(), Output::Type::fp64, [this] { output_.put(); }};
}

KernelEntry sparse_hpcg() {
  KernelEntry entry = device_hpcg_entry(
      "sparse/hpcg", "HPCG-like on the device: 27-point problem by CG with 4-level multigrid, Gauss-Seidel by colours",
      bytes_per_point);
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<Hpcg>(settings, context);
  };
  return entry;
}

}  // namespace tandem::GPU_VENDOR
