// Attention of one layer, without its linear maps: softmax(Q K' / sqrt(d)) V for every head (Vaswani et al. 2017).
//   prefill   all tokens at once, each seeing itself and those before: 2 tokens (tokens + 1) d operations a head; what
//             a block of queries computes beyond its own past is not counted
//   decode    one new token a sequence against the cache of keys and values: 4 tokens d operations a head, limited by
//             the cache's bytes
// Operands in fp32 or bf16, scores and sums in fp32. Judged in fp64, every output.
#include <optional>

#include "harness/base/check.hpp"
#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/learning/attention_parts.hpp"
#include "kernels/learning/choices.hpp"
#include "kernels/learning/draw.hpp"
#include "kernels/learning/judging.hpp"

namespace tandem::kernels {

namespace {

AttentionShape shape_of(const Settings& settings) {
  AttentionShape shape;
  shape.heads = count_of(settings, "heads", 1 << 16) * count_of(settings, "sequences", 1 << 16);
  shape.tokens = count_of(settings, "tokens", 1 << 20);
  shape.width = count_of(settings, "width", 1 << 12);
  shape.queries = second_of(settings, "phase", "prefill", "decode") ? 1 : shape.tokens;
  return shape;
}

double bytes_of(const AttentionShape& s, std::size_t element) {
  const auto heads = static_cast<double>(s.heads), tokens = static_cast<double>(s.tokens);
  const auto width = static_cast<double>(s.width), queries = static_cast<double>(s.queries);
  const auto operand = static_cast<double>(element);
  return heads * (operand * width * (2 * tokens + queries) + 4 * queries * width);
}

// Pairs of a query and a token that it sees.
double pairs_of(const AttentionShape& s) {
  const auto heads = static_cast<double>(s.heads), tokens = static_cast<double>(s.tokens);
  return heads * tokens * (s.queries > 1 ? (tokens + 1) / 2 : 1);
}

template <typename T>
class Attention final : public Kernel {
 public:
  Attention(const AttentionShape& shape, const KernelContext& context)
      : ranks_(context.ranks),
        seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        shape_(shape),
        q_(shape.heads * shape.queries * shape.width),
        k_(shape.heads * shape.tokens * shape.width),
        v_(k_.size()),
        output_(q_.size()) {
    if (shape.queries == 1) {
      scores_ = Buffer<float>(shape.heads * shape.tokens);
      return;
    }
    prefill_.emplace(shape, context.threads);
    if (prefill_->reference())
      throw Unsupported(fmt::format("oneDNN {} has only a reference implementation of {} products on this CPU",
                                    onednn_version(), precision()));
  }

  // The arithmetic is never exact: both kinds of data are random reals.
  void prepare(Data data) override {
    const std::uint64_t first = data == Data::exact ? 0 : 3;
    const auto number = [](double u) { return 4 * u - 2; };
    draw(q_, seed_, first, number);
    draw(k_, seed_, first + 1, number);
    draw(v_, seed_, first + 2, number);
  }

  void run() override {
    const AttentionArrays<T> arrays{q_.data(), k_.data(), v_.data(), output_.data()};
    prefill_ ? prefill_->run(arrays) : decode(shape_, arrays, scores_.data());
  }

  std::vector<Verdict> verify() override {
    const auto values = [](const Buffer<T>& from) {
      return [&from](std::size_t i) { return static_cast<double>(load(from[i])); };
    };
    // P is rounded once more where the second product takes it in bf16.
    const double error = attention_error(shape_, values(q_), values(k_), values(v_), {output_.data(), output_.size()},
                                         prefill_ && bf16 ? 0x1p-8 : 0);
    return {{"outputs, error / bound", worst_of(ranks_, error), 1}};
  }

  Facts facts() const override {
    const double bytes = bytes_of(shape_, sizeof(T));
    Facts facts{
        4 * pairs_of(shape_) * static_cast<double>(shape_.width), bytes, bytes, prefill_ ? precision() : "read", {}};
    if (prefill_)
      facts.notes = {{"library", "oneDNN " + onednn_version()}, {"implementation", prefill_->implementation()}};
    return facts;
  }

  Output output() override { return {output_.data(), output_.size(), Output::Type::fp32}; }

 private:
  static constexpr bool bf16 = sizeof(T) == 2;
  static const char* precision() { return bf16 ? "bf16" : "fp32"; }

  const Ranks& ranks_;
  std::uint64_t seed_;
  AttentionShape shape_;
  Buffer<T> q_, k_, v_;   // [heads, queries or tokens, width]
  Buffer<float> scores_;  // of decode
  Buffer<float> output_;
  std::optional<Prefill<T>> prefill_;
};

}  // namespace

KernelEntry learning_attention() {
  KernelEntry entry;
  entry.name = "learning/attention";
  entry.summary = "attention: prefill of all tokens, or decode of one token against the cache of keys and values";
  entry.parameters = {{"phase", "prefill", "prefill or decode"},
                      {"sequences", "1", "texts side by side"},
                      {"heads", "8", "heads of each"},
                      {"tokens", "512", "tokens of each; decode: in the cache, the new one included"},
                      {"width", "64", "of a head"},
                      {"precision", "fp32", "of queries, keys and values: fp32 or bf16; scores and sums are fp32"}};
  entry.memory = [](const Settings& settings, const Placement&) {
    const AttentionShape s = shape_of(settings);
    const double arrays = bytes_of(s, in_bf16(settings) ? 2 : 4);
    return arrays + (s.queries > 1 ? 0 : 4.0 * static_cast<double>(s.heads) * static_cast<double>(s.tokens));
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    if (in_bf16(settings)) return std::make_unique<Attention<Bf16>>(shape_of(settings), context);
    return std::make_unique<Attention<float>>(shape_of(settings), context);
  };
  return entry;
}

}  // namespace tandem::kernels
