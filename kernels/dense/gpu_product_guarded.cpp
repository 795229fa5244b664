// Loops, for the guarded device: the sums in fp64, rounded once.
#include <vector>

#include "harness/device/guarded.hpp"
#include "kernels/dense/gpu_product.hpp"
#include "kernels/dense/operands.hpp"

namespace tandem::guarded {

using namespace kernels;

struct Product::State {
  MatmulShape shape;
  ProductFormat format;
};

Product::Product(const MatmulShape& shape, const ProductFormat& format)
    : state_(std::make_unique<State>(State{shape, format})) {}
Product::~Product() = default;

std::size_t Product::ways() const { return 1; }
void Product::use(std::size_t) {}
std::string Product::library() const { return "loops of the guarded device"; }

void Product::start(const void* a, const void* b, void* c) {
  demand_on_device(a, 1);
  demand_on_device(b, 2);
  demand_on_device(c, 3);
  const auto as_bytes = [](const void* data) { return static_cast<const std::byte*>(data); };
  guarded::start([state = *state_, a = as_bytes(a), b = as_bytes(b), c = static_cast<std::byte*>(c)] {
    const auto& [shape, format] = state;
    const RowReader rows_of_a = operand_rows(format.a, a, shape.k);
    const RowReader rows_of_b = operand_rows(format.b, b, format.b_transposed ? shape.k : shape.n);
    std::vector<double> left(shape.k), sums(shape.n), right(format.b_transposed ? shape.k : shape.n);
    for (std::size_t i = 0; i < shape.m; ++i) {
      rows_of_a(i, left);
      std::fill(sums.begin(), sums.end(), 0.0);
      for (std::size_t row = 0; row < (format.b_transposed ? shape.n : shape.k); ++row) {
        rows_of_b(row, right);
        for (std::size_t at = 0; at < right.size(); ++at)
          sums[format.b_transposed ? row : at] += left[format.b_transposed ? at : row] * right[at];
      }
      for (std::size_t j = 0; j < shape.n; ++j) {
        if (format.c == Element::int32)
          reinterpret_cast<std::int32_t*>(c)[i * shape.n + j] = static_cast<std::int32_t>(sums[j]);
        else
          store_operand(format.c, c, i * shape.n + j, sums[j]);
      }
    }
  });
}

}  // namespace tandem::guarded
