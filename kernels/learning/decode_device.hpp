// Attention of one query a head on a device, limited by reading keys and values once: the tokens of each head are
// shared out to blocks of threads, each of which leaves what its chunk of tokens says, its largest score and the sum of
// its exponentials; a second kernel weighs the chunks. The shares depend on the shape alone, and so does every sum.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "harness/device/gpu_memory.hpp"
#include "kernels/learning/attention_reference.hpp"
#include "kernels/learning/block_all.hpp"
#include "kernels/learning/gpu_bf16.hpp"

namespace tandem::GPU_VENDOR {

constexpr unsigned decode_threads = 256;
constexpr unsigned decode_rounds = 8;  // tokens of a thread, whose loads are under way together

// What a thread loads at once.
template <typename T, unsigned values>
struct alignas(values * sizeof(T)) Pack {
  T value[values];
};

// A row of `width` values is `packs` packs, which `lanes` threads (a power of two) share.
struct DecodePlan {
  unsigned width, packs, lanes, chunk, chunks;  // tokens of a chunk, chunks of a head
  std::size_t tokens;
  float factor;  // of the scores
};

inline DecodePlan decode_plan(const kernels::AttentionShape& shape, unsigned values) {
  DecodePlan plan{};
  plan.width = static_cast<unsigned>(shape.width);
  plan.packs = plan.width / values;
  plan.lanes = 1;
  while (plan.lanes < 16 && 2 * plan.lanes <= plan.packs) plan.lanes *= 2;
  plan.chunk = decode_rounds * decode_threads / plan.lanes;
  plan.chunks = static_cast<unsigned>((shape.tokens + plan.chunk - 1) / plan.chunk);
  plan.tokens = shape.tokens;
  plan.factor = static_cast<float>(1 / std::sqrt(static_cast<double>(shape.width)));
  return plan;
}

// A block of threads for each chunk of each head. `mixed` [heads, chunks, width], others [heads, chunks].
template <typename T, unsigned values>
GPU_KERNEL void decode_chunk(const T* q, const T* k, const T* v, float* mixed, float* largest, float* sums,
                             DecodePlan plan) {
  using Values = Pack<T, values>;
  GPU_SHARED float part[decode_threads * (values > decode_rounds ? values : decode_rounds)];
  GPU_SHARED float weight[decode_threads * decode_rounds];
  const unsigned own = thread_index(), lane = own % plan.lanes;
  const unsigned group = own / plan.lanes, groups = decode_threads / plan.lanes;
  const std::size_t head = block_index() / plan.chunks;
  const std::size_t begin = static_cast<std::size_t>(block_index() % plan.chunks) * plan.chunk;
  const unsigned tokens = plan.tokens - begin < plan.chunk ? static_cast<unsigned>(plan.tokens - begin) : plan.chunk;
  const auto* const query = reinterpret_cast<const Values*>(q + head * plan.width);
  const auto* const keys = reinterpret_cast<const Values*>(k + (head * plan.tokens + begin) * plan.width);
  const auto* const answers = reinterpret_cast<const Values*>(v + (head * plan.tokens + begin) * plan.width);

  float score[decode_rounds] = {};
  for (unsigned p = lane; p < plan.packs; p += plan.lanes) {
    const Values wanted = query[p];
    GPU_UNROLL for (unsigned r = 0; r < decode_rounds; ++r) {
      const unsigned token = r * groups + group;
      if (token >= tokens) continue;
      const Values key = keys[static_cast<std::size_t>(token) * plan.packs + p];
      GPU_UNROLL for (unsigned i = 0; i < values; ++i) score[r] += as_float(wanted.value[i]) * as_float(key.value[i]);
    }
  }
  GPU_UNROLL for (unsigned r = 0; r < decode_rounds; ++r) part[r * decode_threads + own] = score[r];
  block_barrier();

  float own_largest = -INFINITY;
  for (unsigned token = own; token < tokens; token += decode_threads) {
    float sum = 0;
    // Each thread begins at another lane, so that they read from different banks.
    for (unsigned i = 0; i < plan.lanes; ++i) sum += part[token * plan.lanes + (token + i) % plan.lanes];
    weight[token] = sum;
    own_largest = fmaxf(own_largest, sum);
  }
  const float most = block_all<Larger, decode_threads>(own_largest);
  float own_sum = 0;
  for (unsigned token = own; token < tokens; token += decode_threads)
    own_sum += weight[token] = expf(plan.factor * (weight[token] - most));
  const float sum = block_all<Sum, decode_threads>(own_sum);

  for (unsigned first = 0; first < plan.packs; first += plan.lanes) {
    float mix[values] = {};
    GPU_UNROLL for (unsigned r = 0; r < decode_rounds; ++r) {
      const unsigned token = r * groups + group;
      if (token >= tokens || first + lane >= plan.packs) continue;
      const Values answer = answers[static_cast<std::size_t>(token) * plan.packs + first + lane];
      GPU_UNROLL for (unsigned i = 0; i < values; ++i) mix[i] += weight[token] * as_float(answer.value[i]);
    }
    GPU_UNROLL for (unsigned i = 0; i < values; ++i) part[own * values + i] = mix[i];
    block_barrier();
    for (unsigned i = own; i < plan.lanes * values && first * values + i < plan.width; i += decode_threads) {
      float total = 0;
      for (unsigned g = 0; g < groups; ++g) total += part[g * plan.lanes * values + i];
      mixed[static_cast<std::size_t>(block_index()) * plan.width + first * values + i] = total;
    }
    block_barrier();
  }
  if (own == 0) {
    largest[block_index()] = most;
    sums[block_index()] = sum;
  }
}

// Thread (head, entry).
static GPU_KERNEL void weigh_chunks(const float* mixed, const float* largest, const float* sums, float* output,
                                    DecodePlan plan, std::size_t heads) {
  const std::size_t at = grid_index(), head = at / plan.width, entry = at % plan.width;
  if (head >= heads) return;
  float most = -INFINITY;
  for (unsigned c = 0; c < plan.chunks; ++c) most = fmaxf(most, largest[head * plan.chunks + c]);
  float mix = 0, sum = 0;
  for (unsigned c = 0; c < plan.chunks; ++c) {
    const std::size_t chunk = head * plan.chunks + c;
    const float scale = expf(plan.factor * (largest[chunk] - most));
    mix += scale * mixed[chunk * plan.width + entry];
    sum += scale * sums[chunk];
  }
  output[at] = mix / sum;
}

// T: float, or std::uint16_t for the bits of bf16.
template <typename T>
class Decode {
 public:
  explicit Decode(const kernels::AttentionShape& shape)
      : heads_(shape.heads),
        whole_(shape.width % values == 0),
        plan_(decode_plan(shape, whole_ ? values : 1)),
        mixed_(heads_ * plan_.chunks * shape.width),
        largest_(heads_ * plan_.chunks),
        sums_(largest_.size()) {}

  void start(const T* q, const T* k, const T* v, float* output) {
    launch(whole_ ? decode_chunk<T, values> : decode_chunk<T, 1>, heads_ * plan_.chunks, decode_threads, q, k, v,
           mixed_.data(), largest_.data(), sums_.data(), plan_);
    launch(weigh_chunks, blocks_for(heads_ * plan_.width, decode_threads), decode_threads,
           static_cast<const float*>(mixed_.data()), static_cast<const float*>(largest_.data()),
           static_cast<const float*>(sums_.data()), output, plan_, heads_);
  }

  static double bytes(const kernels::AttentionShape& shape) {
    const DecodePlan plan = decode_plan(shape, shape.width % values == 0 ? values : 1);
    return 4.0 * static_cast<double>(shape.heads) * plan.chunks * static_cast<double>(shape.width + 2);
  }

 private:
  static constexpr unsigned values = 16 / sizeof(T);

  std::size_t heads_;
  bool whole_;  // a row is whole packs
  DecodePlan plan_;
  DeviceBuffer<float> mixed_, largest_, sums_;
};

}  // namespace tandem::GPU_VENDOR
