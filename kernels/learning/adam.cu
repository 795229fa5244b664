// One AdamW step over n parameters on a device, in place: 14 operations and 28 bytes each, 2 more for the copy in bf16
// (adamw.hpp has the formula and judges the result on the host, in fp64). A thread a parameter.
#include <cmath>
#include <cstdint>
#include <cstring>

#include "harness/device/gpu_code.hpp"
#include "harness/device/gpu_memory.hpp"
#include "kernels/learning/adam_case.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

constexpr unsigned threads = 256;

struct Factors {
  float shrink, beta1, rest1, beta2, rest2, rate, inverse2, epsilon;
};

Factors factors_of(const AdamWSettings& s) {
  const auto steps = static_cast<double>(AdamCase::step);
  const double bias1 = 1 - std::pow(s.beta1, steps), bias2 = 1 - std::pow(s.beta2, steps);
  const auto f = [](double value) { return static_cast<float>(value); };
  return {f(1 - AdamCase::rate * s.decay), f(s.beta1),   f(1 - s.beta1), f(s.beta2), f(1 - s.beta2),
          f(AdamCase::rate / bias1),       f(1 / bias2), f(s.epsilon)};
}

// To nearest, ties to even.
GPU_FUNCTION std::uint16_t to_bf16(float value) {
  std::uint32_t bits = 0;
  memcpy(&bits, &value, sizeof bits);
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

// `state`: weights, first and second moments, one after another.
GPU_KERNEL void step(float* state, const float* gradients, std::uint16_t* rounded, Factors f, std::size_t n) {
  const std::size_t i = grid_index();
  if (i >= n) return;
  const float g = gradients[i];
  const float m = f.beta1 * state[n + i] + f.rest1 * g, v = f.beta2 * state[2 * n + i] + f.rest2 * g * g;
  const float w = state[i] * f.shrink - f.rate * m / (sqrtf(v * f.inverse2) + f.epsilon);
  state[i] = w;
  state[n + i] = m;
  state[2 * n + i] = v;
  if (rounded != nullptr) rounded[i] = to_bf16(w);
}

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
    launch(step, blocks_for(case_.size(), threads), threads, state_.device(),
           static_cast<const float*>(gradients_.data()), rounded_.data(), factors_of(case_.settings()), case_.size());
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
