#include "kernels/learning/conv_case.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "kernels/learning/choices.hpp"
#include "kernels/learning/draw.hpp"
#include "kernels/learning/judging.hpp"

namespace tandem::kernels {

namespace {

template <typename T>
double not_finite(const Buffer<T>& values) {
  return static_cast<double>(
      std::count_if(values.begin(), values.end(), [](T value) { return !std::isfinite(load(value)); }));
}

}  // namespace

std::vector<ConvShape> conv_shapes(const Settings& settings) {
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

ConvLayer::Pass conv_pass(const Settings& settings) {
  return second_of(settings, "pass", "training", "inference") ? ConvLayer::Pass::inference : ConvLayer::Pass::training;
}

double conv_bytes(const std::vector<ConvShape>& shapes, ConvLayer::Pass pass, std::size_t element) {
  const auto number = [](std::size_t count) { return static_cast<double>(count); };
  const double ways = pass == ConvLayer::Pass::training ? 2 : 1, ends = number(shapes.front().inputs());
  double bytes = number(element) * ends + 4 * number(shapes.back().outputs()) + (ways - 1) * 4 * ends;
  if (pass == ConvLayer::Pass::training) bytes += number(element) * number(shapes.back().outputs());
  for (std::size_t l = 0; l < shapes.size(); ++l) {
    bytes += ways * 4 * number(shapes[l].weights() + shapes[l].out);
    if (l + 1 < shapes.size()) bytes += ways * number(element) * number(shapes[l].outputs());
  }
  return bytes;
}

KernelEntry conv_entry(const std::string& where, const std::string& image, const std::string& batch) {
  KernelEntry entry;
  entry.name = "learning/conv";
  entry.summary = "convolutions with ReLU between them: forward, and backward to the inputs and all parameters" + where;
  entry.parameters = {{"image", image, "height x width of the inputs"},
                      {"channels", "1-16-16-1", "of the inputs, between the layers and of the outputs"},
                      {"filter", "3", "height and width of each filter, zeros around the image"},
                      {"stride", "1", "of each layer"},
                      {"batch", batch, "images of each rank"},
                      {"pass", "training", "training, or inference: forward alone"},
                      {"precision", "fp32", "of the operands: fp32 or bf16; sums and results are fp32"}};
  return entry;
}

template <typename T>
ConvCase<T>::ConvCase(const KernelContext& context)
    : ranks_(context.ranks), seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())) {}

template <typename T>
void ConvCase<T>::prepare(ConvData<T>& data, Data kind) {
  data_ = kind;
  draw(data.inputs(), seed_, 1, kind);
  draw(data.output_gradients(), seed_, 2, kind);
  if (kind == Data::random)
    draw(data.parameters(), seed_, 3, kind);
  else
    draw_few(data);
}

// Integers of which every sum is exact, in bf16 too: small ones, and so few weights of 1 and -1 that a sum has two
// terms in the mean, forward and backward.
template <typename T>
void ConvCase<T>::draw_few(ConvData<T>& data) const {
  std::vector<double> few;
  for (const ConvShape& shape : data.shapes()) {
    const auto tap = static_cast<double>(shape.filter * shape.filter * std::max(shape.in, shape.out));
    few.insert(few.end(), shape.weights(), std::min(1.0, 2 / tap));
    few.insert(few.end(), shape.out, 0.5);
  }
  for (std::size_t i = 0; i < few.size(); ++i) {
    const double u = random_uniform(seed_, 3, i) / few[i];
    data.parameters()[i] = u < 0.5 ? 1.0f : u < 1 ? -1.0f : 0.0f;
  }
}

template <typename T>
std::vector<Verdict> ConvCase<T>::judge(ConvData<T>& data) const {
  // What lies between the layers is an operand of the checks, which take numbers.
  double wrong = 0;
  for (std::size_t l = 0; l + 1 < data.depth(); ++l)
    wrong += not_finite(data.hidden(l)) + not_finite(data.hidden_gradients(l));
  wrong = worst_of(ranks_, wrong);
  if (wrong > 0) return {{"values between the layers that are no numbers", wrong, 0}};
  double y = 0, dx = 0, dw = 0;
  for (std::size_t l = 0; l < data.depth(); ++l) {
    const ConvShape& shape = data.shape(l);
    const ConvArrays arrays = data.arrays(l);
    worse(y, error(outputs_of(shape, arrays), l + 1 < data.depth() ? Gate::Kind::relu : Gate::Kind::none, {}));
    if (!data.training()) continue;
    worse(dw, error(parameter_gradients_of(shape, arrays), Gate::Kind::none, {}));
    worse(dx, error(input_gradients_of(shape, arrays), l > 0 ? Gate::Kind::slope : Gate::Kind::none,
                    rows_of(arrays.x, shape.in)));
  }
  const std::string unit = data_ == Data::exact ? ", that differ" : ", error / bound";
  const double limit = data_ == Data::exact ? 0 : 1;
  std::vector<Verdict> verdicts = {{"outputs" + unit, worst_of(ranks_, y), limit}};
  if (!data.training()) return verdicts;
  verdicts.push_back({"gradients of weights and biases" + unit, worst_of(ranks_, dw), limit});
  verdicts.push_back({"gradients of inputs" + unit, worst_of(ranks_, dx), limit});
  return verdicts;
}

template <typename T>
Facts ConvCase<T>::facts(const ConvData<T>& data) {
  double flops = 0;
  for (const ConvShape& shape : data.shapes())
    flops += 2 * static_cast<double>(shape.pixels()) * static_cast<double>(shape.weights());
  const double bytes = conv_bytes(data.shapes(), data.pass(), sizeof(T));
  return {data.training() ? 3 * flops : flops, bytes, bytes, precision(), {}};
}

// Results by all their entries at once (Freivalds), where nothing was done to the product; reals also row by row.
template <typename T>
double ConvCase<T>::error(const Product& product, Gate::Kind kind, const RowReader& values) const {
  const bool result = kind == Gate::Kind::none;
  if (data_ == Data::exact)
    return result ? differing_rows(product, seed_) : rows_error(product, {kind, values}, seed_, 0, 0);
  double worst = rows_error(product, {kind, values}, seed_, 0x1p-24, bf16 && !result ? 0x1p-8 : 0);
  if (result) worse(worst, componentwise_error(product, seed_, 0x1p-24));
  return worst;
}

template class ConvCase<float>;
template class ConvCase<Bf16>;

}  // namespace tandem::kernels
