// dense/lu_mixed on several ranks: exact factors on every grid, refinement to the residual of fp64, and a verifier that
// sees every fault put into factors and messages. The messages are damaged by wrappers around MPI functions (its
// profiling interface), which exist in this program only.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <mpi.h>

#include "harness/base/check.hpp"
#include "harness/kernel/kernel.hpp"
#include "harness/kernel/time_kernel.hpp"
#include "kernels/dense/lu_verify.hpp"
#include "kernels/dense/mixed_solver.hpp"
#include "kernels/dense/mixed_verify.hpp"
#include "tests/each_precision.hpp"
#include "tests/mpi_main.hpp"

namespace tandem::kernels {
KernelEntry dense_lu_mixed();
}

namespace {

std::string fault;     // of the run under way
int strikes_left = 0;  // the fault hits one message: the one at which this becomes 0
std::vector<std::byte> nowhere;

bool strikes(const char* name) { return fault == name && --strikes_left == 0; }

// Where a message goes that is to be lost, for all but its sender.
void* lost(void* buffer, int count, MPI_Datatype type, int root, MPI_Comm comm) {
  int rank = 0, bytes = 0;
  PMPI_Comm_rank(comm, &rank);
  PMPI_Type_size(type, &bytes);
  if (rank == root) return buffer;
  nowhere.assign(static_cast<std::size_t>(count) * static_cast<std::size_t>(bytes), std::byte{0});
  return nowhere.data();
}

}  // namespace

extern "C" {

int MPI_Ibcast(void* buffer, int count, MPI_Datatype type, int root, MPI_Comm comm, MPI_Request* request) {
  if (count > 0 && strikes("lost panel")) buffer = lost(buffer, count, type, root, comm);
  return PMPI_Ibcast(buffer, count, type, root, comm, request);
}

int MPI_Bcast(void* buffer, int count, MPI_Datatype type, int root, MPI_Comm comm) {
  if (type == MPI_BYTE && strikes("lost square")) buffer = lost(buffer, count, type, root, comm);
  return PMPI_Bcast(buffer, count, type, root, comm);
}

}  // extern "C"

namespace tandem::kernels {
namespace {

// All grids of these ranks.
std::vector<LuShape> grids(std::size_t n, std::size_t nb) {
  std::vector<LuShape> shapes;
  const auto ranks = static_cast<std::size_t>(all_ranks().size());
  for (std::size_t p = 1; p <= ranks; ++p)
    if (ranks % p == 0) shapes.push_back({n, nb, p, ranks / p});
  return shapes;
}

double wrong_x(MixedSolver& solver, const ExactSystem& system) {
  double wrong = 0;
  for (std::size_t i = 0; i < system.order(); ++i) wrong += solver.x()[i] == system.x()[i] ? 0 : 1;
  return solver.grid().ranks.max(wrong);
}

TEST(LuMixedRanks, FactorsExactlyOnEveryGrid) {
  for_each_precision([](Element element) {
    for (const auto& [n, nb] :
         {std::pair{1, 1}, {5, 2}, {40, 40}, {97, 13}, {100, 64}, {129, 32}, {300, 70}, {333, 100}})
      for (const LuShape& shape : grids(static_cast<std::size_t>(n), static_cast<std::size_t>(nb))) {
        SCOPED_TRACE(std::to_string(n) + " in blocks of " + std::to_string(nb) + ", p = " + std::to_string(shape.p));
        const ExactSystem system(shape.n, shape.n, ExactSystem::Rows::in_order);
        MixedSolver solver(shape, all_ranks(), element, 1);
        for (int run = 0; run < 2; ++run) {
          solver.load(system);
          EXPECT_GT(wrong_factors(solver.factors(), system), 0);  // of a matrix that was not factored
          solver.solve();
          EXPECT_EQ(wrong_factors(solver.factors(), system), 0);
          EXPECT_EQ(wrong_x(solver, system), 0);
          EXPECT_EQ(solver.refinement().steps, 0u);  // nothing was rounded
        }
      }
  });
}

TEST(LuMixedRanks, RefinesToTheResidualOfDoublePrecision) {
  for_each_precision([](Element element) {
    for (const auto kind : {DiagonalSystem::Kind::scaled, DiagonalSystem::Kind::dominant})
      for (const LuShape& shape : grids(500, 64)) {
        SCOPED_TRACE(shape.p);
        const DiagonalSystem system(shape.n, 7, kind);
        MixedSolver solver(shape, all_ranks(), element, 1);
        solver.load(system);
        EXPECT_FALSE(factor_error(solver.factors(), system, element, 1) <= 1);
        solver.solve();
        const double residual = scaled_residual(solver.grid(), system, solver.x());
        EXPECT_LE(factor_error(solver.factors(), system, element, 1), 1);
        EXPECT_LE(residual, 2);
        EXPECT_NEAR(solver.refinement().after, residual, 1);
        EXPECT_GT(solver.refinement().before, 1e4);
        EXPECT_GE(solver.refinement().steps, 1u);
        EXPECT_LE(solver.refinement().steps, 15u);
        EXPECT_EQ(differing_copies(all_ranks(), solver.x()), 0);
      }
  });
}

// One entry of the factors that is off, at its owner.
class Faulty final : public MixedSolver {
 public:
  Faulty(const LuShape& shape, Element element, std::size_t row, std::size_t column, float factor)
      : MixedSolver(shape, all_ranks(), element, 1), row_(row), column_(column), factor_(factor) {}

