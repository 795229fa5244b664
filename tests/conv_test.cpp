// Convolutions against the plain definition in fp64, finite differences and values worked out by hand, and a verifier
// that sees every wrong entry.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "kernels/learning/conv_reference.hpp"
#include "kernels/learning/conv_stack.hpp"
#include "kernels/learning/draw.hpp"

namespace tandem::kernels {

KernelEntry learning_conv();

namespace {

using Numbers = std::vector<double>;

// sum dy y by the plain definition, as a function of all inputs and parameters.
struct Plain {
  std::vector<ConvShape> shapes;
  Numbers inputs, parameters, output_gradients;

  static Numbers layer(const ConvShape& s, const Numbers& x, const double* w, bool relu) {
    Numbers y;
    for (std::size_t n = 0; n < s.batch; ++n)
      for (std::size_t p = 0; p < s.out_height(); ++p)
        for (std::size_t q = 0; q < s.out_width(); ++q)
          for (std::size_t k = 0; k < s.out; ++k) {
            double sum = w[s.weights() + k];
            for (std::size_t i = 0; i < s.filter; ++i)
              for (std::size_t j = 0; j < s.filter; ++j) {
                const auto h = static_cast<long>(p * s.stride + i) - static_cast<long>(s.before());
                const auto v = static_cast<long>(q * s.stride + j) - static_cast<long>(s.before());
                if (h < 0 || v < 0 || h >= static_cast<long>(s.height) || v >= static_cast<long>(s.width)) continue;
                const std::size_t pixel =
                    (n * s.height + static_cast<std::size_t>(h)) * s.width + static_cast<std::size_t>(v);
                for (std::size_t c = 0; c < s.in; ++c)
                  sum += x[pixel * s.in + c] * w[((k * s.filter + i) * s.filter + j) * s.in + c];
              }
            y.push_back(relu ? std::max(sum, 0.0) : sum);
          }
    return y;
  }
  Numbers outputs() const {
    Numbers values = inputs;
    const double* at = parameters.data();
    for (std::size_t l = 0; l < shapes.size(); ++l) {
      values = layer(shapes[l], values, at, l + 1 < shapes.size());
      at += shapes[l].weights() + shapes[l].out;
    }
    return values;
  }
  double loss() const {
    const Numbers y = outputs();
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += output_gradients[i] * y[i];
    return sum;
  }
};

template <typename T>
Numbers numbers(const Buffer<T>& values) {
  Numbers result;
  for (const T& value : values) result.push_back(static_cast<double>(load(value)));
  return result;
}

template <typename T>
ConvStack<T> filled(const std::vector<ConvShape>& shapes) {
  ConvStack<T> stack(shapes, ConvLayer::Pass::training);
  draw(stack.inputs(), 5, 1, Data::random);
  draw(stack.output_gradients(), 5, 2, Data::random);
  draw(stack.parameters(), 5, 3, Data::random);
  stack.forward();
  stack.backward();
  return stack;
}

std::vector<std::vector<ConvShape>> some_shapes() {
  return {conv_shapes({.batch = 2, .height = 5, .width = 4, .filter = 3, .stride = 1}, {2, 3, 2}),
          conv_shapes({.batch = 2, .height = 7, .width = 6, .filter = 3, .stride = 2}, {1, 16, 16, 1}),
          conv_shapes({.batch = 1, .height = 6, .width = 5, .filter = 4, .stride = 1}, {3, 2}),
          conv_shapes({.batch = 3, .height = 4, .width = 4, .filter = 1, .stride = 3}, {5, 4, 3})};
}

TEST(Conv, outputs_and_gradients_agree_with_the_definition) {
  for (const auto& shapes : some_shapes()) {
    ConvStack<float> stack = filled<float>(shapes);
    Plain plain{shapes, numbers(stack.inputs()), numbers(stack.parameters()), numbers(stack.output_gradients())};
    const float* result = stack.results().data();
    for (const double y : plain.outputs()) ASSERT_NEAR(static_cast<double>(*result++), y, 1e-5);
    for (Numbers* const variables : {&plain.inputs, &plain.parameters})
      for (double& variable : *variables) {
        constexpr double step = 1e-6;
        const double kept = variable;
        variable = kept + step;
        const double up = plain.loss();
        variable = kept - step;
        const double down = plain.loss();
        variable = kept;
        const double slope = (up - down) / (2 * step);
        ASSERT_NEAR(static_cast<double>(*result++), slope, 1e-5 * (1 + std::abs(slope)));
      }
    EXPECT_EQ(result, stack.results().end());
  }
}

// 1 .. 9 under a filter that looks one to the right: y = x moved to the left, plus the bias.
TEST(Conv, golden_values) {
  ConvStack<float> stack(conv_shapes({.batch = 1, .height = 3, .width = 3, .filter = 3}, {1, 1}),
                         ConvLayer::Pass::training);
  for (std::size_t i = 0; i < 9; ++i) {
    stack.inputs()[i] = static_cast<float>(i + 1);
    stack.output_gradients()[i] = 1;
    stack.parameters()[i] = i == 5 ? 1 : 0;  // row 1, column 2
  }
  stack.parameters()[9] = 10;
  stack.forward();
  stack.backward();
  const std::vector<float> expected = {12, 13, 10, 15, 16, 10, 18, 19, 10,      // y
                                       0,  1,  1,  0,  1,  1,  0,  1,  1,       // dx
                                       12, 21, 16, 27, 45, 33, 24, 39, 28, 9};  // dw: sums over the window; db
  EXPECT_EQ(std::vector<float>(stack.results().begin(), stack.results().end()), expected);
}

// The worst of all that a verifier looks at.
template <typename T>
double error(ConvStack<T>& stack) {
  double worst = 0;
  const double u_output = sizeof(T) == 2 ? 0x1p-8 : 0;
  for (std::size_t l = 0; l < stack.depth(); ++l) {
    const ConvArrays arrays = stack.arrays(l);
    const bool last = l + 1 == stack.depth();
    const Gate slope{l > 0 ? Gate::Kind::slope : Gate::Kind::none, rows_of(arrays.x, stack.shape(l).in)};
    for (const double value :
         {rows_error(outputs_of(stack.shape(l), arrays), {last ? Gate::Kind::none : Gate::Kind::relu}, 1, 0x1p-24,
                     last ? 0 : u_output),
          rows_error(parameter_gradients_of(stack.shape(l), arrays), {}, 1, 0x1p-24, 0),
          rows_error(input_gradients_of(stack.shape(l), arrays), slope, 1, 0x1p-24, l > 0 ? u_output : 0)})
      worst = std::max(worst, value);
  }
  return worst;
}

template <typename T>
void every_wrong_entry_is_seen(const std::vector<ConvShape>& shapes) {
  ConvStack<T> stack = filled<T>(shapes);
  ASSERT_LE(error(stack), 1);
  const auto change = [&](auto& value) {
    const auto kept = value;
    store(value, load(kept) + std::max(0.05f * std::abs(load(kept)), 0.02f));
    EXPECT_GT(error(stack), 1);
    store(value, std::nanf(""));
    EXPECT_GT(error(stack), 1);
    value = kept;
  };
  for (float& value : stack.results()) change(value);
  for (std::size_t l = 0; l + 1 < stack.depth(); ++l) {
    const ConvArrays arrays = stack.arrays(l);
    for (std::size_t i = 0; i < stack.shape(l).outputs(); i += 3) {
      change(static_cast<T*>(arrays.y.data)[i]);
      change(static_cast<T*>(arrays.dy.data)[i]);
    }
  }
}

TEST(Conv, every_wrong_entry_is_seen) {
  const auto shapes = conv_shapes({.batch = 2, .height = 4, .width = 3, .filter = 3}, {2, 16, 3});
  every_wrong_entry_is_seen<float>(shapes);
  try {
    every_wrong_entry_is_seen<Bf16>(shapes);
  } catch (const Unsupported& reason) {
    GTEST_SKIP() << reason.what();
  }
}

TEST(Conv, same_bits_every_time) {
  const auto shapes = conv_shapes({.batch = 4, .height = 32, .width = 32, .filter = 3}, {1, 16, 16, 1});
  ConvStack<float> stack = filled<float>(shapes);
  const std::vector<float> first(stack.results().begin(), stack.results().end());
  for (int repeat = 0; repeat < 3; ++repeat) {
    stack.forward();
    stack.backward();
    EXPECT_TRUE(std::equal(first.begin(), first.end(), stack.results().begin()));
  }
}

TEST(Conv, refuses_nonsense) {
  const KernelEntry entry = learning_conv();
  for (const auto& [key, value] : {std::pair{"image", "64"},
                                   {"image", "0x3"},
                                   {"channels", "4"},
                                   {"channels", "1--2"},
                                   {"filter", "0"},
                                   {"pass", "backward"},
                                   {"precision", "fp16"}}) {
    Settings settings(entry.parameters);
    settings.set(key, value);
    EXPECT_THROW(entry.memory(settings, {}), Error) << key << "=" << value;
  }
}

TEST(Conv, counts_its_operations) {
  const KernelEntry entry = learning_conv();
  const Ranks ranks(1);
  const auto kernel = entry.make(Settings(entry.parameters), {ranks});
  EXPECT_EQ(kernel->facts().flops, 3.0 * 2 * 16 * 64 * 64 * 9 * (16 + 256 + 16));
}

}  // namespace
}  // namespace tandem::kernels
