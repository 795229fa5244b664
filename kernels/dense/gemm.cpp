// Dense product C = A B in fp64 by the CBLAS the program is linked to: 2 n^3 flops.
// Exact check: integers |a|, |b| <= 2^10, Freivalds in int64; rounding: componentwise against 4 (n + 8) u |A| |B| |x|.
#include <cmath>

#include <cblas.h>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/blas_name.hpp"
#include "kernels/dense/freivalds.hpp"

namespace tandem::kernels {
namespace {

std::int64_t order(const Settings& settings) {
  const std::int64_t n = settings.integer("n");
  check_usage(n >= 1 && n <= 1 << 18, "n = {} is not a matrix order (1 .. 262144)", n);
  check_usage(settings.text("precision") == "fp64",
              "dense/gemm is the fp64 product, not \"{}\"; dense/mixed_gemm has the other precisions",
              settings.text("precision"));
  return n;
}

class Gemm final : public Kernel {
 public:
  Gemm(const Settings& settings, const KernelContext& context)
      : ranks_(context.ranks),
        seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        n_(static_cast<std::size_t>(order(settings))),
        a_(n_ * n_),
        b_(n_ * n_),
        c_(n_ * n_) {}

  void prepare(Data data) override {
    data_ = data;
    fill(a_, 1);
    fill(b_, 2);
  }

  void run() override {
    const auto n = static_cast<int>(n_);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1.0, a_.data(), n, b_.data(), n, 0.0, c_.data(), n);
  }

  std::vector<Verdict> verify() override {
    const Product product{n_,
                          n_,
                          n_,
                          row_major<double>(a_.data(), n_),
                          row_major<double>(b_.data(), n_),
                          row_major<double>(c_.data(), n_)};
    if (data_ == Data::exact)
      return {{"rows that differ from A B, integers", ranks_.max(differing_rows(product, seed_)), 0}};
    return {{"componentwise error / bound", ranks_.max(componentwise_error(product, seed_, 0x1p-53)), 1}};
  }

  Facts facts() const override {
    const auto n = static_cast<double>(n_);
    return {2 * n * n * n, 24 * n * n, 24 * n * n, "fp64", blas_names()};
  }

  Output output() override { return {c_.data(), c_.size(), Output::Type::fp64}; }

 private:
  void fill(Buffer<double>& matrix, std::uint64_t stream) const {
    const auto count = static_cast<std::ptrdiff_t>(matrix.size());
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const auto index = static_cast<std::uint64_t>(i);
      matrix[index] = data_ == Data::exact ? static_cast<double>(random_bits(seed_, stream, index) % 2049) - 1024
                                           : random_uniform(seed_, stream, index) - 0.5;
    }
  }

  const Ranks& ranks_;
  std::uint64_t seed_;
  std::size_t n_;
  Data data_ = Data::random;
  Buffer<double> a_, b_, c_;
};

}  // namespace

KernelEntry dense_gemm() {
  KernelEntry entry;
  entry.name = "dense/gemm";
  entry.summary = "dense product C = A B in fp64, by the linked BLAS";
  entry.parameters = {{"n", "1024", "order of the matrices"}, {"precision", "fp64", "fp64 only"}};
  entry.figure = KernelEntry::Figure::flop_rate;
  entry.memory = [](const Settings& settings, const Placement&) {
    return 24.0 * std::pow(static_cast<double>(order(settings)), 2);
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<Gemm>(settings, context);
  };
  return entry;
}

}  // namespace tandem::kernels
