// Case sparse/hpcg: the HPCG benchmark's problem and rules on any number of ranks (Dongarra, Heroux, Luszczek, Int. J.
// High Performance Computing Applications 30, 2016; version 3.1). A run is one set: as many iterations of conjugate
// gradients with 4-level multigrid as reduce the residual as far as 50 iterations in the natural order do. The rate
// counts HPCG's operations of 50 iterations only and charges a tenth of the set-up to each set. HPCG-like:
// docs/kernels.md says where it differs.
#include "kernels/sparse/hpcg.hpp"

#include <algorithm>

#include "harness/base/check.hpp"

namespace tandem::kernels {
namespace {

// Points a rank keeps in memory cost this much: matrix as it comes and as it is stored, order, vectors, the
// reference's.
constexpr double bytes_per_point = 1050;

}  // namespace

Hpcg::Hpcg(const Block& block, const Storage& storage, const KernelContext& context)
    : ranks_(context.ranks),
      judge_(context.ranks, block, context.seed),
      solver_(context.ranks, block, storage),
      work_(solver_.matrix().size()),
      right_(solver_.matrix().size()),
      unknown_(solver_.matrix().size()),
      output_(static_cast<std::size_t>(block.rows())),
      order_(storage.order) {}

void Hpcg::prepare(Data data) {
  judge_.prepare(data);
  solver_.matrix().to_slots(judge_.right().data(), right_.data());
  iterations_ =
      std::max(reference_iterations,
               solve(right_.data(), unknown_.data(), judge_.target(), HpcgJudge::most_iterations, true).iterations);
  std::fill(output_.begin(), output_.end(), 0.0);
}

CgResult Hpcg::solve(const double* right, double* x, double target, std::size_t most, bool precondition) {
  const auto m = [&](const double* r, double* z) {
    if (precondition)
      solver_.precondition(r, z);
    else
      std::copy_n(r, solver_.matrix().slots(), z);
  };
  return solve_by(m, right, x, work_, target, most);
}

void Hpcg::run() {
  result_ = solve(right_.data(), unknown_.data(), 0, iterations_, true);
  judge_.add_set(result_.residual / result_.history.front());
  solver_.matrix().to_rows(unknown_.data(), output_.data());
}

// x, y and D of the product; five vectors read twice or more in sums and updates.
double Hpcg::product_bytes() const {
  const DistributedMatrix<double>& a = solver_.matrix();
  return a.lower_bytes() + a.upper_bytes() + (3 + 13) * 8.0 * static_cast<double>(a.slots());
}

void Hpcg::set_diagonal(const std::function<double(std::size_t)>& of_row) { solver_.matrix().set_diagonal(of_row); }

std::vector<Verdict> Hpcg::verify() {
  std::vector<Verdict> verdicts;
  judge_.judge_result(output_, verdicts);
  judge_.judge_parts(parts_of(solver_), verdicts);
  Buffer<double> right(solver_.matrix().size()), x(solver_.matrix().size());
  judge_.judge_spectrum(
      [&](const double* rows, double target, std::size_t most, bool precondition) {
        solver_.matrix().to_slots(rows, right.data());
        return solve(right.data(), x.data(), target, most, precondition).iterations;
      },
      [&](const std::function<double(std::size_t)>& of_row) { set_diagonal(of_row); }, verdicts);
  return verdicts;
}

Facts Hpcg::facts() const {
  Facts facts;
  facts.flops = judge_.flops(iterations_);
  facts.bytes = static_cast<double>(iterations_) * (product_bytes() + solver_.cycle_bytes());
  facts.working_set = solver_.working_set();
  facts.setup_share = 0.1;  // HPCG's: a set-up serves ten sets
  facts.limit = "read";
  facts.notes["format"] = format_names[static_cast<std::size_t>(solver_.matrix().format())];
  facts.notes["order"] = hpcg_orders[static_cast<std::size_t>(order_)];
  facts.notes["grid"] = text_of(solver_.block().ranks);
  facts.notes["iterations"] = fmt::format("{}, reference {}", iterations_, reference_iterations);
  facts.notes["scaled residual"] = fmt::format("{:.6e}", judge_.last_residual());
  return facts;
}

KernelEntry sparse_hpcg() {
  return {.name = "sparse/hpcg",
          .summary = "HPCG-like: 27-point problem by CG with 4-level multigrid, symmetric Gauss-Seidel, on any ranks",
          .parameters = hpcg_parameters(),
          .figure = KernelEntry::Figure::flop_rate,
          .memory = [](const Settings& settings,
                       const Placement& placement) { return bytes_per_point * hpcg_points(settings, placement.ranks); },
          .make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
            const Block block = hpcg_block(settings, context.ranks);
            return std::make_unique<Hpcg>(block, choose_storage<double>(settings, block, context.ranks), context);
          },
          .collective = true,
          .fits = [](double bytes) { return largest_cube(bytes / bytes_per_point); }};
}

}  // namespace tandem::kernels
