// Sparse matrix times vector on a device, y = A x in fp64: 2 flops a nonzero, bytes of the format that runs plus x and
// y once. Strips of 64 rows by diagonals (strips.hpp): a thread a row, so that neighbours read neighbouring values and
// entries of x, 8.1 bytes a nonzero. CSR for what strips would pad: several threads a row, which add up within their
// block.
#include <algorithm>
#include <cstdint>

#include "harness/device/gpu_code.hpp"
#include "harness/device/gpu_memory.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/sparse/spmv_case.hpp"
#include "kernels/sparse/strips.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

constexpr unsigned threads = 256;
constexpr std::size_t height = 64;

GPU_KERNEL void multiply_strips(const std::int64_t* start, const std::int32_t* offset, const double* value,
                                const double* x, double* y, std::int64_t rows, std::int64_t columns) {
  const auto row = static_cast<std::int64_t>(grid_index());
  if (row >= rows) return;
  const std::int64_t strip = row / static_cast<std::int64_t>(height), lane = row % static_cast<std::int64_t>(height);
  const std::int64_t end = start[strip + 1];
  double sum = 0;
  GPU_UNROLL_BY(9)
  for (std::int64_t d = start[strip]; d < end; ++d) {
    const std::int64_t column = row + offset[d];
    const bool inside = column >= 0 && column < columns;  // a diagonal of the strip may leave the matrix in this row
    sum += value[d * static_cast<std::int64_t>(height) + lane] * (inside ? x[column] : 0.0);
  }
  y[row] = sum;
}

// `lanes`, a power of two, threads a row.
GPU_KERNEL void multiply_csr(const std::int64_t* start, const std::int32_t* column, const double* value,
                             const double* x, double* y, std::int64_t rows, unsigned lanes) {
  GPU_SHARED double part[threads];
  const unsigned own = thread_index(), lane = own % lanes;
  const auto row = static_cast<std::int64_t>(grid_index() / lanes);
  double sum = 0;
  if (row < rows)
    for (std::int64_t k = start[row] + lane; k < start[row + 1]; k += lanes) sum += value[k] * x[column[k]];
  part[own] = sum;
  for (unsigned half = lanes / 2; half > 0; half /= 2) {
    block_barrier();
    if (lane < half) part[own] += part[own + half];
  }
  if (lane == 0 && row < rows) y[row] = part[own];
}

class Spmv final : public Kernel {
 public:
  Spmv(const Settings& settings, const KernelContext& context)
      : ranks_(context.ranks),
        device_(choose_device(context.ranks)),
        case_(settings, context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        y_(case_.matrix().rows) {
    const SpmvFormat format = spmv_format(settings);
    use_strips_ = runs_strips(format, format == SpmvFormat::csr ? 0 : strips_fill<height>(case_.matrix()));
    const double mean = static_cast<double>(case_.matrix().nonzeros()) / static_cast<double>(case_.matrix().rows);
    while (lanes_ < 64 && 2 * lanes_ <= mean) lanes_ *= 2;
  }

  void prepare(Data data) override {
    case_.prepare(data);
    x_ = on_device(case_.x());
    const Csr& csr = case_.matrix();
    if (!use_strips_) {
      load(csr.start, csr.column, csr.value);
      bytes_ = csr.bytes();
      return;
    }
    const StripsOf<height> strips = strips_from<height>(csr);
    load(strips.start, strips.offset, strips.value);
    bytes_ = strips.bytes();
  }

  void run() override {
    const auto rows = static_cast<std::int64_t>(case_.matrix().rows);
    const auto columns = static_cast<std::int64_t>(case_.matrix().columns);
    const auto constant = [](auto& buffer) { return std::as_const(buffer).data(); };
    if (use_strips_)
      launch(multiply_strips, blocks_for(case_.matrix().rows, threads), threads, constant(start_), constant(index_),
             constant(value_), constant(x_), y_.device(), rows, columns);
    else
      launch(multiply_csr, blocks_for(case_.matrix().rows * lanes_, threads), threads, constant(start_),
             constant(index_), constant(value_), constant(x_), y_.device(), rows, lanes_);
  }
  void finish() override { GPU_VENDOR::finish(); }

  std::vector<Verdict> verify() override { return case_.judge(ranks_, y_.fetch()); }

  Facts facts() const override {
    Facts facts =
        spmv_facts(case_.matrix(), bytes_, use_strips_ ? "strips of 64 rows by diagonals" : "csr, 32-bit columns");
    facts.notes["device"] = device_.name;
    return facts;
  }

  Output output() override {
    Buffer<double>& y = y_.fetch();
    return {y.data(), y.size(), Output::Type::fp64, [this] { y_.put(); }};
  }

 private:
  void load(const Buffer<std::int64_t>& start, const Buffer<std::int32_t>& index, const Buffer<double>& value) {
    start_ = on_device(start);
    index_ = on_device(index);
    value_ = on_device(value);
  }

  const Ranks& ranks_;
  const GpuDevice& device_;
  SpmvCase case_;
  bool use_strips_ = false;
  unsigned lanes_ = 1;
  double bytes_ = 0;  // of the matrix in its format
  DeviceBuffer<std::int64_t> start_;
  DeviceBuffer<std::int32_t> index_;  // columns, or offsets of diagonals
  DeviceBuffer<double> value_, x_;
  DeviceResult<double> y_;
};

}  // namespace

KernelEntry sparse_spmv() {
  return {.name = "sparse/spmv",
          .summary = "sparse matrix times vector in fp64 on the device, HPCG's 27-point matrix or a Matrix Market file",
          .parameters = {{"matrix", "stencil27:192", "stencil27:n (an n^3 grid) or the path of a Matrix Market file"},
                         {"format", "auto",
                          "csr, strips (64 rows by diagonals), or auto: strips where at most 10 % is padding"}},
          .figure = KernelEntry::Figure::flop_rate,
          .memory = [](const Settings& settings, const Placement&) { return spmv_memory(settings, 8.1); },
          .make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
            return std::make_unique<Spmv>(settings, context);
          }};
}

}  // namespace tandem::GPU_VENDOR
