// MPI_Allreduce with a sum, out of place. The input of rank r at i is the integer u(i) + (r mod 61) v(i), so the sum
// R u(i) + v(i) sum_r (r mod 61) is known to every rank and exact in every format: each element is checked for
// equality.
#include <cstring>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"

namespace tandem::kernels {
namespace {

std::int64_t message(const Settings& settings) {
  const std::int64_t bytes = settings.integer("bytes");
  const std::string& precision = settings.text("precision");
  check_usage(precision == "fp32" || precision == "fp64" || precision == "int32",
              "precision = \"{}\" is none of fp32, fp64, int32", precision);
  check_usage(bytes >= 8 && bytes <= 64 << 20 && bytes % 8 == 0, "bytes = {} is not a multiple of 8 in 8 .. 64M",
              bytes);
  return bytes;
}

template <typename T>
class AllReduce final : public Kernel {
 public:
  AllReduce(const Settings& settings, const KernelContext& context, MPI_Datatype type, Output::Type format)
      : ranks_(context.ranks),
        comm_(context.ranks.comm()),
        seed_(context.seed),
        type_(type),
        format_(format),
        input_(static_cast<std::size_t>(message(settings)) / sizeof(T)),
        sum_(input_.size()) {
    // |sum| <= R (7 + 60 * 3) < 2^24: exact in fp32
    check(ranks_.size() <= 1 << 16, "network/allreduce is exact up to 65536 ranks, not {}", ranks_.size());
  }

  void prepare(Data) override {
    for (std::size_t i = 0; i < input_.size(); ++i)
      input_[i] = static_cast<T>(base(i) + (ranks_.rank() % 61) * slope(i));
  }

  void run() override {
    MPI_Allreduce(input_.data(), sum_.data(), static_cast<int>(input_.size()), type_, MPI_SUM, comm_);
  }

  std::vector<Verdict> verify() override {
    std::int64_t weight = 0;
    for (int rank = 0; rank < ranks_.size(); ++rank) weight += rank % 61;
    double wrong = 0;
    for (std::size_t i = 0; i < sum_.size(); ++i)
      wrong += sum_[i] == static_cast<T>(ranks_.size() * base(i) + weight * slope(i)) ? 0 : 1;
    return {{"elements that differ, all ranks", ranks_.sum(wrong), 0}};
  }

  Facts facts() const override {
    const auto count = static_cast<double>(input_.size());
    const double bytes = count * sizeof(T);
    return {count * (ranks_.size() - 1) / ranks_.size(),
            bytes,
            2 * bytes,
            "",
            {{"algorithm", "MPI_Allreduce"}, {"elements", std::to_string(input_.size())}}};
  }

  Output output() override { return {sum_.data(), sum_.size(), format_}; }

 private:
  std::int64_t base(std::size_t i) const { return static_cast<std::int64_t>(random_bits(seed_, 1, i) % 15) - 7; }
  std::int64_t slope(std::size_t i) const { return 1 + static_cast<std::int64_t>(random_bits(seed_, 2, i) % 3); }

  const Ranks& ranks_;
  MPI_Comm comm_;
  std::uint64_t seed_;
  MPI_Datatype type_;
  Output::Type format_;
  Buffer<T> input_, sum_;
};

std::unique_ptr<Kernel> make(const Settings& settings, const KernelContext& context) {
  const std::string& precision = settings.text("precision");
  if (precision == "fp64")
    return std::make_unique<AllReduce<double>>(settings, context, MPI_DOUBLE, Output::Type::fp64);
  if (precision == "int32")
    return std::make_unique<AllReduce<std::int32_t>>(settings, context, MPI_INT32_T, Output::Type::int32);
  return std::make_unique<AllReduce<float>>(settings, context, MPI_FLOAT, Output::Type::fp32);
}

}  // namespace

KernelEntry network_allreduce() {
  KernelEntry entry;
  entry.name = "network/allreduce";
  entry.summary = "MPI_Allreduce, sum";
  entry.parameters = {{"bytes", "1M", "message, 8 .. 64M"}, {"precision", "fp32", "fp32, fp64 or int32"}};
  entry.figure = KernelEntry::Figure::time;
  entry.memory = [](const Settings& settings, const Placement&) {
    return 2.0 * static_cast<double>(message(settings));
  };
  entry.make = make;
  entry.collective = true;
  return entry;
}

}  // namespace tandem::kernels
