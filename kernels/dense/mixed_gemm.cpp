// Mixed-precision matrix product C = A B by oneDNN: fp32, bf16 (fp32 accumulator and output) or int8 (u8 x s8 -> s32);
// 2 m n k operations. A case counts only where the library has a real implementation; its name is noted.
// Judged by Freivalds (1977): equality on small integers, a componentwise bound on reals (docs/method.md, section 3).
#include <bit>
#include <cmath>
#include <cstdint>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/freivalds.hpp"
#include "kernels/dense/onednn.hpp"

namespace tandem::kernels {

namespace {

struct Precision {
  Element a, b, c;
  double u;  // unit round-off of the accumulator
};

Precision precision_of(const Settings& settings) {
  const auto& text = settings.text("precision");
  check_usage(text == "fp32" || text == "bf16" || text == "int8", "precision={}: expected fp32, bf16 or int8", text);
  if (text == "fp32") return {Element::fp32, Element::fp32, Element::fp32, 0x1p-24};
  if (text == "bf16") return {Element::bf16, Element::bf16, Element::fp32, 0x1p-24};
  return {Element::uint8, Element::int8, Element::int32, 0};
}

MatmulShape shape_of(const Settings& settings) {
  const auto n = settings.integer("n");
  check_usage(n >= 1 && n <= 65536, "n={}: expected 1 to 65536 (an int32 sum must not overflow)", n);
  const auto& layout = settings.text("layout");
  check_usage(layout == "plain" || layout == "packed", "layout={}: expected plain or packed", layout);
  const auto size = static_cast<std::size_t>(n);
  return {size, size, size};
}

// Small integers are exact in bf16, so that cutting the fp32 pattern is the exact conversion; reals are cut alike.
void store(Element type, std::byte* data, std::size_t i, float value) {
  if (type == Element::fp32) reinterpret_cast<float*>(data)[i] = value;
  if (type == Element::bf16)
    reinterpret_cast<std::uint16_t*>(data)[i] = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
  if (type == Element::int8 || type == Element::uint8) data[i] = static_cast<std::byte>(static_cast<int>(value));
}

// Integers -2..2 (0..2 unsigned), or reals in [-1, 1); int8 draws its whole range for timing.
float draw(Element type, Data kind, std::uint64_t seed, std::uint64_t stream, std::uint64_t i) {
  const double u = random_uniform(seed, stream, i);
  const bool whole = type == Element::int8 || type == Element::uint8;
  const bool is_unsigned = type == Element::uint8;
  const double low = is_unsigned ? 0 : (kind == Data::exact ? -2 : (whole ? -128 : -1));
  const double width = kind == Data::exact ? (is_unsigned ? 3 : 5) : (whole ? 256 : 2);
  const double value = low + width * u;
  return static_cast<float>(kind == Data::exact || whole ? std::floor(value) : value);
}

RowReader reader(Element type, const std::byte* data, std::size_t columns) {
  if (type == Element::bf16) return row_major_bf16(reinterpret_cast<const std::uint16_t*>(data), columns);
  if (type == Element::fp32) return row_major(reinterpret_cast<const float*>(data), columns);
  if (type == Element::int32) return row_major(reinterpret_cast<const std::int32_t*>(data), columns);
  if (type == Element::int8) return row_major(reinterpret_cast<const std::int8_t*>(data), columns);
  return row_major(reinterpret_cast<const std::uint8_t*>(data), columns);
}

class MixedGemm : public Kernel {
 public:
  MixedGemm(const Settings& settings, const KernelContext& context)
      : seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        precision_(precision_of(settings)),
        shape_(shape_of(settings)),
        layout_(settings.text("layout")),
        limit_(settings.text("precision")),
        a_(shape_.m * shape_.k * bytes_of(precision_.a)),
        b_(shape_.k * shape_.n * bytes_of(precision_.b)),
        c_(shape_.m * shape_.n * bytes_of(precision_.c)),
        product_(shape_, {a_.data(), precision_.a}, {b_.data(), precision_.b}, {c_.data(), precision_.c}, nullptr,
                 layout_ == "packed" ? Matmul::Weights::packed : Matmul::Weights::plain) {
    if (product_.reference())
      throw Unsupported(fmt::format("oneDNN {} has only its reference implementation ({}) of a {} product on this CPU",
                                    onednn_version(), product_.implementation(), limit_));
  }

  void prepare(Data data) override {
    data_ = data;
    fill(precision_.a, a_, 1);
    fill(precision_.b, b_, 2);
    product_.pack();
  }

  void run() override { product_.run(); }

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
    return {{"freivalds, componentwise error / bound", componentwise_error(product, seed_, precision_.u), 1}};
  }

  Facts facts() const override {
    Facts facts;
    facts.flops = 2.0 * static_cast<double>(shape_.m) * static_cast<double>(shape_.n) * static_cast<double>(shape_.k);
    facts.bytes = static_cast<double>(a_.size() + b_.size() + c_.size());
    facts.working_set = facts.bytes;
    facts.limit = limit_;
    facts.notes = {{"library", "oneDNN " + onednn_version()}, {"implementation", product_.implementation()}};
    return facts;
  }

  Output output() override {
    return {c_.data(), shape_.m * shape_.n, precision_.c == Element::int32 ? Output::Type::int32 : Output::Type::fp32};
  }

 private:
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
  std::string layout_, limit_;
  Buffer<std::byte> a_, b_, c_;
  Matmul product_;
  Data data_ = Data::exact;
};

double memory_of(const Settings& settings, const Placement&) {
  const auto precision = precision_of(settings);
  const auto shape = shape_of(settings);
  const auto square = static_cast<double>(shape.n) * static_cast<double>(shape.n);
  const auto elements = bytes_of(precision.a) + 2 * bytes_of(precision.b) + bytes_of(precision.c);  // B twice: packed
  return square * static_cast<double>(elements);
}

}  // namespace

KernelEntry dense_mixed_gemm() {
  KernelEntry entry;
  entry.name = "dense/mixed_gemm";
  entry.summary = "matrix product in fp32, bf16 or int8 by oneDNN";
  entry.parameters = {{"n", "1024", "rows and columns of the matrices"},
                      {"precision", "bf16", "fp32, bf16 (fp32 output) or int8 (u8 x s8 -> s32)"},
                      {"layout", "packed", "packed: the weights in the library's format, set up once; or plain"}};
  entry.memory = memory_of;
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<MixedGemm>(settings, context);
  };
  return entry;
}

}  // namespace tandem::kernels
