// A training pass through a few 2-D convolutions with biases and ReLU between them: forward, and from a given gradient
// of the outputs the gradients of the inputs and of all parameters. 2 in out filter^2 operations an output pixel and
// layer, three times in training. Or forward alone. Products by oneDNN, operands fp32 or bf16, sums and results fp32.
// Data and verdicts: conv_case.hpp.
#include "harness/base/check.hpp"
#include "kernels/learning/conv_case.hpp"
#include "kernels/learning/conv_stack.hpp"

namespace tandem::kernels {

namespace {

// With the weights and their gradients in oneDNN's formats.
double memory_of(const std::vector<ConvShape>& shapes, ConvLayer::Pass pass, std::size_t element) {
  double bytes = conv_bytes(shapes, pass, element);
  for (const ConvShape& shape : shapes)
    bytes += static_cast<double>((pass == ConvLayer::Pass::training ? 2 * element + 4 : element) * shape.weights());
  return bytes;
}

template <typename T>
class Conv final : public Kernel {
 public:
  Conv(std::vector<ConvShape> shapes, ConvLayer::Pass pass, const KernelContext& context)
      : case_(context), stack_(std::move(shapes), pass) {
    if (stack_.reference())
      throw Unsupported(fmt::format("oneDNN {} has only a reference implementation of {} convolutions on this CPU",
                                    onednn_version(), case_.precision()));
  }

  void prepare(Data data) override { case_.prepare(stack_, data); }

  void run() override {
    stack_.forward();
    if (stack_.training()) stack_.backward();
  }

  std::vector<Verdict> verify() override { return case_.judge(stack_); }

  Facts facts() const override {
    Facts facts = case_.facts(stack_);
    facts.notes = {{"library", "oneDNN " + onednn_version()}, {"implementation", stack_.implementation()}};
    return facts;
  }

  Output output() override { return {stack_.results().data(), stack_.results().size(), Output::Type::fp32}; }

 private:
  ConvCase<T> case_;
  ConvStack<T> stack_;
};

}  // namespace

KernelEntry learning_conv() { return conv_entry<Conv>(conv_entry("", "64x64", "16"), memory_of); }

}  // namespace tandem::kernels
