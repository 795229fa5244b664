// Prices and pathwise derivatives by plain fp64 loops over single paths, step by step as the model is written, to judge
// the fast ones by. Only the words of the Sobol points are shared.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/montecarlo/book.hpp"

namespace tandem::kernels {

struct BookReference {
  std::vector<double> prices, jacobian;  // [products], [products, parameters]
  // Of each maturity: the discounted average of the basket as it is known in closed form, and the standard error of its
  // mean over as many independent paths.
  std::vector<double> forwards, errors;
};

BookReference book_reference(const BookPricer& pricer, std::span<const double> market, std::uint64_t key,
                             std::size_t paths);

}  // namespace tandem::kernels
