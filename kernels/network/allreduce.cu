// All-reduce with a sum of what lies on the devices of the ranks, out of place, by the ways of device_allreduce.hpp.
// Data and verdicts are those of the CPU (allreduce_case.hpp).
#include "harness/device/gpu_memory.hpp"
#include "kernels/network/allreduce_case.hpp"
#include "kernels/network/device_allreduce.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

const AllReduceLimits& limits() {
  static const AllReduceLimits known = {{"library", "staged", "gpu_aware"}, 1 << 30};
  return known;
}

SumBy way_of(const AllReduceChoice& choice) {
  if (choice.algorithm == "staged") return SumBy::staged;
  return choice.algorithm == "gpu_aware" ? SumBy::gpu_aware : SumBy::library;
}

template <typename T>
class AllReduce final : public Kernel {
 public:
  AllReduce(const AllReduceChoice& choice, const KernelContext& context)
      : device_(choose_device(context.ranks)),
        case_(choice.bytes, context),
        most_roundings_(context.ranks.size() - 1),
        input_(case_.size()),
        sum_(case_.size()),
        reduce_(context.ranks, way_of(choice), case_.size()) {}

  void prepare(Data data) override {
    Buffer<T> values(case_.size());
    case_.prepare(data, values.data());
    input_.upload(values);
  }

  void run() override { reduce_.start(input_.data(), sum_.device()); }
  void finish() override { GPU_VENDOR::finish(); }

  std::vector<Verdict> verify() override { return case_.judge(sum_.fetch().data(), most_roundings_); }

  Facts facts() const override {
    Facts facts = case_.facts(reduce_.how());
    facts.notes["device"] = device_.name;
    return facts;
  }

  Output output() override {
    Buffer<T>& sum = sum_.fetch();
    return {sum.data(), sum.size(), MpiSum<T>::format, [this] { sum_.put(); }};
  }

 private:
  const GpuDevice& device_;
  AllReduceCase<T> case_;
  int most_roundings_;
  DeviceBuffer<T> input_;
  DeviceResult<T> sum_;
  DeviceAllreduce<T> reduce_;
};

}  // namespace

KernelEntry network_allreduce() {
  KernelEntry entry = allreduce_entry(
      "all-reduce, sum, of device memory", limits(),
      "library (NCCL, RCCL), staged (MPI through the host's memory), or gpu_aware (MPI on device memory)");
  entry.memory = [](const Settings& settings, const Placement&) {
    return 3.0 * static_cast<double>(allreduce_choice(settings, limits()).bytes);
  };
  entry.make = [](const Settings& settings, const KernelContext& context) {
    return make_allreduce<AllReduce>(settings, allreduce_choice(settings, limits()), context);
  };
  return entry;
}

}  // namespace tandem::GPU_VENDOR