 private:
  void factored(Block factors) override {
    const Cyclic &rows = grid().rows, &columns = grid().columns;
    if (rows.mine(row_) && columns.mine(column_)) factors.row(rows.local(row_))[columns.local(column_)] *= factor_;
  }
  std::size_t row_, column_;
  float factor_;
};

TEST(LuMixedRanks, RefusesOneWrongEntry) {
  for_each_precision([](Element element) {
    for (const LuShape& shape : grids(150, 16))
      for (const auto& [row, column] : {std::pair{100, 20}, {20, 100}, {149, 148}, {0, 149}}) {
        SCOPED_TRACE(std::to_string(row) + " " + std::to_string(column));
        const auto i = static_cast<std::size_t>(row), j = static_cast<std::size_t>(column);
        const ExactSystem exact(shape.n, 3, ExactSystem::Rows::in_order);
        Faulty slightly(shape, element, i, j, 1.0001F);
        slightly.load(exact);
        slightly.solve();
        EXPECT_EQ(wrong_factors(slightly.factors(), exact), 1);
        const DiagonalSystem random(shape.n, 3, DiagonalSystem::Kind::scaled);
        Faulty badly(shape, element, i, j, 1000);
        badly.load(random);
        badly.solve();
        EXPECT_LT(scaled_residual(badly.grid(), random, badly.x()), 16);  // mended by refinement
        EXPECT_GT(factor_error(badly.factors(), random, element, 1), 1);
      }
  });
}

bool accepted(Kernel& kernel, Data data, const std::string& damage) {
  kernel.prepare(data);
  poison(kernel.output());
  fault = damage;
  strikes_left = 2;  // not the first message of its kind
  kernel.run();
  fault = "";
  return all_pass(kernel.verify());
}

std::unique_ptr<Kernel> make_kernel() {
  const KernelEntry entry = dense_lu_mixed();
  Settings settings(entry.parameters);
  settings.set("n", "200");
  settings.set("nb", "16");
  return entry.make(settings, KernelContext{all_ranks(), 1, 42});
}

TEST(LuMixedRanks, RefusesDamagedMessages) {
  const auto kernel = make_kernel();
  for (const Data data : {Data::exact, Data::random}) {
    EXPECT_TRUE(accepted(*kernel, data, ""));
    if (all_ranks().size() == 1) continue;
    for (const char* damage : {"lost panel", "lost square"})
      EXPECT_FALSE(accepted(*kernel, data, damage)) << damage << (data == Data::exact ? " exact" : " random");
  }
}

TEST(LuMixedRanks, RefusesAnEntryOfXThatIsWrongOnOneRank) {
  const auto kernel = make_kernel();
  for (const Data data : {Data::exact, Data::random}) {
    EXPECT_TRUE(accepted(*kernel, data, ""));
    if (all_ranks().rank() == all_ranks().size() - 1) static_cast<double*>(kernel->output().data)[77] *= 1 + 1e-8;
    EXPECT_FALSE(all_pass(kernel->verify()));
  }
}

}  // namespace
}  // namespace tandem::kernels
