// The loops of memory bandwidth, for one thread; callers split the arrays. Both the machine's limits and
// kernels/memory use them, so that a kernel and its limit cannot differ by their code.
#pragma once

#include <cstddef>

namespace tandem {

// Streaming (non-temporal) stores write past the caches: no line is read only to be overwritten.
enum class Stores { plain, streaming };

bool has_streaming_stores();  // of this build

// a[i] = b[i] + s c[i] (STREAM triad, McCalpin 1995). Pointers aligned to 64 bytes; streaming stores are complete
// (fenced) on return.
void triad(double* a, const double* b, const double* c, double s, std::size_t count, Stores stores);

// a[i] = b[i] (STREAM copy), as a loop and never by memcpy; otherwise as triad.
void copy(double* a, const double* b, std::size_t count, Stores stores);

// The sum of all elements, with enough partial sums to be bound by loads; `ahead` > 0 fetches that many elements early.
double read_sum(const double* a, std::size_t count, std::size_t ahead = 0);

}  // namespace tandem
