#include "kernels/learning/conv_stack.hpp"

namespace tandem::kernels {

namespace {

std::size_t parameters_of(const ConvShape& shape) { return shape.weights() + shape.out; }

std::size_t parameters_before(const std::vector<ConvShape>& shapes, std::size_t layer) {
  std::size_t count = 0;
  for (std::size_t l = 0; l < layer; ++l) count += parameters_of(shapes[l]);
  return count;
}

// Through the slope of the ReLU, which is 1 where its value is positive.
template <typename T>
void mask(Buffer<T>& gradients, const Buffer<T>& values) {
  const auto count = static_cast<std::ptrdiff_t>(values.size());
  T* const gradient = gradients.data();
  const T* const value = values.data();
#pragma omp parallel for simd schedule(static)
  for (std::ptrdiff_t i = 0; i < count; ++i) gradient[i] = load(value[i]) > 0 ? gradient[i] : T{};
}

}  // namespace

std::vector<ConvShape> conv_shapes(const ConvShape& first, const std::vector<std::size_t>& channels) {
  std::vector<ConvShape> shapes;
  ConvShape shape = first;
  for (std::size_t l = 0; l + 1 < channels.size(); ++l) {
    shape.in = channels[l];
    shape.out = channels[l + 1];
    shapes.push_back(shape);
    const std::size_t height = shape.out_height(), width = shape.out_width();
    shape.height = height;
    shape.width = width;
  }
  return shapes;
}

template <typename T>
ConvStack<T>::ConvStack(std::vector<ConvShape> shapes, ConvLayer::Pass pass)
    : shapes_(std::move(shapes)),
      training_(pass == ConvLayer::Pass::training),
      inputs_(shapes_.front().inputs()),
      output_gradients_(training_ ? shapes_.back().outputs() : 0),
      parameters_(parameters_before(shapes_, depth())),
      results_(shapes_.back().outputs() + (training_ ? inputs_.size() + parameters_.size() : 0)) {
  for (std::size_t l = 0; l + 1 < depth(); ++l) {
    hidden_.emplace_back(shapes_[l].outputs());
    hidden_gradients_.emplace_back(training_ ? shapes_[l].outputs() : 0);
  }
  for (std::size_t l = 0; l < depth(); ++l) layers_.emplace_back(shapes_[l], arrays(l), l + 1 < depth(), pass);
}

template <typename T>
ConvArrays ConvStack<T>::arrays(std::size_t layer) {
  constexpr Element type = sizeof(T) == 2 ? Element::bf16 : Element::fp32;
  const bool first = layer == 0, last = layer + 1 == depth();
  const std::size_t at = parameters_before(shapes_, layer), weights = shapes_[layer].weights();
  float* const dx = results_.data() + shapes_.back().outputs();
  ConvArrays arrays;
  arrays.x = {first ? inputs_.data() : hidden_[layer - 1].data(), type};
  arrays.y = last ? Operand{results_.data(), Element::fp32} : Operand{hidden_[layer].data(), type};
  arrays.w = parameters_.data() + at;
  arrays.b = arrays.w + weights;
  arrays.dx = first ? Operand{dx, Element::fp32} : Operand{hidden_gradients_[layer - 1].data(), type};
  arrays.dy = {last ? output_gradients_.data() : hidden_gradients_[layer].data(), type};
  if (!training_) return arrays;
  arrays.dw = dx + inputs_.size() + at;
  arrays.db = arrays.dw + weights;
  return arrays;
}

template <typename T>
void ConvStack<T>::forward() {
  for (ConvLayer& layer : layers_) layer.forward();
}

template <typename T>
void ConvStack<T>::backward() {
  for (std::size_t l = depth(); l-- > 0;) {
    if (l + 1 < depth()) mask(hidden_gradients_[l], hidden_[l]);
    layers_[l].backward();
  }
}

template <typename T>
std::string ConvStack<T>::implementation() const {
  std::string text;
  for (const ConvLayer& layer : layers_) text += (text.empty() ? "" : "; ") + layer.implementation();
  return text;
}

template <typename T>
bool ConvStack<T>::reference() const {
  for (const ConvLayer& layer : layers_)
    if (layer.reference()) return true;
  return false;
}

template class ConvStack<float>;
template class ConvStack<Bf16>;

}  // namespace tandem::kernels
