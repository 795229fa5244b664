// Attention of one layer, without its linear maps: softmax(Q K' / sqrt(d)) V for every head (Vaswani et al. 2017).
//   prefill   all tokens at once, each seeing itself and those before: two products by oneDNN for all heads and a
//             softmax between, 4 tokens^2 d operations a head (the masked half is computed and counted, as it runs)
//   decode    one new token a sequence against the cache of keys and values: 4 tokens d operations a head, limited by
//             the cache's bytes
// Operands in fp32 or bf16, scores and sums in fp32. Judged in fp64, every output.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/onednn.hpp"
#include "kernels/learning/attention_reference.hpp"
#include "kernels/learning/elementwise.hpp"

namespace tandem::kernels {

namespace {

AttentionShape shape_of(const Settings& settings) {
  const auto size = [&](const char* key, std::int64_t most) {
    const auto value = settings.integer(key);
    check_usage(value >= 1 && value <= most, "{}={}: expected 1 to {}", key, value, most);
    return static_cast<std::size_t>(value);
  };
  const auto& phase = settings.text("phase");
  check_usage(phase == "prefill" || phase == "decode", "phase={}: expected prefill or decode", phase);
  AttentionShape shape;
  shape.heads = size("heads", 1 << 16) * size("sequences", 1 << 16);
  shape.tokens = size("tokens", 1 << 20);
  shape.width = size("width", 1 << 12);
  shape.queries = phase == "prefill" ? shape.tokens : 1;
  return shape;
}

bool in_bf16(const Settings& settings) {
  const auto& precision = settings.text("precision");
  check_usage(precision == "fp32" || precision == "bf16", "precision={}: expected fp32 or bf16", precision);
  return precision == "bf16";
}

double bytes_of(const AttentionShape& s, std::size_t element) {
  const auto heads = static_cast<double>(s.heads), tokens = static_cast<double>(s.tokens);
  const auto width = static_cast<double>(s.width), queries = static_cast<double>(s.queries);
  const auto operand = static_cast<double>(element);
  return heads * (operand * width * (2 * tokens + queries) + 4 * queries * width);
}

inline float number(float value) { return value; }
inline float number(Bf16 value) { return load(value); }

// A score so far below the largest one counts for less than the least float.
inline float weight(float score, float largest) { return fast_exp(std::max(score - largest, -87.0f)); }

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
        scores_(shape.heads * shape.queries * shape.tokens),
        weights_(prefill() && bf16 ? scores_.size() : 0),
        output_(q_.size()) {
    if (!prefill()) return;
    const auto& [heads, tokens, queries, width] = shape_;
    constexpr Element type = bf16 ? Element::bf16 : Element::fp32;
    const Operand weights = bf16 ? Operand{weights_.data(), type} : Operand{scores_.data(), type};
    scores_of_.emplace(MatmulShape{queries, tokens, width, heads}, Operand{q_.data(), type},
                       Operand{k_.data(), type, true}, Operand{scores_.data(), Element::fp32});
    mix_.emplace(MatmulShape{queries, width, tokens, heads}, weights, Operand{v_.data(), type},
                 Operand{output_.data(), Element::fp32});
    if (scores_of_->reference() || mix_->reference())
      throw Unsupported(fmt::format("oneDNN {} has only a reference implementation of {} products on this CPU",
                                    onednn_version(), precision()));
  }

  // The arithmetic is never exact: both kinds of data are random reals.
  void prepare(Data data) override {
    const std::uint64_t first = data == Data::exact ? 0 : 3;
    fill(q_, first);
    fill(k_, first + 1);
    fill(v_, first + 2);
  }

  void run() override {
    if (!prefill()) return decode();
    scores_of_->run();
    soften();
    mix_->run();
  }

  std::vector<Verdict> verify() override {
    const auto values = [](const Buffer<T>& from) {
      return [&from](std::size_t i) { return static_cast<double>(number(from[i])); };
    };
    // P is rounded once more where the second product takes it in bf16.
    const double error = attention_error(shape_, values(q_), values(k_), values(v_), {output_.data(), output_.size()},
                                         prefill() && bf16 ? 0x1p-8 : 0);
    const double wrong = ranks_.max(std::isfinite(error) ? 0 : 1), worst = ranks_.max(std::isfinite(error) ? error : 0);
    return {{"outputs, error / bound", wrong > 0 ? std::numeric_limits<double>::infinity() : worst, 1}};
  }

