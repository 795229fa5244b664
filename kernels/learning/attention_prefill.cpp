#include <algorithm>
#include <limits>

#include <omp.h>

#include "kernels/learning/attention_parts.hpp"

namespace tandem::kernels {

namespace {

template <typename T>
constexpr Element type_of() {
  return sizeof(T) == 2 ? Element::bf16 : Element::fp32;
}

}  // namespace

template <typename T>
Prefill<T>::Prefill(const AttentionShape& shape, int threads)
    : shape_(shape), workers_(static_cast<std::size_t>(threads)) {
  const std::size_t block = std::min(most_queries, shape.queries) * std::min(most_tokens, shape.tokens);
  const int all = omp_get_max_threads();
  omp_set_num_threads(1);  // a product is one thread's
  for (Worker& worker : workers_) {
    worker.scores = Buffer<float>(block);
    if (sizeof(T) == 2) worker.weights = Buffer<Bf16>(block);
    worker.largest.resize(most_queries);
    worker.sums.resize(most_queries);
    for (std::size_t first = 0; first < shape.queries; first += most_queries) {
      const std::size_t queries = std::min(most_queries, shape.queries - first), seen = first + queries;
      if (seen >= most_tokens) add_plan(worker, queries, most_tokens);
      if (seen % most_tokens > 0) add_plan(worker, queries, seen % most_tokens);
    }
  }
  omp_set_num_threads(all);
}

template <typename T>
void Prefill<T>::add_plan(Worker& worker, std::size_t queries, std::size_t tokens) const {
  for (const Plan& plan : worker.plans)
    if (plan.queries == queries && plan.tokens == tokens) return;
  constexpr Element type = type_of<T>();
  const Operand operand{.type = type}, transposed{.type = type, .transposed = true}, scores{}, output{.add = true};
  worker.plans.push_back({queries, tokens, Matmul({queries, tokens, shape_.width}, operand, transposed, scores),
                          Matmul({queries, shape_.width, tokens}, operand, operand, output)});
}

template <typename T>
std::string Prefill<T>::implementation() const {
  return workers_.front().plans.front().scores.implementation();
}

template <typename T>
bool Prefill<T>::reference() const {
  for (const Plan& plan : workers_.front().plans)
    if (plan.scores.reference() || plan.mix.reference()) return true;
  return false;
}

// The blocks with the longest past first: they are the longest.
template <typename T>
void Prefill<T>::run(const AttentionArrays<T>& arrays) {
  const std::size_t blocks = (shape_.queries + most_queries - 1) / most_queries, units = blocks * shape_.heads;
#pragma omp parallel for schedule(dynamic) num_threads(static_cast <int>(workers_.size()))
  for (std::size_t unit = 0; unit < units; ++unit)
    attend(workers_[static_cast<std::size_t>(omp_get_thread_num())], arrays, unit % shape_.heads,
           (blocks - 1 - unit / shape_.heads) * most_queries);
}

template <typename T>
void Prefill<T>::attend(Worker& worker, const AttentionArrays<T>& arrays, std::size_t head, std::size_t first) const {
  const std::size_t width = shape_.width, queries = std::min(most_queries, shape_.queries - first);
  const T* const q = arrays.q + (head * shape_.queries + first) * width;
  float* const output = arrays.output + (head * shape_.queries + first) * width;
  std::fill_n(output, queries * width, 0.0f);
  std::fill(worker.largest.begin(), worker.largest.end(), -std::numeric_limits<float>::infinity());
  std::fill(worker.sums.begin(), worker.sums.end(), 0.0f);
  for (std::size_t token = 0; token < first + queries; token += most_tokens) {
    const Block block{first, queries, token, std::min(most_tokens, first + queries - token)};
    const auto plan = std::find_if(worker.plans.begin(), worker.plans.end(),
                                   [&](const Plan& p) { return p.queries == queries && p.tokens == block.tokens; });
    const std::size_t at = (head * shape_.tokens + token) * width;
    plan->scores.run_on(q, arrays.k + at, worker.scores.data());
    soften(worker, block, output);
    const void* const weights = sizeof(T) == 2 ? static_cast<const void*>(worker.weights.data()) : worker.scores.data();
    plan->mix.run_on(weights, arrays.v + at, output);
  }
  for (std::size_t r = 0; r < queries; ++r) {
    const float factor = 1 / worker.sums[r];
    for (std::size_t i = r * width; i < (r + 1) * width; ++i) output[i] *= factor;
  }
}

// Scores of the tokens up to a query's own become weights, those behind it 0.
template <typename T>
void Prefill<T>::soften(Worker& worker, const Block& block, float* output) const {
  const std::size_t width = shape_.width, tokens = block.tokens;
  const float factor = root_of(shape_);
  for (std::size_t r = 0; r < block.queries; ++r) {
    const std::size_t past = block.first + r + 1;
    const std::size_t seen = std::min(tokens, past - std::min(past, block.token));
    float* const score = worker.scores.data() + r * tokens;
    const float before = worker.largest[r], largest = largest_of(score, seen, before);
    const float sum = exponentials(score, seen, factor, largest);
    if (block.token > 0 && largest > before) {
      const float scale = fast_exp(std::max(factor * (before - largest), -87.0f));
      worker.sums[r] *= scale;
      for (std::size_t i = r * width; i < (r + 1) * width; ++i) output[i] *= scale;
    }
    worker.largest[r] = largest;
    worker.sums[r] += sum;
    std::fill(score + seen, score + tokens, 0.0f);
    if constexpr (sizeof(T) == 2)
      for (std::size_t t = 0; t < tokens; ++t) store(worker.weights[r * tokens + t], score[t]);
  }
}

template class Prefill<float>;
template class Prefill<Bf16>;

}  // namespace tandem::kernels
