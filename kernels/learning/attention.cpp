// Attention of one layer, without its linear maps: softmax(Q K' / sqrt(d)) V for every head (Vaswani et al. 2017).
//   prefill   all tokens at once, each seeing itself and those before: 2 tokens (tokens + 1) d operations a head; what
//             a block of queries computes beyond its own past is not counted
//   decode    one new token a sequence against the cache of keys and values: 4 tokens d operations a head, limited by
//             the cache's bytes
// Operands in fp32 or bf16, scores and sums in fp32. Data and verdicts: attention_case.hpp.
#include <optional>

#include "harness/base/check.hpp"
#include "kernels/learning/attention_case.hpp"
#include "kernels/learning/attention_parts.hpp"
#include "kernels/learning/choices.hpp"

namespace tandem::kernels {

namespace {

template <typename T>
class Attention final : public Kernel {
 public:
  Attention(const AttentionShape& shape, const KernelContext& context)
      : shape_(shape), case_(shape, context), output_(case_.q().size()) {
    if (shape.queries == 1) {
      scores_ = Buffer<float>(shape.heads * shape.tokens);
      return;
    }
    prefill_.emplace(shape, context.threads);
    if (prefill_->reference())
      throw Unsupported(fmt::format("oneDNN {} has only a reference implementation of {} products on this CPU",
                                    onednn_version(), case_.precision()));
  }

  void prepare(Data data) override { case_.prepare(data); }

  void run() override {
    const AttentionArrays<T> arrays{case_.q().data(), case_.k().data(), case_.v().data(), output_.data()};
    prefill_ ? prefill_->run(arrays) : decode(shape_, arrays, scores_.data());
  }

  std::vector<Verdict> verify() override { return case_.judge(output_); }

  Facts facts() const override {
    Facts facts = case_.facts();
    if (prefill_)
      facts.notes = {{"library", "oneDNN " + onednn_version()}, {"implementation", prefill_->implementation()}};
    return facts;
  }

  Output output() override { return {output_.data(), output_.size(), Output::Type::fp32}; }

 private:
  AttentionShape shape_;
  AttentionCase<T> case_;
  Buffer<float> scores_;  // of decode
  Buffer<float> output_;
  std::optional<Prefill<T>> prefill_;
};

}  // namespace

KernelEntry learning_attention() {
  KernelEntry entry = attention_entry("", "8", "512", "64");
  entry.memory = [](const Settings& settings, const Placement&) {
    const AttentionShape s = attention_shape(settings);
    const double arrays = attention_bytes(s, in_bf16(settings) ? 2 : 4);
    return arrays + (s.queries > 1 ? 0 : 4.0 * static_cast<double>(s.heads) * static_cast<double>(s.tokens));
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    if (in_bf16(settings)) return std::make_unique<Attention<Bf16>>(attention_shape(settings), context);
    return std::make_unique<Attention<float>>(attention_shape(settings), context);
  };
  return entry;
}

}  // namespace tandem::kernels
