// Products C = A B on a device by the vendor's library (gpu_product.hpp), 2 m n k operations: fp64; fp32; tf32, fp32
// whose operands fit into 10 bits of fraction; bf16, fp16, fp8 (E4M3) with fp32 sums and results; int8 with int32. Of
// the algorithms that the library proposes the fastest is taken at set-up. Judged as on the CPU (freivalds.hpp), on the
// host.
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/device/gpu_memory.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/freivalds.hpp"
#include "kernels/dense/gpu_product.hpp"
#include "kernels/dense/operands.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

ProductFormat format_of(const Settings& settings) {
  const auto& text = settings.text("precision");
  if (text == "tf32") return {Element::fp32, Element::fp32, Element::fp32, true, false};
  if (text == "int8") return {Element::int8, Element::int8, Element::int32, false, true};
  if (text == "fp64") return {Element::fp64, Element::fp64, Element::fp64, false, false};
  for (const Element element : {Element::fp32, Element::bf16, Element::fp16, Element::fp8})
    if (text == name_of(element)) return {element, element, Element::fp32, false, element == Element::fp8};
  check_usage(false, "precision={}: expected fp64, fp32, tf32, bf16, fp16, fp8 or int8", text);
  return {};
}

// Libraries want rows of 8-bit matrices to begin at multiples of 16 bytes (fp8) or 4 (int8).
void demand_multiples(const MatmulShape& shape, Element element) {
  const std::size_t step = element == Element::fp8 ? 16 : element == Element::int8 ? 4 : 1;
  for (const std::size_t size : {shape.m, shape.n, shape.k})
    if (size % step != 0)
      throw Unsupported(fmt::format("products of {} need sizes that are multiples of {}", name_of(element), step));
}

class Gemm final : public Kernel {
 public:
  Gemm(const Settings& settings, const KernelContext& context)
      : ranks_(context.ranks),
        device_(choose_device(context.ranks)),
        seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        format_(format_of(settings)),
        shape_(matmul_shape(settings)),
        a_(shape_.m * shape_.k * bytes_of(format_.a)),
        b_(shape_.k * shape_.n * bytes_of(format_.b)),
        device_a_(a_.size()),
        device_b_(b_.size()),
        c_(shape_.m * shape_.n * bytes_of(format_.c)) {
    demand_multiples(shape_, format_.a);
    product_.emplace(shape_, format_);
    load(Data::random);  // zeros or constants would run faster than what is timed
    way_ = choose_way(ranks_, *product_, [this] { run(); });
  }

  void prepare(Data data) override { load(data); }
  void run() override { product_->start(device_a_.data(), device_b_.data(), c_.device()); }
  void finish() override { GPU_VENDOR::finish(); }

  std::vector<Verdict> verify() override {
    const kernels::Product product{shape_.m,
                                   shape_.n,
                                   shape_.k,
                                   operand_rows(format_.a, a_.data(), shape_.k),
                                   operand_rows(format_.b, b_.data(), shape_.n),
                                   operand_rows(format_.c, c_.fetch().data(), shape_.n)};
    if (data_ == Data::exact || format_.c == Element::int32)
      return {{"freivalds, rows that differ", ranks_.max(differing_rows(product, seed_)), 0}};
    error_ = error_of_rows(shape_, format_.a, format_.b, product.c, data_, seed_);
    const double error = componentwise_error(product, seed_, round_off());
    return {{"freivalds, componentwise error / bound", ranks_.max(error), 1}};
  }

  Facts facts() const override {
    Facts facts;
    facts.flops = 2.0 * static_cast<double>(shape_.m) * static_cast<double>(shape_.n) * static_cast<double>(shape_.k);
    facts.bytes = static_cast<double>(a_.size() + b_.size() + c_.size());
    facts.working_set = facts.bytes;
    facts.notes = {{"device", device_.name},
                   {"library", product_->library()},
                   {"algorithm", fmt::format("number {} of {} proposed", way_ + 1, product_->ways())}};
    if (format_.b_transposed) facts.notes["order of B"] = "by columns";
    if (error_) facts.notes["relative error"] = fmt::format("{:.2g}", *error_);
    return facts;
  }

  Output output() override {
    Buffer<std::byte>& c = c_.fetch();
    const auto type = format_.c == Element::int32  ? Output::Type::int32
                      : format_.c == Element::fp64 ? Output::Type::fp64
                                                   : Output::Type::fp32;
    return {c.data(), shape_.m * shape_.n, type, [this] { c_.put(); }};
  }

