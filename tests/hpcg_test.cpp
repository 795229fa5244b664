// sparse/hpcg under mpirun: TEST_RANKS tells the number of ranks (ctest starts 1, 2, 3, 4 and 8). Rank 0 emulates all
// of them in plain global loops and must find the same residuals.
#include "kernels/sparse/hpcg.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>
#include <omp.h>

#include "harness/base/check.hpp"
#include "tests/hpcg_emulation.hpp"
#include "tests/mpi_main.hpp"

namespace tandem::kernels {
KernelEntry sparse_cg();
namespace {

Block test_block() { return {near_cubic(all_ranks().size()), all_ranks().rank(), {16, 16, 16}}; }

constexpr std::size_t compared = 8;  // iterations; later ones amplify rounding

std::vector<double> expected_history(Order order) {
  std::vector<double> result(compared + 1, 0.0);
  if (all_ranks().root()) result = Emulation(test_block(), order).history(compared);
  all_ranks().broadcast(std::as_writable_bytes(std::span(result)));
  return result;
}

std::vector<double> own_history(const Block& block, const Storage& storage) {
  HpcgSolver<double> solver(all_ranks(), block, storage);
  DistributedMatrix<double>& a = solver.matrix();
  Buffer<double> ones(static_cast<std::size_t>(block.rows())), x(a.size());
  std::fill(ones.begin(), ones.end(), 1.0);
  a.to_slots(ones.data(), x.data());
  CgVectors<double> work(a.size());
  a.multiply(x.data(), work.residual.data());
  std::fill(x.begin(), x.end(), 0.0);
  return conjugate_gradient(
             true, a.slots(), x.data(), work, 0, compared, [&](double* p, double* q) { a.multiply(p, q); },
             [&](const double* r, double* z) { solver.precondition(r, z); },
             [](double sum) { return all_ranks().sum(sum); })
      .history;
}

void expect_same(const std::vector<double>& own, const std::vector<double>& expected) {
  ASSERT_GE(own.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(own[i] / expected[i], 1, 1e-9) << "iteration " << i;
}

TEST(Hpcg, every_storage_and_order_has_the_residuals_of_the_definition) {
  omp_set_num_threads(all_ranks().size() == 1 ? 2 : 1);
  for (const Order order : {Order::levels, Order::colours}) {
    const std::vector<double> expected = expected_history(order);
    for (const Format format : {Format::csr, Format::sell, Format::packed})
      for (const std::size_t window : {std::size_t{1}, std::size_t{64}}) {
        SCOPED_TRACE(format_names[static_cast<int>(format)]);
        expect_same(own_history(test_block(), {format, order, window}), expected);
      }
  }
}

TEST(Hpcg, the_reference_has_the_residuals_of_the_definition) {
  HpcgReference reference(all_ranks(), test_block());
  Buffer<double> ones(reference.size()), right(reference.size()), x(reference.size());
  reference.fill(
      0, [](std::int64_t) { return 1.0; }, ones.data());
  reference.product(0, ones.data(), right.data());
  expect_same(reference.solve(right.data(), x.data(), compared).history, expected_history(Order::levels));
}

TEST(Hpcg, auto_takes_sell_where_packed_cannot_hold_the_whole_block) {
  const Block block(near_cubic(all_ranks().size()), all_ranks().rank(), {48, 48, 48});
  const Storage storage{.order = Order::colours};
  EXPECT_THROW(HpcgSolver<float>(all_ranks(), block, storage), Unsupported);
  HpcgSolver<float> solver(all_ranks(), block, {.order = Order::colours, .or_sell = true});
  EXPECT_EQ(solver.matrix(0).format(), Format::sell);
  EXPECT_EQ(solver.matrix(1).format(), Format::packed);
}

TEST(Hpcg, threads_change_no_bit) {
  const Block block(near_cubic(all_ranks().size()), all_ranks().rank(), {32, 32, 24});  // large enough for threads
  omp_set_num_threads(1);
  const std::vector<double> one = own_history(block, {});
  omp_set_num_threads(3);
  EXPECT_EQ(own_history(block, {}), one);
}

TEST(Halo, brings_every_neighbours_points) {
  const Block block = test_block();
  std::vector<double> x(static_cast<std::size_t>(block.box_size()), -1.0);
  block.each_point([&](std::int64_t, std::int64_t at, std::int64_t point) {
    x[static_cast<std::size_t>(at)] = static_cast<double>(point);
  });
  Halo halo(all_ranks(), block.neighbours());
  EXPECT_EQ(halo.empty(), all_ranks().size() == 1);
  halo.exchange(x.data());
  for (std::int64_t z = -1; z <= 16; ++z)
    for (std::int64_t y = -1; y <= 16; ++y)
      for (std::int64_t i = -1; i <= 16; ++i)
        ASSERT_EQ(x[static_cast<std::size_t>(block.box(i, y, z))], static_cast<double>(block.global(i, y, z)));
}

TEST(Ordering, groups_are_independent_and_levels_keep_the_natural_order) {
  const Block block(near_cubic(1), 0, {8, 7, 6});
  const Csr a = stencil27(block).matrix;
  for (const Order order : {Order::levels, Order::colours}) {
    const Ordering o = order_rows(a, order, std::vector<char>(a.rows, 0), 32);
    std::vector<std::size_t> group_of(o.chunks());
    for (std::size_t g = 0; g + 1 < o.group.size(); ++g)
      for (std::size_t c = o.group[g]; c < o.group[g + 1]; ++c) group_of[c] = g;
    for (std::size_t row = 0; row < a.rows; ++row) {
      const auto slot = static_cast<std::size_t>(o.slot[row]);
      ASSERT_EQ(o.row[slot], static_cast<std::int32_t>(row));
      for (auto k = static_cast<std::size_t>(a.start[row]); k < static_cast<std::size_t>(a.start[row + 1]); ++k) {
        const auto column = static_cast<std::size_t>(a.column[k]);
        if (column == row) continue;
        const std::size_t own = group_of[slot / chunk_rows],
                          other = group_of[static_cast<std::size_t>(o.slot[column]) / chunk_rows];
        ASSERT_NE(own, other);
        if (order == Order::levels) {
          ASSERT_EQ(own > other, row > column);
        }
      }
    }
    EXPECT_EQ(o.group.size() - 1, order == Order::levels ? 7 + 2 * 6 + 4 * 5 + 1 : 8u);
  }
}

// HPCG 3.1 prints for local 104^3 on 2 ranks, one set of 50 iterations: equations 2249728, nonzeros 59774200, flops
// 4.14844e+10 (to six digits; DDOT and WAXPBY 6.79418e+08 each, SpMV 6.09697e+09, MG 3.40286e+10).
TEST(Hpcg, counts_operations_as_hpcg_does) {
  std::vector<double> rows, nonzeros;
  Block block({2, 1, 1}, 0, {104, 104, 104});
  for (std::size_t l = 0; l < hpcg_levels; ++l, block = block.coarse()) {
    rows.push_back(static_cast<double>(block.all_rows()));
    nonzeros.push_back(static_cast<double>(block.all_nonzeros()));
  }
  EXPECT_EQ(rows[0], 2249728);
  EXPECT_EQ(nonzeros[0], 59774200);
  EXPECT_EQ(hpcg_flops(rows, nonzeros, 50), 41484444912.0);
}

TEST(Hpcg, shares_of_ranks_add_up) {
  for (const int ranks : {1, 2, 3, 4, 6, 7, 8, 12}) {
    std::int64_t sum = 0;
    Block block(near_cubic(ranks), 0, {16, 24, 32});
    for (int rank = 0; rank < ranks; ++rank) sum += Block(near_cubic(ranks), rank, {16, 24, 32}).nonzeros();
    EXPECT_EQ(sum, block.all_nonzeros());
  }
  EXPECT_EQ(near_cubic(1), (Triple{1, 1, 1}));
  EXPECT_EQ(near_cubic(6), (Triple{3, 2, 1}));
  EXPECT_EQ(near_cubic(7), (Triple{7, 1, 1}));
  EXPECT_EQ(near_cubic(8), (Triple{2, 2, 2}));
  EXPECT_EQ(near_cubic(12), (Triple{3, 2, 2}));
}

// The slabs of sparse/cg, uneven ones too.
TEST(SparseCg, solves_on_all_ranks_and_a_wrong_entry_on_one_fails_on_all) {
  omp_set_num_threads(1);
  for (const char* precision : {"fp64", "fp32"}) {
    Settings settings(sparse_cg().parameters);
    settings.set("n", "21");
    settings.set("preconditioner", precision);
    const auto kernel = sparse_cg().make(settings, {all_ranks(), 1, 1});
    const auto passes = [&] { return all_ranks().max(all_pass(kernel->verify()) ? 0 : 1) == 0; };
    kernel->prepare(Data::random);
    kernel->run();
    for (const Verdict& v : kernel->verify()) EXPECT_TRUE(v.pass()) << v.check << ' ' << v.value;
    const Output output = kernel->output();
    double& entry = static_cast<double*>(output.data)[output.count / 2];
    const double right = entry;
    if (all_ranks().root()) entry += 1e-3;
    EXPECT_FALSE(passes());
    entry = right;
    EXPECT_TRUE(passes());
  }
}

}  // namespace
}  // namespace tandem::kernels
