#include <algorithm>

#include "kernels/learning/attention_parts.hpp"

namespace tandem::kernels {

namespace {

constexpr std::size_t together = 4;  // tokens, so that one sum does not wait for the one before

// score[t] = q k_t of `together` tokens.
template <typename T>
void scores_of(const T* q, const T* k, float* score, std::size_t width) {
  const T *const k0 = k, *const k1 = k0 + width, *const k2 = k1 + width, *const k3 = k2 + width;
  float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
#pragma omp simd reduction(+ : s0, s1, s2, s3)
  for (std::size_t i = 0; i < width; ++i) {
    const float value = load(q[i]);
    s0 += value * load(k0[i]);
    s1 += value * load(k1[i]);
    s2 += value * load(k2[i]);
    s3 += value * load(k3[i]);
  }
  score[0] = s0, score[1] = s1, score[2] = s2, score[3] = s3;
}

template <typename T>
void score_of(const T* q, const T* k, float* score, std::size_t width) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < width; ++i) sum += load(q[i]) * load(k[i]);
  *score = sum;
}

// output += scale sum_t score[t] v_t of `together` tokens.
template <typename T>
void mix(const float* score, const T* v, float scale, float* output, std::size_t width) {
  const T *const v0 = v, *const v1 = v0 + width, *const v2 = v1 + width, *const v3 = v2 + width;
  const float p0 = scale * score[0], p1 = scale * score[1], p2 = scale * score[2], p3 = scale * score[3];
#pragma omp simd
  for (std::size_t i = 0; i < width; ++i)
    output[i] += p0 * load(v0[i]) + p1 * load(v1[i]) + p2 * load(v2[i]) + p3 * load(v3[i]);
}

template <typename T>
void mix_one(float weight, const T* v, float* output, std::size_t width) {
#pragma omp simd
  for (std::size_t i = 0; i < width; ++i) output[i] += weight * load(v[i]);
}

}  // namespace

template <typename T>
void decode(const AttentionShape& shape, const AttentionArrays<T>& arrays, float* scores) {
  const std::size_t heads = shape.heads, tokens = shape.tokens, width = shape.width;
  const std::size_t fours = tokens / together * together;
  const float factor = root_of(shape);
#pragma omp parallel for schedule(static)
  for (std::size_t head = 0; head < heads; ++head) {
    const T *const q = arrays.q + head * width, *const k = arrays.k + head * tokens * width;
    const T* const v = arrays.v + head * tokens * width;
    float *const score = scores + head * tokens, *const output = arrays.output + head * width;
    for (std::size_t t = 0; t < fours; t += together) scores_of(q, k + t * width, score + t, width);
    for (std::size_t t = fours; t < tokens; ++t) score_of(q, k + t * width, score + t, width);
    const float sum = exponentials(score, tokens, factor, largest_of(score, tokens, score[0]));
    std::fill(output, output + width, 0.0f);
    for (std::size_t t = 0; t < fours; t += together) mix(score + t, v + t * width, 1 / sum, output, width);
    for (std::size_t t = fours; t < tokens; ++t) mix_one(score[t] / sum, v + t * width, output, width);
  }
}

template void decode(const AttentionShape&, const AttentionArrays<float>&, float*);
template void decode(const AttentionShape&, const AttentionArrays<Bf16>&, float*);

}  // namespace tandem::kernels
