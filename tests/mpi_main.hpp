// For test programs that run under mpirun: all ranks of the run, as many as TEST_RANKS says (none: 1), and main().
// Included once in a program.
#pragma once

#include <cstdlib>

#include <gtest/gtest.h>

#include "harness/ranks/ranks.hpp"

namespace tandem {

inline const Ranks& all_ranks() {
  static const char* const count = std::getenv("TEST_RANKS");
  static const int size = count != nullptr ? std::atoi(count) : 1;
  static const Ranks ranks(size, size > 1 ? "mpirun" : "");
  return ranks;
}

}  // namespace tandem

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const tandem::Ranks& ranks = tandem::all_ranks();  // MPI starts before and ends after every test
  const int failed = RUN_ALL_TESTS();
  ranks.barrier();
  return failed;
}
