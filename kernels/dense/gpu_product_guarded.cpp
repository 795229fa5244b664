// Loops, for the guarded device: the sums in fp64, rounded once.
#include <vector>

#include "harness/device/guarded.hpp"
#include "kernels/dense/gpu_product.hpp"
#include "kernels/dense/operands.hpp"

namespace tandem::guarded {

using namespace kernels;

namespace {

// A matrix in fp64, in whatever order memory holds it.
class Matrix {
 public:
  Matrix(Element type, const std::byte* data, std::size_t lead, bool transposed, std::size_t rows, std::size_t columns)
      : columns_(columns), values_(rows * columns) {
    const std::size_t length = transposed ? rows : columns;
    const RowReader read = operand_rows(type, data, lead);
    std::vector<double> line(length);
    for (std::size_t i = 0; i < (transposed ? columns : rows); ++i) {
      read(i, line);
      for (std::size_t j = 0; j < length; ++j) values_[transposed ? j * columns + i : i * columns + j] = line[j];
    }
  }
  double operator()(std::size_t row, std::size_t column) const { return values_[row * columns_ + column]; }

 private:
  std::size_t columns_;
  std::vector<double> values_;
};

}  // namespace

struct Product::State {
  MatmulShape shape;
  ProductFormat format;
  void multiply(const std::byte* a, const std::byte* b, std::byte* c, const float* bias) const;
};

Product::Product(const MatmulShape& shape, const ProductFormat& format)
    : state_(std::make_unique<State>(State{shape, format})) {}
Product::~Product() = default;

std::size_t Product::ways() const { return 1; }
void Product::use(std::size_t) {}
std::string Product::library() const { return "loops of the guarded device"; }

// One of the batch.
void Product::State::multiply(const std::byte* a, const std::byte* b, std::byte* c, const float* bias) const {
  const ProductStrides strides(shape, format);
  const Matrix left(format.a, a, strides.a, format.a_transposed, shape.m, shape.k);
  const Matrix right(format.b, b, strides.b, format.b_transposed, shape.k, shape.n);
  std::vector<double> sums(shape.n);
  for (std::size_t i = 0; i < shape.m; ++i) {
    for (std::size_t j = 0; j < shape.n; ++j) sums[j] = format.bias ? static_cast<double>(bias[j]) : 0;
    for (std::size_t l = 0; l < shape.k; ++l)
      for (std::size_t j = 0; j < shape.n; ++j) sums[j] += left(i, l) * right(l, j);
    for (std::size_t j = 0; j < shape.n; ++j) {
      const std::size_t at = i * strides.c + j;
      const double product = format.factor * sums[j];
      if (format.add && format.c == Element::fp64)
        reinterpret_cast<double*>(c)[at] += product;
      else if (format.add)
        reinterpret_cast<float*>(c)[at] =
            static_cast<float>(static_cast<double>(reinterpret_cast<float*>(c)[at]) + product);
      else if (format.c == Element::int32)
        reinterpret_cast<std::int32_t*>(c)[at] = static_cast<std::int32_t>(product);
      else
        store_operand(format.c, c, at, product);
    }
  }
}

void Product::start(const void* a, const void* b, void* c, const float* bias) {
  demand_on_device(a, 1);
  demand_on_device(b, 2);
  demand_on_device(c, 3);
  if (state_->format.bias) demand_on_device(bias, 4);
  const auto as_bytes = [](const void* data) { return static_cast<const std::byte*>(data); };
  guarded::start([state = *state_, a = as_bytes(a), b = as_bytes(b), c = static_cast<std::byte*>(c), bias] {
    const auto& [shape, format] = state;
    const ProductStrides strides(shape, format);
    for (std::size_t number = 0; number < shape.batch; ++number)
      state.multiply(a + number * strides.step_a * bytes_of(format.a), b + number * strides.step_b * bytes_of(format.b),
                     c + number * strides.step_c * bytes_of(format.c), bias);
  });
}

}  // namespace tandem::guarded
