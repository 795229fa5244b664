// Attention on a device. Prefill: products of all heads at once by the vendor's library, for a block of queries against
// its past, and an own softmax between them; the scores of a block stay on the device and are used again by the next.
// Decode: own kernels (decode_device.hpp). Data, verdicts and what is counted are those of the CPU
// (attention_case.hpp).
#include <cstdint>
#include <memory>
#include <optional>

#include "harness/base/check.hpp"
#include "harness/device/gpu_memory.hpp"
#include "kernels/dense/gpu_product.hpp"
#include "kernels/learning/attention_case.hpp"
#include "kernels/learning/block_all.hpp"
#include "kernels/learning/choices.hpp"
#include "kernels/learning/decode_device.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

constexpr unsigned softmax_threads = 128;

// The rows of `block` queries of every head, beginning at `first` of the head: scores up to a query's own token become
// weights, those behind it up to `seen` 0. A block of threads a row; in fp32 `weights` is `scores`.
template <typename T>
GPU_KERNEL void soften(const float* scores, T* weights, std::size_t first, std::size_t queries, std::size_t seen,
                       std::size_t lead, float factor) {
  const std::size_t row = block_index(), own = first + row % queries + 1;
  const float* const score = scores + row * lead;
  T* const weight = weights + row * lead;
  float largest = -INFINITY, sum = 0;
  for (std::size_t t = thread_index(); t < own; t += softmax_threads) largest = fmaxf(largest, score[t]);
  largest = block_all<Larger, softmax_threads>(largest);
  for (std::size_t t = thread_index(); t < own; t += softmax_threads) sum += expf(factor * (score[t] - largest));
  const float scale = 1 / block_all<Sum, softmax_threads>(sum);
  for (std::size_t t = thread_index(); t < seen; t += softmax_threads)
    put(weight[t], t < own ? scale * expf(factor * (score[t] - largest)) : 0.0f);
}

// T: float, or std::uint16_t for the bits of bf16.
template <typename T>
class Prefill {
 public:
  explicit Prefill(const AttentionShape& shape)
      : shape_(shape),
        scores_(scores_of(shape)),
        weights_(rounds ? scores_.size() : 0),
        factor_(static_cast<float>(1 / std::sqrt(static_cast<double>(shape.width)))) {
    for (std::size_t first = 0; first < shape.queries; first += most_queries) add_block(first);
  }

  // Chooses among the library's ways, on these data.
  void choose(const Ranks& ranks, const T* q, const T* k, const T* v, float* output) {
    for (Block& block : blocks_) {
      choose_way(ranks, *block.scores, [&] { start_scores(block, q, k); });
      start_softmax(block);
      choose_way(ranks, *block.mix, [&] { start_mix(block, v, output); });
    }
  }

  void start(const T* q, const T* k, const T* v, float* output) {
    for (Block& block : blocks_) {
      start_scores(block, q, k);
      start_softmax(block);
      start_mix(block, v, output);
    }
  }

  std::string library() const { return blocks_.front().scores->library(); }
  static double bytes(const AttentionShape& shape) {
    return static_cast<double>(scores_of(shape)) * (rounds ? 6.0 : 4.0);
  }

 private:
  // As many as fill a GPU with a few heads; what a block computes beyond its own past grows with them.
  static constexpr std::size_t most_queries = 256;
  static constexpr bool rounds = sizeof(T) == 2;

  // Queries from `first` on, which see tokens up to `seen`.
  struct Block {
    std::size_t first, queries, seen;
    std::unique_ptr<Product> scores, mix;
  };

  // Rows of the scores begin at whole cache lines.
  static std::size_t lead_of(const AttentionShape& shape) { return (shape.tokens + 63) / 64 * 64; }
  static std::size_t scores_of(const AttentionShape& shape) {
    return shape.heads * std::min(most_queries, shape.queries) * lead_of(shape);
  }

