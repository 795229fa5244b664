// STREAM copy a = b: 16 bytes an element. It has no limit of its own: triad reads two arrays for one that it writes,
// and memory serves another mix at another rate.
#include "kernels/memory/stream_kernel.hpp"

namespace tandem::kernels {

KernelEntry memory_copy() {
  static const StreamLoop loop = {
      "memory/copy",
      "STREAM copy a = b in fp64",
      1,
      0,
      "",
      [](double* a, const double* b, const double*, std::size_t count, Stores stores) { copy(a, b, count, stores); },
      [](double b, double) { return b; },
  };
  return stream_entry(loop);
}

}  // namespace tandem::kernels
