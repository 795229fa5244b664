#include "kernels/sparse/matrix_market.hpp"

#include "tests/fuzz/readers.hpp"
#include "tests/fuzz/scratch.hpp"

bool tandem::fuzz::matrix_market(const std::string& text) {
  static const Scratch scratch;
  return taken([&] {
    const auto path = scratch.file("matrix.mtx", text);
    const auto header = kernels::read_matrix_market_header(path);
    if (header.rows > 100'000'000 || header.columns > 100'000'000) return;  // a large matrix, no damage
    kernels::read_matrix_market(path);
  });
}
