// Sparse matrix times vector, y = A x in fp64: 2 flops a nonzero. Bytes are those of the format that runs (values with
// its padding, indices) plus x and y once. The matrix is HPCG's 27-point stencil or a Matrix Market file.
#include <algorithm>
#include <span>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/sparse/csr.hpp"
#include "kernels/sparse/spmv_case.hpp"
#include "kernels/sparse/strips.hpp"

namespace tandem::kernels {
namespace {

enum class Format { automatic, csr, strips };

Format format_of(const Settings& settings) {
  const std::string& format = settings.text("format");
  check_usage(format == "auto" || format == "csr" || format == "strips",
              "format = \"{}\": expected auto, csr or strips", format);
  return format == "auto" ? Format::automatic : format == "csr" ? Format::csr : Format::strips;
}

double spmv_memory(const Settings& settings, const Placement&) {
  const SpmvShape shape = spmv_shape(settings);
  const double strips = format_of(settings) == Format::csr ? 0 : 8.5 * most_strips_padding;
  const double reference = 2 * sizeof(double) + sizeof(long double);
  return shape.nonzeros * (12 + strips + shape.reading) + shape.rows * (24 + reference) + shape.columns * 8;
}

class Spmv final : public Kernel {
 public:
  Spmv(const Settings& settings, const KernelContext& context)
      : ranks_(context.ranks), case_(settings, context.seed + static_cast<std::uint64_t>(context.ranks.rank())) {
    const Format format = format_of(settings);
    const double fill = format == Format::csr ? 0 : strips_fill(case_.matrix());
    if (format == Format::strips && fill > most_strips_padding)
      throw Unsupported(fmt::format("strips would store {:.1f} values a nonzero of this matrix (limit {}); use csr",
                                    fill, most_strips_padding));
    use_strips_ = format != Format::csr && fill <= most_strips_padding;
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
    Facts facts;
    facts.flops = 2.0 * static_cast<double>(csr.nonzeros());
    facts.bytes = (use_strips_ ? strips_.bytes() : csr.bytes()) + 8.0 * static_cast<double>(csr.rows + csr.columns);
    facts.working_set = facts.bytes;
    facts.limit = "read";
    facts.notes["format"] = use_strips_ ? "strips of 8 rows by diagonals" : "csr, 32-bit columns";
    facts.notes["nonzeros"] = fmt::format("{}", csr.nonzeros());
    facts.notes["bytes per nonzero"] = fmt::format("{:.2f}", facts.bytes / static_cast<double>(csr.nonzeros()));
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
          .memory = spmv_memory,
          .make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
            return std::make_unique<Spmv>(settings, context);
          }};
}

}  // namespace tandem::kernels
