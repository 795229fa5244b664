#include "kernels/learning/conv_stack.hpp"

namespace tandem::kernels {

namespace {

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

template <typename T>
ConvStack<T>::ConvStack(std::vector<ConvShape> shapes, ConvLayer::Pass pass) : ConvData<T>(std::move(shapes), pass) {
  for (std::size_t l = 0; l < this->depth(); ++l)
    layers_.emplace_back(this->shape(l), this->arrays(l), l + 1 < this->depth(), pass);
}

template <typename T>
void ConvStack<T>::forward() {
  for (ConvLayer& layer : layers_) layer.forward();
}

template <typename T>
void ConvStack<T>::backward() {
  for (std::size_t l = this->depth(); l-- > 0;) {
    if (l + 1 < this->depth()) mask(this->hidden_gradients(l), this->hidden(l));
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