  void add_block(std::size_t first) {
    const std::size_t width = shape_.width, lead = lead_of(shape_), per_head = shape_.tokens * width;
    const std::size_t queries = std::min(most_queries, shape_.queries - first), seen = first + queries;
    ProductFormat format;
    format.a = format.b = rounds ? Element::bf16 : Element::fp32;
    format.alignment = alignment_of({first * width * sizeof(T), first * width * sizeof(float)});
    ProductFormat scores = format, mix = format;
    scores.b_transposed = true;
    scores.step_a = scores.step_b = per_head;
    scores.lead_c = lead;
    mix.lead_a = lead;
    mix.step_b = mix.step_c = per_head;
    blocks_.push_back({first, queries, seen,
                       std::make_unique<Product>(MatmulShape{queries, seen, width, shape_.heads}, scores),
                       std::make_unique<Product>(MatmulShape{queries, width, seen, shape_.heads}, mix)});
  }

  T* weights() {
    if constexpr (rounds)
      return weights_.data();
    else
      return scores_.data();
  }
  void start_scores(Block& block, const T* q, const T* k) {
    block.scores->start(q + block.first * shape_.width, k, scores_.data());
  }
  void start_softmax(const Block& block) {
    launch(soften<T>, shape_.heads * block.queries, softmax_threads, static_cast<const float*>(scores_.data()),
           weights(), block.first, block.queries, block.seen, lead_of(shape_), factor_);
  }
  void start_mix(Block& block, const T* v, float* output) {
    block.mix->start(weights(), v, output + block.first * shape_.width);
  }

  AttentionShape shape_;
  DeviceBuffer<float> scores_;  // [heads, queries of a block, lead]
  DeviceBuffer<T> weights_;     // the same, rounded
  float factor_;
  std::vector<Block> blocks_;
};

// T: float or Bf16.
template <typename T>
class Attention final : public Kernel {
 public:
  Attention(const AttentionShape& shape, const KernelContext& context)
      : device_(choose_device(context.ranks)),
        case_(shape, context),
        q_(case_.q().size()),
        k_(case_.k().size()),
        v_(case_.v().size()),
        output_(q_.size()) {
    if (shape.queries == 1) {
      decode_.emplace(shape);
      return;
    }
    prefill_.emplace(shape);
    prepare(Data::random);  // zeros would run faster than what is timed
    prefill_->choose(context.ranks, bits(q_.data()), bits(k_.data()), bits(v_.data()), output_.device());
  }

  void prepare(Data data) override {
    case_.prepare(data);
    q_.upload(case_.q());
    k_.upload(case_.k());
    v_.upload(case_.v());
  }

  void run() override {
    if (prefill_)
      prefill_->start(bits(q_.data()), bits(k_.data()), bits(v_.data()), output_.device());
    else
      decode_->start(bits(q_.data()), bits(k_.data()), bits(v_.data()), output_.device());
  }
  void finish() override { GPU_VENDOR::finish(); }

  std::vector<Verdict> verify() override { return case_.judge(output_.fetch()); }

  Facts facts() const override {
    Facts facts = case_.facts();
    facts.notes = {{"device", device_.name}};
    if (prefill_) facts.notes["library"] = prefill_->library();
    return facts;
  }

  Output output() override {
    Buffer<float>& output = output_.fetch();
    return {output.data(), output.size(), Output::Type::fp32, [this] { output_.put(); }};
  }

 private:
  const GpuDevice& device_;
  AttentionCase<T> case_;
  DeviceBuffer<T> q_, k_, v_;
  DeviceResult<float> output_;
  std::optional<Prefill<Bits<T>>> prefill_;
  std::optional<Decode<Bits<T>>> decode_;
};

template <typename T>
double memory_of(const AttentionShape& shape) {
  return attention_bytes(shape, sizeof(T)) +
         (shape.queries > 1 ? Prefill<Bits<T>>::bytes(shape) : Decode<Bits<T>>::bytes(shape));
}

}  // namespace

KernelEntry learning_attention() {
  KernelEntry entry = attention_entry(" on the device", "32", "2048", "128");
  entry.memory = [](const Settings& settings, const Placement&) {
    const AttentionShape shape = attention_shape(settings);
    return in_bf16(settings) ? memory_of<Bf16>(shape) : memory_of<float>(shape);
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    if (in_bf16(settings)) return std::make_unique<Attention<Bf16>>(attention_shape(settings), context);
    return std::make_unique<Attention<float>>(attention_shape(settings), context);
  };
  return entry;
}

}  // namespace tandem::GPU_VENDOR
