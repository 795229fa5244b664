// Shapes and parameters of multilayer perceptrons.
#include "kernels/learning/mlp.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "kernels/learning/choices.hpp"

namespace tandem::kernels {

std::size_t MlpShape::weights() const {
  std::size_t total = 0;
  for (std::size_t l = 0; l < depth(); ++l) total += layers[l] * layers[l + 1];
  return total;
}

std::size_t MlpShape::weights_at(std::size_t l) const {
  std::size_t at = 0;
  for (std::size_t i = 0; i < l; ++i) at += nets * (layers[i] + 1) * layers[i + 1];
  return at;
}

std::size_t MlpShape::biases_at(std::size_t l) const { return weights_at(l) + nets * layers[l] * layers[l + 1]; }

std::size_t MlpShape::parameters() const { return weights_at(depth()); }

MlpShape parse_layers(const std::string& text) {
  MlpShape shape{1, counts_in(text, '-')};
  check_usage(shape.layers.size() >= 2, "layers={}: expected at least two widths such as 8-256-256-1024", text);
  return shape;
}

Mlp::Mlp(MlpShape shape, MlpPrecision precision)
    : shape_(std::move(shape)),
      precision_(precision),
      parameters_(shape_.parameters()),
      gradients_(shape_.parameters()),
      rounded_(precision == MlpPrecision::bf16 ? shape_.parameters() : 0) {}

Mlp::Mlp(const Mlp& trained, MlpPrecision precision) : Mlp(trained.shape_, precision) {
  std::copy(trained.parameters_.begin(), trained.parameters_.end(), parameters_.begin());
  round();
}

void Mlp::initialise(std::uint64_t seed) {
  for (std::size_t l = 0; l < shape_.depth(); ++l) {
    const auto begin = shape_.weights_at(l), end = shape_.weights_at(l + 1);
    const double bound = 1 / std::sqrt(static_cast<double>(shape_.layers[l]));
    for (std::size_t i = begin; i < end; ++i)
      parameters_[i] = static_cast<float>(bound * (2 * random_uniform(seed, l, i) - 1));
  }
  round();
}

void Mlp::round() {
  const auto count = static_cast<std::ptrdiff_t>(rounded_.size());
#pragma omp parallel for simd schedule(static)
  for (std::ptrdiff_t i = 0; i < count; ++i) store(rounded_.data()[i], parameters_.data()[i]);
}

}  // namespace tandem::kernels
