// One AdamW step over n parameters, in place: 14 operations and 28 bytes each (weight, gradient and two moments are
// read, all but the gradient written back), 2 bytes more for the copy in bf16. Limited by memory. Judged in fp64.
#include "kernels/learning/adam_case.hpp"

namespace tandem::kernels {
namespace {

class Adam final : public Kernel {
 public:
  Adam(const Settings& settings, const KernelContext& context)
      : case_(settings, context), state_(3 * case_.size()), rounded_(case_.copy_size()) {}

  void prepare(Data data) override {
    case_.prepare(data);
    restore();
  }

  void restore() override {
    const auto count = static_cast<std::ptrdiff_t>(state_.size());
    const Buffer<float>& before = case_.before();
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i) state_.data()[i] = before.data()[i];
  }

  void run() override {
    adamw_step({case_.part(case_.gradients(), 0), case_.part(state_, 0), rounded_},
               {case_.part(state_, 1), case_.part(state_, 2)}, case_.settings(), AdamCase::rate, AdamCase::step);
  }

  std::vector<Verdict> verify() override { return case_.judge(state_, rounded_); }

  Facts facts() const override {
    Facts facts = case_.facts();
    facts.limit = "triad";
    return facts;
  }

  Output output() override { return {state_.data(), state_.size(), Output::Type::fp32}; }

 private:
  AdamCase case_;
  Buffer<float> state_;  // weights, first and second moments
  Buffer<Bf16> rounded_;
};

}  // namespace

KernelEntry learning_adam() {
  KernelEntry entry = adam_entry("", "16777216", 28, 2);
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<Adam>(settings, context);
  };
  return entry;
}

}  // namespace tandem::kernels
