// The ladder of precisions: a matrix product C = A B in fp64 (CBLAS), or by oneDNN in fp32, bf16, fp16, fp8 (fp32
// accumulator and output) or int8 (u8 x s8 -> s32); 2 m n k operations. A case counts only where the library has a real
// implementation; its name is noted, and so is the error of a product of reals against fp64.
// Judged by Freivalds (1977): equality on small integers, a componentwise bound on reals (docs/method.md, section 3).
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include <cblas.h>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/blas_name.hpp"
#include "kernels/dense/freivalds.hpp"
#include "kernels/dense/onednn.hpp"
#include "kernels/dense/small_float.hpp"

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

// One order, or m x n x k.
MatmulShape shape_of(const Settings& settings) {
  const std::string& text = settings.text("n");
  std::vector<std::size_t> sizes;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('x', at), text.size());
    Settings one;
    one.set("n", text.substr(at, end - at));
    const auto size = one.integer("n");
    check_usage(size >= 1 && size <= 65536, "n={}: expected 1 to 65536 (an int32 sum must not overflow)", text);
    sizes.push_back(static_cast<std::size_t>(size));
    at = end + 1;
  }
  check_usage(sizes.size() == 1 || sizes.size() == 3, "n={}: expected an order as 1024 or MxNxK as 64x4096x1024", text);
  const auto& layout = settings.text("layout");
  check_usage(layout == "plain" || layout == "packed", "layout={}: expected plain or packed", layout);
  return {sizes.front(), sizes[sizes.size() / 2], sizes.back()};
}

void store(Element type, std::byte* data, std::size_t i, double value) {
  const auto single = static_cast<float>(value);
  switch (type) {
    case Element::fp64:
      reinterpret_cast<double*>(data)[i] = value;
      break;
    case Element::fp32:
      reinterpret_cast<float*>(data)[i] = single;
      break;
    case Element::bf16:
    case Element::fp16:
      reinterpret_cast<std::uint16_t*>(data)[i] =
          static_cast<std::uint16_t>((type == Element::bf16 ? kBf16 : kFp16).encode(single));
      break;
    case Element::fp8:
      data[i] = static_cast<std::byte>(kFp8.encode(single));
      break;
    default:
      data[i] = static_cast<std::byte>(static_cast<int>(value));
  }
}

// Exact data: integers -2..2 (0..2 unsigned, up to 2^10 in fp64). Else reals in [-1, 1); int8 draws its whole range.
double draw(Element type, Data kind, std::uint64_t seed, std::uint64_t stream, std::uint64_t i) {
  const double u = random_uniform(seed, stream, i);
  const bool is_unsigned = type == Element::uint8;
  if (kind == Data::exact) {
    const double most = type == Element::fp64 ? 1024 : 2;
    return std::floor(is_unsigned ? (most + 1) * u : (2 * most + 1) * u - most);
  }
  if (type == Element::int8 || is_unsigned) return std::floor(256 * u) - (is_unsigned ? 0 : 128);
  return 2 * u - 1;
}

template <typename Pattern>
RowReader rows_of(const std::byte* data, std::size_t columns, SmallFloat format) {
  return [from = reinterpret_cast<const Pattern*>(data), columns, format](std::size_t row, std::span<double> values) {
    for (std::size_t j = 0; j < values.size(); ++j)
      values[j] = static_cast<double>(format.decode(static_cast<std::uint32_t>(from[row * columns + j])));
  };
}

RowReader reader(Element type, const std::byte* data, std::size_t columns) {
  switch (type) {
    case Element::fp64:
      return row_major(reinterpret_cast<const double*>(data), columns);
    case Element::fp32:
      return row_major(reinterpret_cast<const float*>(data), columns);
    case Element::bf16:
      return rows_of<std::uint16_t>(data, columns, kBf16);
    case Element::fp16:
      return rows_of<std::uint16_t>(data, columns, kFp16);
    case Element::fp8:
      return rows_of<std::uint8_t>(data, columns, kFp8);
    case Element::int32:
      return row_major(reinterpret_cast<const std::int32_t*>(data), columns);
    case Element::int8:
      return row_major(reinterpret_cast<const std::int8_t*>(data), columns);
    case Element::uint8:
      break;
  }
  return row_major(reinterpret_cast<const std::uint8_t*>(data), columns);
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
    fill(precision_.a, a_, 1);
    fill(precision_.b, b_, 2);
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
                          reader(precision_.a, a_.data(), shape_.k),
                          reader(precision_.b, b_.data(), shape_.n),
                          reader(precision_.c, c_.data(), shape_.n)};
    // int8 is exact on its whole range too.
    if (data_ == Data::exact || precision_.c == Element::int32)
      return {{"freivalds, rows that differ", differing_rows(product, seed_), 0}};
    error_ = error_of_rows(product.c);
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

  // ||C - R||_F / ||R||_F over a few rows, R in fp64 by the reals before they were rounded to the format.
  double error_of_rows(const RowReader& c) const {
    constexpr std::size_t rows = 4;
    std::array<std::vector<double>, rows> right;
    const auto row_of = [&](std::size_t r) { return r * (shape_.m - 1) / (rows - 1); };
    for (auto& row : right) row.assign(shape_.n, 0.0);
    std::vector<double> b(shape_.n);
    for (std::size_t l = 0; l < shape_.k; ++l) {
      for (std::size_t j = 0; j < shape_.n; ++j) b[j] = draw(precision_.b, data_, seed_, 2, l * shape_.n + j);
      for (std::size_t r = 0; r < rows; ++r) {
        const double a = draw(precision_.a, data_, seed_, 1, row_of(r) * shape_.k + l);
        for (std::size_t j = 0; j < shape_.n; ++j) right[r][j] += a * b[j];
      }
    }
    double error = 0, size = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      c(row_of(r), b);
      for (std::size_t j = 0; j < shape_.n; ++j) {
        error += (b[j] - right[r][j]) * (b[j] - right[r][j]);
        size += right[r][j] * right[r][j];
      }
    }
    return std::sqrt(error / size);
  }

  void fill(Element type, Buffer<std::byte>& buffer, std::uint64_t stream) {
    const auto count = static_cast<std::ptrdiff_t>(buffer.size() / bytes_of(type));
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i)
      store(type, buffer.data(), static_cast<std::size_t>(i),
            draw(type, data_, seed_, stream, static_cast<std::uint64_t>(i)));
  }

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
