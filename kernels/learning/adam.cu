// One AdamW step over n parameters on a device, in place: 14 operations and 28 bytes each, 2 more for the copy in bf16
// (adamw_device.hpp). Judged on the host, in fp64.
#include <cstdint>

#include "harness/device/gpu_memory.hpp"
#include "kernels/learning/adam_case.hpp"
#include "kernels/learning/adamw_device.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

class Adam final : public Kernel {
 public:
  Adam(const Settings& settings, const KernelContext& context)
      : device_(choose_device(context.ranks)),
        case_(settings, context),
        gradients_(case_.size()),
        before_(3 * case_.size()),
        rounded_(case_.copy_size()),
        state_(3 * case_.size()) {}

  void prepare(Data data) override {
    case_.prepare(data);
    gradients_.upload(case_.gradients());
    before_.upload(case_.before());
    restore();
  }

  void restore() override {
    start_copy(state_.device(), before_.data(), 3 * case_.size() * sizeof(float));
    GPU_VENDOR::finish();
  }

  void run() override {
    start_adamw(state_.device(), gradients_.data(), rounded_.data(),
                adamw_factors(case_.settings(), AdamCase::rate, AdamCase::step), case_.size());
  }
  void finish() override { GPU_VENDOR::finish(); }

  std::vector<Verdict> verify() override {
    Buffer<std::uint16_t> bits(rounded_.size());
    if (bits.size() > 0) rounded_.download(bits);
    Buffer<Bf16> copy(bits.size());
    for (std::size_t i = 0; i < bits.size(); ++i) copy[i].bits = bits[i];
    return case_.judge(state_.fetch(), copy);
  }

  Facts facts() const override {
    Facts facts = case_.facts();
    facts.notes["device"] = device_.name;
    return facts;
  }

  Output output() override {
    Buffer<float>& state = state_.fetch();
    return {state.data(), state.size(), Output::Type::fp32, [this] { state_.put(); }};
  }

 private:
  const GpuDevice& device_;
  AdamCase case_;
  DeviceBuffer<float> gradients_, before_;
  DeviceBuffer<std::uint16_t> rounded_;
  DeviceResult<float> state_;
};

}  // namespace

KernelEntry learning_adam() {
  KernelEntry entry = adam_entry(" on the device", "64M", 28, 6);
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<Adam>(settings, context);
  };
  return entry;
}

}  // namespace tandem::GPU_VENDOR
