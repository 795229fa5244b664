// The environment variables that change results without a trace in them: recorded, and warned about where one holds
// the machine back. Pure functions of what they are given.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

namespace tandem {

using Environment = std::map<std::string, std::string>;

// Variables of BLAS, OpenMP, oneDNN and MPI libraries, the loader and the allocator, out of "NAME=value" lines. What
// a launcher sets for its own business (ranks, sockets, host names) is left out.
Environment read_environment(std::span<const char* const> block);
Environment read_environment();  // of this process

enum class BlasThreading { unknown, sequential, pthreads, openmp };

struct RunFacts {
  std::vector<std::string> isa;  // as /proc/cpuinfo spells it: "avx512f", "avx512_bf16"
  int threads = 1;               // of a rank
  BlasThreading blas_threading = BlasThreading::unknown;
  std::string blas_core;  // that OpenBLAS says it picked; empty unknown
};

// One sentence each: what holds the machine back, and what to do.
std::vector<std::string> environment_warnings(const Environment& environment, const RunFacts& facts);

}  // namespace tandem
