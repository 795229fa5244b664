#include "harness/pairing/arrivals.hpp"

#include <cmath>

#include "harness/base/random.hpp"

namespace tandem {

std::vector<double> poisson_arrivals(std::uint64_t seed, std::uint64_t stream, double rate, std::size_t count) {
  std::vector<double> arrivals;
  arrivals.reserve(count);
  double at = 0;
  for (std::size_t i = 0; i < count; ++i) arrivals.push_back(at -= std::log1p(-random_uniform(seed, stream, i)) / rate);
  return arrivals;
}

}  // namespace tandem
