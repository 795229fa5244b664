// One AdamW step over n parameters on a device, in place: 14 operations and 28 bytes each, 2 more for the copy in bf16
// (adamw.hpp has the formula and judges the result on the host, in fp64). A thread a parameter.
#include <cmath>
#include <cstdint>
#include <cstring>

#include "harness/base/random.hpp"
#include "harness/device/gpu_code.hpp"
#include "harness/device/gpu_memory.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/learning/adamw.hpp"
#include "kernels/learning/choices.hpp"
#include "kernels/learning/judging.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

constexpr double rate = 1e-3;
constexpr std::size_t steps_done = 10;  // any but the first: the moments are not zero
constexpr unsigned threads = 256;

struct Factors {
  float shrink, beta1, rest1, beta2, rest2, rate, inverse2, epsilon;
};

Factors factors_of(const AdamWSettings& s) {
  const auto steps = static_cast<double>(steps_done);
  const double bias1 = 1 - std::pow(s.beta1, steps), bias2 = 1 - std::pow(s.beta2, steps);
  const auto f = [](double value) { return static_cast<float>(value); };
  return {f(1 - rate * s.decay), f(s.beta1),      f(1 - s.beta1), f(s.beta2),
          f(1 - s.beta2),        f(rate / bias1), f(1 / bias2),   f(s.epsilon)};
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

bool has_copy(const Settings& settings) { return second_of(settings, "copy", "none", "bf16"); }

std::size_t parameters_of(const Settings& settings) { return count_of(settings, "n", std::int64_t{1} << 36); }

class Adam final : public Kernel {
 public:
  Adam(const Settings& settings, const KernelContext& context)
      : ranks_(context.ranks),
        device_(choose_device(context.ranks)),
        seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        n_(parameters_of(settings)),
        gradients_(n_),
        before_(3 * n_),
        device_gradients_(n_),
        device_before_(3 * n_),
        rounded_(has_copy(settings) ? n_ : 0),
        state_(3 * n_) {}

  // The arithmetic is never exact: both kinds of data are random reals.
  void prepare(Data data) override {
    const std::uint64_t first = data == Data::exact ? 0 : 4;
    const auto count = static_cast<std::ptrdiff_t>(n_);
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t at = 0; at < count; ++at) {
      const auto i = static_cast<std::size_t>(at);
      const auto draw = [&](std::uint64_t stream) {
        return static_cast<float>(2 * random_uniform(seed_, first + stream, i) - 1);
      };
      gradients_[i] = draw(0);
      before_[i] = draw(1);
      before_[n_ + i] = draw(2) / 4;
      before_[2 * n_ + i] = std::abs(draw(3)) / 4;
    }
    device_gradients_.upload(gradients_);
    device_before_.upload(before_);
    restore();
  }

  void restore() override {
    start_copy(state_.device(), device_before_.data(), 3 * n_ * sizeof(float));
    GPU_VENDOR::finish();
  }

  void run() override {
    launch(step, blocks_for(n_, threads), threads, state_.device(), static_cast<const float*>(device_gradients_.data()),
           rounded_.data(), factors_of(settings_), n_);
  }
  void finish() override { GPU_VENDOR::finish(); }

  std::vector<Verdict> verify() override {
    Buffer<float>& state = state_.fetch();
    Buffer<std::uint16_t> bits(rounded_.size());
    if (bits.size() > 0) rounded_.download(bits);
    Buffer<Bf16> copy(bits.size());
    for (std::size_t i = 0; i < bits.size(); ++i) copy[i].bits = bits[i];
    const Trained trained{part(gradients_, 0), part(state, 0), copy};
    const double error =
        adamw_error(trained, {part(state, 0), part(state, 1), part(state, 2)},
                    {part(before_, 0), part(before_, 1), part(before_, 2)}, settings_, rate, steps_done);
    return {{"weights and moments, error / bound", worst_of(ranks_, error), 1}};
  }

  Facts facts() const override {
    const auto n = static_cast<double>(n_);
    const bool copied = rounded_.size() > 0;
    return {14 * n, n * (copied ? 30 : 28), n * (copied ? 18 : 16), "", {{"device", device_.name}}};
  }

  Output output() override {
    Buffer<float>& state = state_.fetch();
    return {state.data(), state.size(), Output::Type::fp32, [this] { state_.put(); }};
  }

 private:
  std::span<float> part(Buffer<float>& all, std::size_t i) const { return {all.data() + i * n_, n_}; }

  const Ranks& ranks_;
  const GpuDevice& device_;
  std::uint64_t seed_;
  std::size_t n_;
  AdamWSettings settings_;
  Buffer<float> gradients_, before_;
  DeviceBuffer<float> device_gradients_, device_before_;
  DeviceBuffer<std::uint16_t> rounded_;
  DeviceResult<float> state_;
};

}  // namespace

KernelEntry learning_adam() {
  KernelEntry entry;
  entry.name = "learning/adam";
  entry.summary = "one step of the AdamW optimizer over n parameters in fp32 on the device";
  entry.parameters = {{"n", "64M", "parameters of each rank"},
                      {"copy", "none", "none, or bf16: a copy of the weights for products in bf16 is written too"}};
  entry.figure = KernelEntry::Figure::byte_rate;
  entry.memory = [](const Settings& settings, const Placement&) {
    return (has_copy(settings) ? 34.0 : 28.0) * static_cast<double>(parameters_of(settings));
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<Adam>(settings, context);
  };
  entry.destroys_input = true;
  return entry;
}

}  // namespace tandem::GPU_VENDOR
