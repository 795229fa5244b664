// Sparse matrix times vector, y = A x in fp64: 2 flops a nonzero. Bytes are those of the format that runs (values with
// its padding, indices) plus x and y once. The matrix is HPCG's 27-point stencil or a Matrix Market file.
#include <algorithm>
#include <span>

#include "harness/kernel/kernel.hpp"
#include "kernels/sparse/csr.hpp"
#include "kernels/sparse/spmv_case.hpp"
#include "kernels/sparse/strips.hpp"

namespace tandem::kernels {
namespace {

class Spmv final : public Kernel {
 public:
  Spmv(const Settings& settings, const KernelContext& context)
      : ranks_(context.ranks), case_(settings, context.seed + static_cast<std::uint64_t>(context.ranks.rank())) {
    const SpmvFormat format = spmv_format(settings);
    use_strips_ = runs_strips(format, format == SpmvFormat::csr ? 0 : strips_fill(case_.matrix()));
    y_ = Buffer<double>(case_.matrix().rows);
  }

  void prepare(Data data) override {
    case_.prepare(data);
    std::fill(y_.begin(), y_.end(), 0.0);
    if (use_strips_) strips_ = strips_from(case_.matrix());
  }

  void run() override {
    const std::span<const double> x(case_.x().data(), case_.x().size());
    const std::span<double> y(y_.data(), y_.size());
    if (use_strips_)
      multiply(strips_, x, y);
    else
      multiply(case_.matrix(), x, y);
  }

  std::vector<Verdict> verify() override { return case_.judge(ranks_, y_); }

  Facts facts() const override {
    const Csr& csr = case_.matrix();
    Facts facts = use_strips_ ? spmv_facts(csr, strips_.bytes(), "strips of 8 rows by diagonals")
                              : spmv_facts(csr, csr.bytes(), "csr, 32-bit columns");
    facts.limit = "read";
    return facts;
  }

  Output output() override { return {y_.data(), y_.size(), Output::Type::fp64}; }

 private:
  const Ranks& ranks_;
  SpmvCase case_;
  Strips strips_;
  bool use_strips_ = false;
  Buffer<double> y_;
};

}  // namespace

KernelEntry sparse_spmv() {
  return {.name = "sparse/spmv",
          .summary = "sparse matrix times vector in fp64, HPCG's 27-point matrix or a Matrix Market file",
          .parameters = {{"matrix", "stencil27:104", "stencil27:n (an n^3 grid) or the path of a Matrix Market file"},
                         {"format", "auto",
                          "csr, strips (8 rows by diagonals), or auto: strips where at most 10 % is padding"}},
          .figure = KernelEntry::Figure::flop_rate,
          .memory = [](const Settings& settings, const Placement&) { return spmv_memory(settings, 8.5); },
          .make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
            return std::make_unique<Spmv>(settings, context);
          }};
}

}  // namespace tandem::kernels
