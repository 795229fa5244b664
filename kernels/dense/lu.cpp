// HPL's computation: solve A x = b, dense, fp64, by LU factorisation with partial pivoting. What is timed begins with
// [A | b] in memory and ends with x on every rank. Work by HPL's count, 2/3 n^3 + 3/2 n^2 flops, whatever was really
// done. Random data: HPL's scaled residual below 16. Exact data: known factors (lu_system.hpp), every entry of x and
// every pivot. docs/kernels.md compares it with HPL.
#include <algorithm>
#include <memory>

#include "harness/base/check.hpp"
#include "harness/device/host.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/blas_name.hpp"
#include "kernels/dense/lu_shape.hpp"
#include "kernels/dense/lu_solver.hpp"
#include "kernels/dense/lu_verify.hpp"

namespace tandem::kernels {
namespace {

class Lu final : public Kernel {
 public:
  Lu(const Settings& settings, const KernelContext& context)
      : seed_(context.seed),
        shape_(lu_shape(settings, context.ranks.size(), available_to_each(context.ranks))),
        solver_(shape_, context.ranks, context.threads, context.marks) {}

  void prepare(Data data) override {
    exact_ = nullptr;
    if (data == Data::exact) {
      auto exact = std::make_unique<ExactSystem>(shape_.n, seed_);
      exact_ = exact.get();
      system_ = std::move(exact);
    } else {
      system_ = std::make_unique<RandomSystem>(shape_.n, seed_);
    }
    restore();
  }

  void restore() override { solver_.load(*system_); }
  void run() override { solver_.solve(); }

  std::vector<Verdict> verify() override {
    std::vector<Verdict> verdicts = {
        {"columns without a pivot (singular matrix)", columns_without_pivot(solver_), 0},
        {"entries of x that differ between ranks", differing_copies(solver_.grid().ranks, solver_.x()), 0}};
    if (exact_ != nullptr) {
      verdicts.push_back({"wrong entries of x, exact", wrong(solver_.x(), exact_->x()), 0});
      verdicts.push_back({"wrong pivots, exact", wrong(solver_.pivots(), exact_->pivots()), 0});
      return verdicts;
    }
    const double residual = scaled_residual(solver_.grid(), *system_, solver_.x());
    verdicts.push_back({"scaled residual / 16", residual / kResidualLimit, 1});
    return verdicts;
  }

  Facts facts() const override {
    const double n = static_cast<double>(shape_.n), ranks = solver_.grid().ranks.size();
    Facts facts{(2.0 / 3 * n * n * n + 1.5 * n * n) / ranks, 16 * n * n / ranks, 8 * n * n / ranks, "fp64",
                blas_names()};
    facts.notes["n"] = std::to_string(shape_.n);
    facts.notes["nb"] = std::to_string(shape_.nb);
    facts.notes["grid"] = fmt::format("{} x {}", shape_.p, shape_.q);
    return facts;
  }

  Output output() override { return {solver_.x().data(), shape_.n, Output::Type::fp64}; }

 private:
  template <typename T>
  double wrong(std::span<const double> values, const std::vector<T>& right) const {
    return solver_.grid().ranks.max(wrong_values(values, right));
  }

  std::uint64_t seed_;
  LuShape shape_;
  LuSolver solver_;
  std::unique_ptr<LinearSystem> system_;
  const ExactSystem* exact_ = nullptr;  // system_, where it is that one
};

}  // namespace

KernelEntry dense_lu() {
  KernelEntry entry;
  entry.name = "dense/lu";
  entry.summary = "dense A x = b by LU with partial pivoting on a grid of ranks (HPL's computation)";
  entry.parameters = {{"n", "4096", "unknowns, or memory:0.8 for a matrix that fills that part of what is available"},
                      {"nb", "auto", "block size; auto: by n"},
                      {"p", "auto", "rows of the process grid; auto: as square as possible, p <= q"},
                      {"q", "auto", "columns of the process grid"}};
  entry.figure = KernelEntry::Figure::flop_rate;
  entry.memory = [](const Settings& settings, const Placement& placement) {
    return lu_bytes(lu_shape(settings, placement.ranks, available_memory_bytes() / placement.on_host));
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<Lu>(settings, context);
  };
  entry.collective = true;
  entry.destroys_input = true;
  return entry;
}

}  // namespace tandem::kernels
