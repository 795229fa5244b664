// The newest of what a rank posts, started by mpirun with TEST_RANKS ranks: it comes whole, later ones win, nobody
// waits.
#include "harness/ranks/latest.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "tests/mpi_main.hpp"

namespace tandem {
namespace {

std::vector<std::byte> filled(std::size_t size, int value) {
  return std::vector<std::byte>(size, static_cast<std::byte>(value));
}

struct Ends {
  int rank = all_ranks().rank(), from = all_ranks().size() - 1, to = 0;
};

TEST(Latest, TheLastIsReadWhole) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{3} << 20}) {
    const Ends ends;
    Latest latest(all_ranks(), ends.from, ends.to);
    if (ends.rank == ends.to) {
      EXPECT_TRUE(latest.newest().empty());
    }
    all_ranks().barrier();
    if (ends.rank == ends.from)
      for (int value = 1; value <= 9; ++value) latest.post(filled(size + static_cast<std::size_t>(value), value));
    int seen = 0;
    if (ends.rank == ends.to)
      while (seen < 9) {
        const std::vector<std::byte> bytes = latest.newest();
        if (bytes.empty()) continue;
        const int value = std::to_integer<int>(bytes.front());
        EXPECT_GT(value, seen);
        EXPECT_EQ(bytes, filled(size + static_cast<std::size_t>(value), value));
        seen = value;
      }
    if (ends.rank == ends.from)
      for (int i = 0; i < 1000; ++i) latest.push();
    latest.settle();
  }
}

TEST(Latest, WhatNobodyReadHoldsNobodyUp) {
  const Ends ends;
  Latest latest(all_ranks(), ends.from, ends.to);
  for (int posts = 0; posts < 4; ++posts) {
    if (ends.rank == ends.from)
      for (int value = 0; value < posts; ++value) latest.post(filled(std::size_t{5} << 20, value));
    if (ends.rank == ends.to && posts == 3) latest.newest();  // perhaps begun, perhaps not
    latest.settle();
    if (ends.rank == ends.to) {
      EXPECT_TRUE(latest.newest().empty());
    }
    all_ranks().barrier();
  }
}

TEST(Latest, NothingCannotBePosted) {
  const Ends ends;
  Latest latest(all_ranks(), ends.from, ends.to);
  if (ends.rank == ends.from) {
    EXPECT_THROW(latest.post({}), Error);
  }
  latest.settle();
}

}  // namespace
}  // namespace tandem