 private:
  void load(Data data) {
    data_ = data;
    fill_operand(format_.a, a_.data(), shape_.m * shape_.k, data, seed_, 1);
    fill_operand(format_.b, b_.data(), shape_.k * shape_.n, data, seed_, 2);
    if (format_.tf32) {
      round_to_tf32(a_);
      round_to_tf32(b_);
    }
    device_a_.upload(a_);
    if (format_.b_transposed)
      device_b_.upload(transposed_bytes());
    else
      device_b_.upload(b_);
  }

  // The sums are in fp32 or fp64. Tensor cores of Hopper add up products of fp8 with 14 bits before they go on in fp32
  // (DeepSeek-V3 technical report, 2024, section 3.3.2): that error does not grow with k.
  double round_off() const {
    if (format_.c == Element::fp64) return 0x1p-53;
    return 0x1p-24 + (format_.a == Element::fp8 ? 0x1p-13 / static_cast<double>(shape_.k + 8) : 0);
  }

  // Where operands have no more bits than tf32 takes, nothing is lost on the way in and the sums alone are judged.
  static void round_to_tf32(Buffer<std::byte>& matrix) {
    auto* const values = reinterpret_cast<float*>(matrix.data());
    const auto count = static_cast<std::ptrdiff_t>(matrix.size() / sizeof(float));
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i)
      values[i] = std::bit_cast<float>(std::bit_cast<std::uint32_t>(values[i]) & 0xffffe000U);
  }

  // Of a matrix of bytes, in tiles that a cache holds.
  Buffer<std::byte> transposed_bytes() const {
    constexpr std::size_t tile = 64;
    Buffer<std::byte> result(b_.size());
    const std::size_t rows = shape_.k, columns = shape_.n;
#pragma omp parallel for schedule(static)
    for (std::size_t first = 0; first < columns; first += tile)
      for (std::size_t begin = 0; begin < rows; begin += tile)
        for (std::size_t j = first; j < std::min(first + tile, columns); ++j)
          for (std::size_t i = begin; i < std::min(begin + tile, rows); ++i) result[j * rows + i] = b_[i * columns + j];
    return result;
  }

  const Ranks& ranks_;
  const GpuDevice& device_;
  std::uint64_t seed_;
  ProductFormat format_;
  MatmulShape shape_;
  Buffer<std::byte> a_, b_;
  DeviceBuffer<std::byte> device_a_, device_b_;
  DeviceResult<std::byte> c_;
  std::optional<GPU_VENDOR::Product> product_;
  std::size_t way_ = 0;
  Data data_ = Data::random;
  std::optional<double> error_;
};

double memory_of(const Settings& settings, const Placement&) {
  constexpr double workspace = 64 << 20;
  const ProductFormat format = format_of(settings);
  const MatmulShape shape = matmul_shape(settings);
  const auto entries = [](std::size_t rows, std::size_t columns) { return static_cast<double>(rows * columns); };
  return entries(shape.m, shape.k) * static_cast<double>(bytes_of(format.a)) +
         entries(shape.k, shape.n) * static_cast<double>(bytes_of(format.b)) * (format.b_transposed ? 2 : 1) +
         entries(shape.m, shape.n) * static_cast<double>(bytes_of(format.c)) + workspace;
}

std::string largest_order(double bytes) {
  return fmt::format("n={} in any precision",
                     static_cast<std::size_t>(std::sqrt(std::max(bytes - 1e8, 0.0) / 24)) / 64 * 64);
}

KernelEntry entry_of(const char* name, const char* summary, const char* precision, const char* help) {
  KernelEntry entry;
  entry.name = name;
  entry.summary = summary;
  entry.parameters = {{"n", "8192", "order of the matrices, or MxNxK: C is M x N, A is M x K"},
                      {"precision", precision, help}};
  entry.memory = memory_of;
  entry.fits = largest_order;
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<Gemm>(settings, context);
  };
  return entry;
}

}  // namespace

KernelEntry dense_gemm() {
  KernelEntry entry = entry_of("dense/gemm", "dense product C = A B in fp64 on the device, by its vendor's library",
                               "fp64", "fp64 only");
  entry.memory = [](const Settings& settings, const Placement& placement) {
    check_usage(settings.text("precision") == "fp64",
                "dense/gemm is the fp64 product, not \"{}\"; dense/mixed_gemm has the other precisions",
                settings.text("precision"));
    return memory_of(settings, placement);
  };
  return entry;
}

KernelEntry dense_mixed_gemm() {
  return entry_of("dense/mixed_gemm", "matrix product on the device, by its vendor's library", "bf16",
                  "fp64, fp32, tf32, bf16, fp16, fp8 (fp32 output) or int8 (s8 x s8 -> s32)");
}

}  // namespace tandem::GPU_VENDOR
