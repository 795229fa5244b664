// The ladder of precisions: a matrix product C = A B in fp64 (CBLAS), or by oneDNN in fp32, bf16, fp16, fp8 (fp32
// accumulator and output) or int8 (u8 x s8 -> s32); 2 m n k operations. A case counts only where the library has a real
// implementation; its name is noted, and so is the error of a product of reals against fp64.
// Judged by Freivalds (1977): equality on small integers, a componentwise bound on reals (docs/method.md, section 3).
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include <cblas.h>

#include "harness/base/check.hpp"
#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/blas_name.hpp"
#include "kernels/dense/freivalds.hpp"
#include "kernels/dense/onednn.hpp"
#include "kernels/dense/operands.hpp"

namespace tandem::kernels {

namespace {

struct Precision {
  Element a, b, c;
  double u;  // unit round-off of the accumulator
};

Precision precision_of(const Settings& settings) {
  const auto& text = settings.text("precision");
  if (text == "int8") return {Element::uint8, Element::int8, Element::int32, 0};
  if (text == "fp64") return {Element::fp64, Element::fp64, Element::fp64, 0x1p-53};
  for (const Element element : {Element::fp32, Element::bf16, Element::fp16, Element::fp8})
    if (text == name_of(element)) return {element, element, Element::fp32, 0x1p-24};
  check_usage(false, "precision={}: expected fp64, fp32, bf16, fp16, fp8 or int8", text);
  return {};
}

MatmulShape shape_of(const Settings& settings) {
  const auto& layout = settings.text("layout");
  check_usage(layout == "plain" || layout == "packed", "layout={}: expected plain or packed", layout);
  return matmul_shape(settings);
}

class MixedGemm : public Kernel {
 public:
  MixedGemm(const Settings& settings, const KernelContext& context)
      : seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        precision_(precision_of(settings)),
        shape_(shape_of(settings)),
        limit_(settings.text("precision")),
        a_(shape_.m * shape_.k * bytes_of(precision_.a)),
        b_(shape_.k * shape_.n * bytes_of(precision_.b)),
        c_(shape_.m * shape_.n * bytes_of(precision_.c)),
        packed_(settings.text("layout") == "packed") {
    if (precision_.a == Element::fp64) {
      if (packed_) throw Unsupported("CBLAS has no packed weights for fp64; set layout = \"plain\"");
      return;
    }
    product_.emplace(shape_, Operand{a_.data(), precision_.a}, Operand{b_.data(), precision_.b},
                     Operand{c_.data(), precision_.c}, nullptr,
                     packed_ ? Matmul::Weights::packed : Matmul::Weights::plain);
    if (product_->reference())
      throw Unsupported(fmt::format("oneDNN {} has only its reference implementation ({}) of a {} product on this CPU",
                                    onednn_version(), product_->implementation(), limit_));
  }

  void prepare(Data data) override {
    data_ = data;
    fill_operand(precision_.a, a_.data(), shape_.m * shape_.k, data, seed_, 1);
    fill_operand(precision_.b, b_.data(), shape_.k * shape_.n, data, seed_, 2);
    if (product_) product_->pack();
  }

  void run() override {
    if (product_) return product_->run();
    const auto m = static_cast<int>(shape_.m), n = static_cast<int>(shape_.n), k = static_cast<int>(shape_.k);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, as_fp64(a_), k, as_fp64(b_), n, 0, as_fp64(c_),
                n);
  }

  std::vector<Verdict> verify() override {
    const Product product{shape_.m,
                          shape_.n,
                          shape_.k,
                          operand_rows(precision_.a, a_.data(), shape_.k),
                          operand_rows(precision_.b, b_.data(), shape_.n),
                          operand_rows(precision_.c, c_.data(), shape_.n)};
    // int8 is exact on its whole range too.
    if (data_ == Data::exact || precision_.c == Element::int32)
      return {{"freivalds, rows that differ", differing_rows(product, seed_), 0}};
    error_ = error_of_rows(shape_, precision_.a, precision_.b, product.c, data_, seed_);
    return {{"freivalds, componentwise error / bound", componentwise_error(product, seed_, precision_.u), 1}};
  }

  Facts facts() const override {
    Facts facts;
    facts.flops = 2.0 * static_cast<double>(shape_.m) * static_cast<double>(shape_.n) * static_cast<double>(shape_.k);
    facts.bytes = static_cast<double>(a_.size() + b_.size() + c_.size());
    facts.working_set = facts.bytes;
    if (limit_ != "fp16" && limit_ != "fp8") facts.limit = limit_;  // no limit is measured for those
    if (product_)
      facts.notes = {{"library", "oneDNN " + onednn_version()}, {"implementation", product_->implementation()}};
    else
      facts.notes = blas_names();
    if (error_) facts.notes["relative error"] = fmt::format("{:.2g}", *error_);
    return facts;
  }

  Output output() override {
    const auto type = precision_.c == Element::int32  ? Output::Type::int32
                      : precision_.c == Element::fp64 ? Output::Type::fp64
                                                      : Output::Type::fp32;
    return {c_.data(), shape_.m * shape_.n, type};
  }

 private:
  static double* as_fp64(Buffer<std::byte>& buffer) { return reinterpret_cast<double*>(buffer.data()); }

  std::uint64_t seed_;
  Precision precision_;
  MatmulShape shape_;
  std::string limit_;
  Buffer<std::byte> a_, b_, c_;
  bool packed_;
  std::optional<Matmul> product_;  // none: fp64
  Data data_ = Data::exact;
  std::optional<double> error_;
};

double memory_of(const Settings& settings, const Placement&) {
  const auto precision = precision_of(settings);
  const auto shape = shape_of(settings);
  const auto entries = [](std::size_t rows, std::size_t columns) { return static_cast<double>(rows * columns); };
  return entries(shape.m, shape.k) * static_cast<double>(bytes_of(precision.a)) +
         entries(shape.k, shape.n) * 2 * static_cast<double>(bytes_of(precision.b)) +  // B twice: packed
         entries(shape.m, shape.n) * static_cast<double>(bytes_of(precision.c));
}

std::string largest_order(double bytes) {
  return fmt::format("n={} in any precision", static_cast<std::size_t>(std::sqrt(bytes / 32)) / 64 * 64);
}

}  // namespace

KernelEntry dense_mixed_gemm() {
  KernelEntry entry;
  entry.name = "dense/mixed_gemm";
  entry.summary = "matrix product in fp64, fp32, bf16, fp16, fp8 or int8";
  entry.parameters = {{"n", "1024", "order of the matrices, or MxNxK: C is M x N, A is M x K"},
                      {"precision", "bf16", "fp64, fp32, bf16, fp16, fp8 (fp32 output) or int8 (u8 x s8 -> s32)"},
                      {"layout", "packed", "packed: the weights in the library's format, set up once; or plain"}};
  entry.memory = memory_of;
  entry.fits = largest_order;
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<MixedGemm>(settings, context);
  };
  return entry;
}

}  // namespace tandem::kernels
