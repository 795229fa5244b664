// STREAM triad a = b + s c: 24 bytes and 2 operations an element.
#include "kernels/memory/stream_kernel.hpp"

namespace tandem::kernels {

KernelEntry memory_triad() {
  static constexpr double scale = 3;
  static const StreamLoop loop = {
      "memory/triad",
      "STREAM triad a = b + s c in fp64",
      2,
      2,
      "triad",
      [](double* a, const double* b, const double* c, std::size_t count, Stores stores) {
        triad(a, b, c, scale, count, stores);
      },
      [](double b, double c) { return b + scale * c; },
  };
  return stream_entry(loop);
}

}  // namespace tandem::kernels
