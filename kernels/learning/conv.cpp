// A training pass through a few 2-D convolutions with biases and ReLU between them: forward, and from a given gradient
// of the outputs the gradients of the inputs and of all parameters. 2 in out filter^2 operations an output pixel and
// layer, three times in training. Or forward alone. Products by oneDNN, operands fp32 or bf16, sums and results fp32.
// Judged layer by layer, each from what the layer before it wrote: no error is carried on, so the bounds are tight.
#include <algorithm>
#include <cmath>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/learning/choices.hpp"
#include "kernels/learning/conv_reference.hpp"
#include "kernels/learning/conv_stack.hpp"
#include "kernels/learning/draw.hpp"
#include "kernels/learning/judging.hpp"

namespace tandem::kernels {

namespace {

using Pass = ConvLayer::Pass;

std::vector<ConvShape> shapes_of(const Settings& settings) {
  const auto image = counts_in(settings.text("image"), 'x');
  check_usage(image.size() == 2, "image={}: expected height x width such as 64x64", settings.text("image"));
  const auto channels = counts_in(settings.text("channels"), '-');
  check_usage(channels.size() >= 2 && channels.size() <= 17,
              "channels={}: expected those of the inputs, of 0 to 15 layers between and of the outputs, such as 1-16-1",
              settings.text("channels"));
  ConvShape first;
  first.batch = count_of(settings, "batch", 1 << 16);
  first.height = image[0];
  first.width = image[1];
  first.filter = count_of(settings, "filter", 64);
  first.stride = count_of(settings, "stride", 64);
  return conv_shapes(first, channels);
}

Pass pass_of(const Settings& settings) {
  return second_of(settings, "pass", "training", "inference") ? Pass::inference : Pass::training;
}

// Of all arrays, each once; those between the layers and the operands have elements of `element` bytes.
double bytes_of(const std::vector<ConvShape>& shapes, Pass pass, std::size_t element) {
  const auto number = [](std::size_t count) { return static_cast<double>(count); };
  const double ways = pass == Pass::training ? 2 : 1, ends = number(shapes.front().inputs());
  double bytes = number(element) * ends + 4 * number(shapes.back().outputs()) + (ways - 1) * 4 * ends;
  if (pass == Pass::training) bytes += number(element) * number(shapes.back().outputs());
  for (std::size_t l = 0; l < shapes.size(); ++l) {
    bytes += ways * 4 * number(shapes[l].weights() + shapes[l].out);
    if (l + 1 < shapes.size()) bytes += ways * number(element) * number(shapes[l].outputs());
  }
  return bytes;
}

// With the weights and their gradients in oneDNN's formats.
double memory_of(const std::vector<ConvShape>& shapes, Pass pass, std::size_t element) {
  double bytes = bytes_of(shapes, pass, element);
  for (const ConvShape& shape : shapes)
    bytes += static_cast<double>((pass == Pass::training ? 2 * element + 4 : element) * shape.weights());
  return bytes;
}

template <typename T>
class Conv final : public Kernel {
 public:
  Conv(std::vector<ConvShape> shapes, Pass pass, const KernelContext& context)
      : ranks_(context.ranks),
        seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        pass_(pass),
        shapes_(std::move(shapes)),
        stack_(shapes_, pass) {
    if (stack_.reference())
      throw Unsupported(fmt::format("oneDNN {} has only a reference implementation of {} convolutions on this CPU",
                                    onednn_version(), precision()));
  }

  void prepare(Data data) override {
    data_ = data;
    draw(stack_.inputs(), seed_, 1, data);
    draw(stack_.output_gradients(), seed_, 2, data);
    if (data == Data::random)
      draw(stack_.parameters(), seed_, 3, data);
    else
      draw_few();
  }

  void run() override {
    stack_.forward();
    if (pass_ == Pass::training) stack_.backward();
  }

