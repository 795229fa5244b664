// Case sparse/hpg_mixed: the problem of sparse/hpcg, solved to the same residual by flexible conjugate gradients in
// fp64 with the multigrid in fp32. The question of HPG-MxP (Yamazaki et al., PMBS 2022) and no rating of it:
// docs/kernels.md says where it differs. The rate counts the operations of the fp64 reference's 50 iterations; the
// speed-up is over sparse/hpcg's set, run by the same object.
#include "kernels/sparse/hpg_mixed.hpp"

#include <algorithm>

#include "harness/base/check.hpp"

namespace tandem::kernels {
namespace {

// Of a rank, as in sparse/hpcg, and the matrices and vectors in fp32.
constexpr double bytes_per_point = 1500;

}  // namespace

HpgMixed::HpgMixed(const Block& block, const Storage& full, const Storage& single, const KernelContext& context)
    : Hpcg(block, full, context), single_(context.ranks, block, single), mixed_(single_.matrix().size()) {}

void HpgMixed::prepare(Data data) {
  Hpcg::prepare(data);
  const CgResult plain = Hpcg::solve(right_.data(), unknown_.data(), judge_.target(), HpcgJudge::most_iterations, true);
  plain_iterations_ = std::max(reference_iterations, plain.iterations);
  plain_residual_ = plain.residual;
}

CgResult HpgMixed::solve(const double* right, double* x, double target, std::size_t most, bool precondition) {
  if (!precondition) return Hpcg::solve(right, x, target, most, false);
  return solve_by([&](const double* r, float* z) { single_.precondition(r, z); }, right, x, mixed_, target, most);
}

void HpgMixed::solve_plainly() {
  plain_residual_ = Hpcg::solve(right_.data(), unknown_.data(), 0, plain_iterations_, true).residual;
  solver_.matrix().to_rows(unknown_.data(), output_.data());
}

void HpgMixed::set_diagonal(const std::function<double(std::size_t)>& of_row) {
  Hpcg::set_diagonal(of_row);
  single_.matrix().set_diagonal(of_row);
}

std::vector<Verdict> HpgMixed::verify() {
  std::vector<Verdict> verdicts = Hpcg::verify();
  judge_.judge_single(parts_of(solver_), parts_of(single_), plain_residual_, verdicts);
  return verdicts;
}

Facts HpgMixed::facts() const {
  Facts facts = Hpcg::facts();
  const DistributedMatrix<double>& a = solver_.matrix();
  const double vector = 8.0 * static_cast<double>(a.slots());
  // z has half the bytes and is read once more, with q; r is read and written once more in fp32.
  facts.bytes = static_cast<double>(iterations_) * (product_bytes() + 2 * vector + single_.cycle_bytes());
  facts.working_set = single_.working_set() + a.lower_bytes() + a.upper_bytes() + 6 * vector;
  facts.notes["format"] =
      fmt::format("{}, in fp32 {}", facts.notes["format"], format_names[static_cast<int>(single_.matrix().format())]);
  facts.notes["iterations"] =
      fmt::format("{}, all in fp64 {}, reference {}", iterations_, plain_iterations_, reference_iterations);
  return facts;
}

KernelEntry sparse_hpg_mixed() {
  return {.name = "sparse/hpg_mixed",
          .summary = "sparse/hpcg's problem to the same residual by fp32 multigrid in flexible fp64 CG, on any ranks",
          .parameters = hpcg_parameters(),
          .figure = KernelEntry::Figure::flop_rate,
          .memory = [](const Settings& settings,
                       const Placement& placement) { return bytes_per_point * hpcg_points(settings, placement.ranks); },
          .make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
            const Block block = hpcg_block(settings, context.ranks);
            const Storage full = choose_storage<double>(settings, block, context.ranks);
            const Storage single = choose_storage<float>(settings, block, context.ranks, full.order);
            return std::make_unique<HpgMixed>(block, full, single, context);
          },
          .collective = true,
          .fits = [](double bytes) { return largest_cube(bytes / bytes_per_point); },
          .rival = {"fp64", [](Kernel& kernel) { dynamic_cast<HpgMixed&>(kernel).solve_plainly(); }}};
}

}  // namespace tandem::kernels
