// Cases side by side, one thread each.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>

namespace tandem::pipelines {

// body(own, i) for i < count, with what make() gives each thread; the first error is thrown again.
template <typename Make, typename Body>
void each_case(std::size_t count, int threads, const Make& make, const Body& body) {
  std::exception_ptr error;
  const auto end = static_cast<std::ptrdiff_t>(count);
  const int most = static_cast<int>(std::min<std::size_t>(count, 4096));
#pragma omp parallel num_threads(std::max(1, std::min(threads, most)))
  {
    auto own = make();
#pragma omp for schedule(dynamic, 1)
    for (std::ptrdiff_t i = 0; i < end; ++i) {
      try {
        body(own, static_cast<std::size_t>(i));
      } catch (...) {
#pragma omp critical(flow_error)
        if (!error) error = std::current_exception();
      }
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace tandem::pipelines
