// What several ranks do together with device memory, on the guarded device under mpirun: TEST_RANKS tells the number of
// ranks (ctest starts 1, 2 and 3). Right results pass; sums that do not arrive, that are wrong or that nobody waited
// for fail. The faults are a wrapper around MPI_Allreduce (its profiling interface), in this program only.
#include <cstring>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mpi.h>

#include "harness/base/check.hpp"
#include "harness/kernel/gpu_kernels.hpp"
#include "harness/kernel/time_kernel.hpp"
#include "tests/held_messages.hpp"
#include "tests/mpi_main.hpp"

// On the first rank: "lost message": the sum does not arrive; "wrong entry": the highest bits of the last one turned.
extern "C" int MPI_Allreduce(const void* in, void* out, int count, MPI_Datatype type, MPI_Op operation, MPI_Comm comm) {
  int rank = 0;
  PMPI_Comm_rank(comm, &rank);
  if (!fault.empty() && rank == 0 && count > 0) {
    std::byte* copy = hold(in == MPI_IN_PLACE ? out : in, count, type);
    if (fault == "wrong entry") held.back().back() ^= std::byte{0x60};
    in = copy;
    if (fault == "lost message") out = hold(out, count, type);
  }
  return PMPI_Allreduce(in, out, count, type, operation, comm);
}

namespace tandem {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

std::unique_ptr<Kernel> make(const std::string& name, const Values& values) {
  const KernelEntry& entry = runnable_kernel(name, "guarded");
  Settings settings(entry.parameters);
  for (const auto& [key, value] : values) settings.set(key, value);
  return entry.make(settings, {all_ranks(), 1, 42});
}

bool passes(Kernel& kernel) { return all_ranks().max(all_pass(kernel.verify()) ? 0 : 1) == 0; }

void run(Kernel& kernel) {
  kernel.run();
  kernel.finish();
}

// What judges comes to the ranks by the same MPI_Allreduce: a fault is under way in run() and finish() only.
void expect_refused(Kernel& kernel, Data data, const std::string& name) {
  kernel.prepare(data == Data::exact ? Data::random : Data::exact);  // what buffers still hold is other data
  run(kernel);
  kernel.prepare(data);
  poison(kernel.output());
  fault = name;
  run(kernel);
  fault.clear();
  all_ranks().barrier();
  held.clear();
  EXPECT_FALSE(passes(kernel)) << name;
}

void accept_and_refuse(Kernel& kernel, const std::vector<std::string>& faults) {
  for (const Data data : {Data::exact, Data::random}) {
    SCOPED_TRACE(data == Data::exact ? "exact" : "random");
    kernel.prepare(data);
    for (int round = 0; round < 3; ++round) {
      poison(kernel.output());
      EXPECT_FALSE(passes(kernel)) << "nothing was run";
      kernel.restore();
      kernel.keep();
      run(kernel);
      EXPECT_TRUE(passes(kernel));
    }
    for (const std::string& name : faults) expect_refused(kernel, data, name);
    kernel.prepare(data);
    run(kernel);
    EXPECT_TRUE(passes(kernel));
  }
}

TEST(AllReduce, every_algorithm_and_precision) {
  for (const char* algorithm : {"library", "staged", "gpu_aware"})
    for (const char* precision : {"fp32", "fp64", "bf16", "int32"})
      for (const char* bytes : {"8", "4k", "1032k"}) {
        SCOPED_TRACE(std::string(algorithm) + " " + precision + " " + bytes);
        const Values values = {{"algorithm", algorithm}, {"precision", precision}, {"bytes", bytes}};
        if (std::string(algorithm) == "gpu_aware" && std::string(precision) == "bf16") {
          EXPECT_THROW(make("network/allreduce", values), Unsupported);
          continue;
        }
        std::vector<std::string> faults = {"wrong entry"};
        if (all_ranks().size() > 1) faults.emplace_back("lost message");  // in place one rank has the sum already
        accept_and_refuse(*make("network/allreduce", values), faults);
      }
}

TEST(TrainStep, sums_gradients_over_devices) {
  struct Way {
    std::string sum, graph, note;
  };
  const bool several = all_ranks().size() > 1;
  const std::vector<std::string> faults = {"lost message", "wrong entry"};
  for (const Way& way : {Way{"auto", "on", "on"},
                         {"library", "off", "off"},
                         {"staged", "off", "off"},
                         {"staged", "on", several ? "off: the host takes part in the sum" : "on"}})
    for (const char* precision : {"fp32", "bf16"}) {
      SCOPED_TRACE(way.sum + " " + way.graph + " " + precision);
      const auto kernel = make(
          "learning/train_step",
          {{"layers", "8-16-16-5"}, {"batch", "6"}, {"precision", precision}, {"sum", way.sum}, {"graph", way.graph}});
      accept_and_refuse(*kernel, several ? faults : std::vector<std::string>());
      auto notes = kernel->facts().notes;
      EXPECT_EQ(notes["graph"], way.note);
      EXPECT_EQ(notes.count("sum"), several ? 1u : 0u);
      EXPECT_EQ(notes["sum"].find("pinned") != std::string::npos, several && way.sum == "staged") << notes["sum"];
    }
}

}  // namespace
}  // namespace tandem
