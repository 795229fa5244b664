// A stream of requests that does not wait for its answers (an open loop): when each arrives is fixed before the first
// is served.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tandem {

// The first `count` arrivals of a Poisson process of `rate` per second, in seconds: sums of the gaps
// -ln(1 - u_i) / rate with u_i = random_uniform(seed, stream, i).
std::vector<double> poisson_arrivals(std::uint64_t seed, std::uint64_t stream, double rate, std::size_t count);

}  // namespace tandem
