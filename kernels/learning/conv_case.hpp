// The data of learning/conv, on any device, what is counted, and how a pass is judged: layer by layer, each from what
// the layer before it wrote, so that no error is carried on and the bounds are tight.
#pragma once

#include <string>
#include <vector>

#include "harness/kernel/kernel.hpp"
#include "kernels/learning/choices.hpp"
#include "kernels/learning/conv_data.hpp"
#include "kernels/learning/conv_reference.hpp"

namespace tandem::kernels {

std::vector<ConvShape> conv_shapes(const Settings& settings);
ConvLayer::Pass conv_pass(const Settings& settings);
// Of all arrays, each once; those between the layers and the operands have elements of `element` bytes.
double conv_bytes(const std::vector<ConvShape>& shapes, ConvLayer::Pass pass, std::size_t element);

// Name and parameters (images of such a size, so many of them, unless given); make and memory: the device's.
KernelEntry conv_entry(const std::string& where, const std::string& image, const std::string& batch);

// The same with make and memory: of a device's kernel in fp32 or bf16, and what it holds of its own.
template <template <typename> typename Conv, typename Memory>
KernelEntry conv_entry(KernelEntry entry, const Memory& memory_of) {
  entry.memory = [memory_of](const Settings& settings, const Placement&) {
    return memory_of(conv_shapes(settings), conv_pass(settings), in_bf16(settings) ? 2 : 4);
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    if (in_bf16(settings)) return std::make_unique<Conv<Bf16>>(conv_shapes(settings), conv_pass(settings), context);
    return std::make_unique<Conv<float>>(conv_shapes(settings), conv_pass(settings), context);
  };
  return entry;
}

template <typename T>
class ConvCase {
 public:
  explicit ConvCase(const KernelContext& context);

  void prepare(ConvData<T>& data, Data kind);
  std::vector<Verdict> judge(ConvData<T>& data) const;
  static Facts facts(const ConvData<T>& data);  // without notes
  static const char* precision() { return bf16 ? "bf16" : "fp32"; }

 private:
  static constexpr bool bf16 = sizeof(T) == 2;

  void draw_few(ConvData<T>& data) const;
  double error(const Product& product, Gate::Kind kind, const RowReader& values) const;

  const Ranks& ranks_;
  std::uint64_t seed_;
  Data data_ = Data::random;
};

}  // namespace tandem::kernels
