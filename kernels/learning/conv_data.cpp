#include "kernels/learning/conv_data.hpp"

namespace tandem::kernels {

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
ConvData<T>::ConvData(std::vector<ConvShape> shapes, ConvLayer::Pass pass)
    : shapes_(std::move(shapes)),
      pass_(pass),
      inputs_(shapes_.front().inputs()),
      output_gradients_(training() ? shapes_.back().outputs() : 0),
      parameters_(parameters_before(depth())),
      results_(shapes_.back().outputs() + (training() ? inputs_.size() + parameters_.size() : 0)) {
  for (std::size_t l = 0; l + 1 < depth(); ++l) {
    hidden_.emplace_back(shapes_[l].outputs());
    hidden_gradients_.emplace_back(training() ? shapes_[l].outputs() : 0);
  }
}

template <typename T>
std::size_t ConvData<T>::parameters_before(std::size_t layer) const {
  std::size_t count = 0;
  for (std::size_t l = 0; l < layer; ++l) count += shapes_[l].weights() + shapes_[l].out;
  return count;
}

template <typename T>
ConvArrays ConvData<T>::arrays(std::size_t layer) {
  constexpr Element type = sizeof(T) == 2 ? Element::bf16 : Element::fp32;
  const bool first = layer == 0, last = layer + 1 == depth();
  const std::size_t at = parameters_before(layer), weights = shapes_[layer].weights();
  float* const dx = results_.data() + shapes_.back().outputs();
  ConvArrays arrays;
  arrays.x = {first ? inputs_.data() : hidden_[layer - 1].data(), type};
  arrays.y = last ? Operand{results_.data(), Element::fp32} : Operand{hidden_[layer].data(), type};
  arrays.w = parameters_.data() + at;
  arrays.b = arrays.w + weights;
  arrays.dx = first ? Operand{dx, Element::fp32} : Operand{hidden_gradients_[layer - 1].data(), type};
  arrays.dy = {last ? output_gradients_.data() : hidden_gradients_[layer].data(), type};
  if (!training()) return arrays;
  arrays.dw = dx + inputs_.size() + at;
  arrays.db = arrays.dw + weights;
  return arrays;
}

template class ConvData<float>;
template class ConvData<Bf16>;

}  // namespace tandem::kernels