  Facts facts() const override {
    const auto pairs = static_cast<double>(scores_.size());
    const double bytes = bytes_of(shape_, sizeof(T));
    Facts facts{4 * pairs * static_cast<double>(shape_.width), bytes, bytes, prefill() ? precision() : "read", {}};
    if (prefill()) {
      facts.working_set += 4 * pairs;
      facts.notes = {{"library", "oneDNN " + onednn_version()}, {"implementation", scores_of_->implementation()}};
    }
    return facts;
  }

  Output output() override { return {output_.data(), output_.size(), Output::Type::fp32}; }

 private:
  static constexpr bool bf16 = sizeof(T) == 2;
  static const char* precision() { return bf16 ? "bf16" : "fp32"; }
  bool prefill() const { return shape_.queries > 1 || shape_.tokens == 1; }
  float scale() const { return static_cast<float>(1 / std::sqrt(static_cast<double>(shape_.width))); }

  void fill(Buffer<T>& values, std::uint64_t stream) const {
    const auto count = static_cast<std::ptrdiff_t>(values.size());
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i)
      store(values.data()[i], static_cast<float>(4 * random_uniform(seed_, stream, static_cast<std::uint64_t>(i)) - 2));
  }

  // Scores of the tokens up to a query's own become weights that add up to 1; those behind it 0.
  void soften() {
    const std::size_t tokens = shape_.tokens, queries = shape_.queries, rows = shape_.heads * queries;
#pragma omp parallel for schedule(static)
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t seen = row % queries + 1;
      float* const score = scores_.data() + row * tokens;
      const float sum = exponentials(score, seen);
      if constexpr (bf16) {
        Bf16* const to = weights_.data() + row * tokens;
        for (std::size_t t = 0; t < seen; ++t) store(to[t], score[t] / sum);
        std::fill(to + seen, to + tokens, Bf16{});
      } else {
        for (std::size_t t = 0; t < seen; ++t) score[t] /= sum;
        std::fill(score + seen, score + tokens, 0.0f);
      }
    }
  }

  // score[t] = e^(scale (score[t] - largest)); returns their sum.
  float exponentials(float* score, std::size_t seen) const {
    const float factor = scale();
    float largest = -std::numeric_limits<float>::infinity(), sum = 0;
#pragma omp simd reduction(max : largest)
    for (std::size_t t = 0; t < seen; ++t) largest = std::max(largest, score[t]);
#pragma omp simd reduction(+ : sum)
    for (std::size_t t = 0; t < seen; ++t) {
      score[t] = weight(factor * score[t], factor * largest);
      sum += score[t];
    }
    return sum;
  }

  void decode() {
    const std::size_t heads = shape_.heads, tokens = shape_.tokens, width = shape_.width;
#pragma omp parallel for schedule(static)
    for (std::size_t head = 0; head < heads; ++head) {
      const T *const q = q_.data() + head * width, *const k = k_.data() + head * tokens * width;
      const T* const v = v_.data() + head * tokens * width;
      float *const score = scores_.data() + head * tokens, *const out = output_.data() + head * width;
      for (std::size_t t = 0; t < tokens; ++t) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (std::size_t i = 0; i < width; ++i) sum += number(q[i]) * number(k[t * width + i]);
        score[t] = sum;
      }
      const float sum = exponentials(score, tokens);
      std::fill(out, out + width, 0.0f);
      for (std::size_t t = 0; t < tokens; ++t) {
        const float share = score[t] / sum;
#pragma omp simd
        for (std::size_t i = 0; i < width; ++i) out[i] += share * number(v[t * width + i]);
      }
    }
  }

  const Ranks& ranks_;
  std::uint64_t seed_;
  AttentionShape shape_;
  Buffer<T> q_, k_, v_;  // [heads, queries or tokens, width]
  Buffer<float> scores_;
  Buffer<Bf16> weights_;
  Buffer<float> output_;
  std::optional<Matmul> scores_of_, mix_;
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
    const bool bf16 = in_bf16(settings);
    const double pairs = static_cast<double>(s.heads) * static_cast<double>(s.queries) * static_cast<double>(s.tokens);
    return bytes_of(s, bf16 ? 2 : 4) + pairs * (bf16 && s.queries > 1 ? 6 : 4);
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    if (in_bf16(settings)) return std::make_unique<Attention<Bf16>>(shape_of(settings), context);
    return std::make_unique<Attention<float>>(shape_of(settings), context);
  };
  return entry;
}

}  // namespace tandem::kernels
