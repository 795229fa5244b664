// The loops of the STREAM benchmark (McCalpin 1995) as kernels: a[i] = value(b[i], c[i]) over arrays of fp64. A loop is
// 8 bytes an array and element, as STREAM counts them; the line that plain stores read before they overwrite it is not
// counted. All inputs are multiples of 2^-20 in [-1, 1], so that every element has one right value and is checked for
// equality.
#pragma once

#include <string>

#include "harness/device/stream.hpp"
#include "harness/kernel/kernel.hpp"

namespace tandem::kernels {

struct StreamLoop {
  std::string name;     // "memory/triad"
  std::string summary;  // one line
  int inputs = 2;       // arrays that are read: b, or b and c
  double flops = 0;     // an element
  std::string limit;    // of the machine, "" none
  void (*loop)(double* a, const double* b, const double* c, std::size_t count, Stores stores) = nullptr;
  double (*value)(double b, double c) = nullptr;
};

// Its settings: n, elements of an array, and stores. `loop` must outlive the entry and what it makes.
KernelEntry stream_entry(const StreamLoop& loop);

}  // namespace tandem::kernels
