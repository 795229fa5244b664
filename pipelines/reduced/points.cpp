#include "pipelines/reduced/points.hpp"

#include <boost/random/sobol.hpp>

#include "harness/base/random.hpp"
#include "harness/pipeline/pipeline.hpp"

namespace tandem::pipelines {

std::vector<double> sobol_point(std::size_t dimensions, std::uint64_t seed, std::uint64_t index) {
  boost::random::sobol sequence(dimensions);
  sequence.discard(index * dimensions);
  const auto purpose = static_cast<std::uint64_t>(Purpose::training);
  std::vector<double> point;
  for (std::size_t d = 0; d < dimensions; ++d)
    point.push_back(static_cast<double>((sequence() ^ random_bits(seed, stream_of(purpose, d), 0)) >> 11) * 0x1p-53);
  return point;
}

}  // namespace tandem::pipelines