  std::vector<Verdict> verify() override {
    double y = 0, dx = 0, dw = 0;
    for (std::size_t l = 0; l < shapes_.size(); ++l) {
      const ConvShape& shape = shapes_[l];
      const ConvArrays arrays = stack_.arrays(l);
      worse(y, error(outputs_of(shape, arrays), l + 1 < shapes_.size() ? Gate::Kind::relu : Gate::Kind::none, {}));
      if (pass_ == Pass::inference) continue;
      worse(dw, error(parameter_gradients_of(shape, arrays), Gate::Kind::none, {}));
      worse(dx, error(input_gradients_of(shape, arrays), l > 0 ? Gate::Kind::slope : Gate::Kind::none,
                      rows_of(arrays.x, shape.in)));
    }
    const std::string unit = data_ == Data::exact ? ", that differ" : ", error / bound";
    const double limit = data_ == Data::exact ? 0 : 1;
    std::vector<Verdict> verdicts = {{"outputs" + unit, worst_of(ranks_, y), limit}};
    if (pass_ == Pass::inference) return verdicts;
    verdicts.push_back({"gradients of weights and biases" + unit, worst_of(ranks_, dw), limit});
    verdicts.push_back({"gradients of inputs" + unit, worst_of(ranks_, dx), limit});
    return verdicts;
  }

  Facts facts() const override {
    double flops = 0;
    for (const ConvShape& shape : shapes_)
      flops += 2 * static_cast<double>(shape.pixels()) * static_cast<double>(shape.weights());
    const double bytes = bytes_of(shapes_, pass_, sizeof(T));
    return {pass_ == Pass::training ? 3 * flops : flops,
            bytes,
            bytes,
            precision(),
            {{"library", "oneDNN " + onednn_version()}, {"implementation", stack_.implementation()}}};
  }

  Output output() override { return {stack_.results().data(), stack_.results().size(), Output::Type::fp32}; }

 private:
  static constexpr bool bf16 = sizeof(T) == 2;
  static const char* precision() { return bf16 ? "bf16" : "fp32"; }

  // Integers of which every sum is exact, in bf16 too: small ones, and so few weights of 1 and -1 that a sum has two
  // terms in the mean, forward and backward.
  void draw_few() {
    std::vector<double> few;
    for (const ConvShape& shape : shapes_) {
      const auto tap = static_cast<double>(shape.filter * shape.filter * std::max(shape.in, shape.out));
      few.insert(few.end(), shape.weights(), std::min(1.0, 2 / tap));
      few.insert(few.end(), shape.out, 0.5);
    }
    for (std::size_t i = 0; i < few.size(); ++i) {
      const double u = random_uniform(seed_, 3, i) / few[i];
      stack_.parameters()[i] = u < 0.5 ? 1.0f : u < 1 ? -1.0f : 0.0f;
    }
  }

  // Results by all their entries at once (Freivalds), where nothing was done to the product; reals also row by row.
  double error(const Product& product, Gate::Kind kind, const RowReader& values) const {
    const bool result = kind == Gate::Kind::none;
    if (data_ == Data::exact)
      return result ? differing_rows(product, seed_) : rows_error(product, {kind, values}, seed_, 0, 0);
    double worst = rows_error(product, {kind, values}, seed_, 0x1p-24, bf16 && !result ? 0x1p-8 : 0);
    if (result) worse(worst, componentwise_error(product, seed_, 0x1p-24));
    return worst;
  }

  const Ranks& ranks_;
  std::uint64_t seed_;
  Pass pass_;
  Data data_ = Data::random;
  std::vector<ConvShape> shapes_;
  ConvStack<T> stack_;
};

}  // namespace

KernelEntry learning_conv() {
  KernelEntry entry;
  entry.name = "learning/conv";
  entry.summary = "convolutions with ReLU between them: forward, and backward to the inputs and all parameters";
  entry.parameters = {{"image", "64x64", "height x width of the inputs"},
                      {"channels", "1-16-16-1", "of the inputs, between the layers and of the outputs"},
                      {"filter", "3", "height and width of each filter, zeros around the image"},
                      {"stride", "1", "of each layer"},
                      {"batch", "16", "images of each rank"},
                      {"pass", "training", "training, or inference: forward alone"},
                      {"precision", "fp32", "of the operands: fp32 or bf16; sums and results are fp32"}};
  entry.memory = [](const Settings& settings, const Placement&) {
    return memory_of(shapes_of(settings), pass_of(settings), in_bf16(settings) ? 2 : 4);
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    if (in_bf16(settings)) return std::make_unique<Conv<Bf16>>(shapes_of(settings), pass_of(settings), context);
    return std::make_unique<Conv<float>>(shapes_of(settings), pass_of(settings), context);
  };
  return entry;
}

}  // namespace tandem::kernels
