// The network family under mpirun: TEST_RANKS tells the number of ranks (ctest starts 1, 2, 3 and 4). Right results
// pass; a lost message, a wrong entry, a contribution that does not arrive and a run that does nothing fail. The faults
// are wrappers around MPI functions (its profiling interface), which exist in this program only.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mpi.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "harness/base/check.hpp"
#include "harness/kernel/kernel.hpp"
#include "harness/kernel/time_kernel.hpp"
#include "harness/ranks/messages.hpp"
#include "kernels/learning/elementwise.hpp"
#include "kernels/network/window_allreduce.hpp"
#include "tests/held_messages.hpp"
#include "tests/mpi_main.hpp"

namespace {

double seen = 0;  // messages that went to MPI
// A copy with the highest bits of the last byte turned.
std::byte* wrong(const void* data, int count, MPI_Datatype type) {
  std::byte* copy = hold(data, count, type);
  held.back().back() ^= std::byte{0x60};
  return copy;
}

}  // namespace

extern "C" {

int MPI_Send(const void* data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm) {
  ++seen;
  return PMPI_Send(fault == "wrong entry" ? wrong(data, count, type) : data, count, type, to, tag, comm);
}
int MPI_Isend(const void* data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request* request) {
  ++seen;
  return PMPI_Isend(fault == "wrong entry" ? wrong(data, count, type) : data, count, type, to, tag, comm, request);
}
int MPI_Recv(void* data, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Status* status) {
  return PMPI_Recv(fault == "lost message" ? hold(data, count, type) : data, count, type, from, tag, comm, status);
}
int MPI_Irecv(void* data, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Request* request) {
  return PMPI_Irecv(fault == "lost message" ? hold(data, count, type) : data, count, type, from, tag, comm, request);
}
int MPI_Allreduce(const void* in, void* out, int count, MPI_Datatype type, MPI_Op operation, MPI_Comm comm) {
  int rank = 0;
  PMPI_Comm_rank(comm, &rank);
  if (fault == "wrong entry" && rank == 0 && count > 0) in = wrong(in == MPI_IN_PLACE ? out : in, count, type);
  if (fault == "lost message" && rank == 0) {
    if (in == MPI_IN_PLACE) in = hold(out, count, type);
    out = hold(out, count, type);
  }
  return PMPI_Allreduce(in, out, count, type, operation, comm);
}
// "lost contribution": what the others put into a window of any size never gets here.
int MPI_Win_shared_query(MPI_Win window, int rank, MPI_Aint* bytes, int* unit, void* base) {
  static std::vector<std::byte> nothing(std::size_t{4} << 20);
  const int result = PMPI_Win_shared_query(window, rank, bytes, unit, base);
  MPI_Group group = MPI_GROUP_NULL;
  int mine = 0;
  PMPI_Win_get_group(window, &group);
  PMPI_Group_rank(group, &mine);
  PMPI_Group_free(&group);
  if (fault == "lost contribution" && *bytes > 4096 && rank != mine) *static_cast<void**>(base) = nothing.data();
  return result;
}
// "lost read": a rank's memory never gets here; "wrong read": its last byte is another; "no reads": the system refuses.
ssize_t process_vm_readv(pid_t process, const iovec* local, unsigned long locals, const iovec* remote,
                         unsigned long remotes, unsigned long flags) {
  if (fault == "no reads") {
    errno = EPERM;
    return -1;
  }
  if (fault == "lost read") return static_cast<ssize_t>(local->iov_len);
  const ssize_t bytes = syscall(SYS_process_vm_readv, process, local, locals, remote, remotes, flags);
  if (fault == "wrong read" && bytes > 0) static_cast<std::byte*>(local->iov_base)[bytes - 1] ^= std::byte{0x60};
  return bytes;
}
// "two nodes": ranks of the second half share no memory with those of the first.
int MPI_Comm_split_type(MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm* part) {
  int rank = 0, size = 1;
  PMPI_Comm_rank(comm, &rank);
  PMPI_Comm_size(comm, &size);
  if (fault == "two nodes") return PMPI_Comm_split(comm, 2 * rank < size ? 0 : 1, key, part);
  return PMPI_Comm_split_type(comm, type, key, info, part);
}
}

namespace tandem::kernels {
KernelEntry network_allreduce();
KernelEntry network_pingpong();
KernelEntry network_halo();
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

std::unique_ptr<Kernel> make(const KernelEntry& entry, const Values& values) {
  Settings settings(entry.parameters);
  for (const auto& [key, value] : values) settings.set(key, value);
  entry.memory(settings, {all_ranks().size(), all_ranks().size()});
  return entry.make(settings, {all_ranks(), 1, 42});
}

std::string refusal(const KernelEntry& entry, const Values& values, Exit code) {
  try {
    make(entry, values);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    return error.what();
  }
  return "accepted";
}

bool passes(Kernel& kernel) { return all_ranks().max(all_pass(kernel.verify()) ? 0 : 1) == 0; }

void run_with(const std::string& name, Kernel& kernel) {
  fault = name;
  kernel.run();
  fault.clear();
  all_ranks().barrier();
  held.clear();
}

// `everywhere`: a fault of one rank is seen whichever rank it is; else all ranks have it.
void accept_and_refuse(Kernel& kernel, const std::vector<std::string>& faults, bool everywhere) {
  const int last = all_ranks().size() - 1;
  for (const Data data : {Data::exact, Data::random}) {
    SCOPED_TRACE(data == Data::exact ? "exact" : "random");
    kernel.prepare(data);
    for (int round = 0; round < 3; ++round) {  // windows and directions are used in turn
      poison(kernel.output());
      EXPECT_FALSE(passes(kernel)) << "nothing was run";
      kernel.run();
      EXPECT_TRUE(passes(kernel));
    }
    const Output output = kernel.output();
    auto* bytes = static_cast<std::byte*>(output.data);
    const std::size_t size = output.count * (output.type == Output::Type::fp64   ? 8
                                             : output.type == Output::Type::bf16 ? 2
                                                                                 : 4);
    if (size > 0 && (!everywhere || all_ranks().rank() == last)) bytes[size - 1] ^= std::byte{0x60};
    EXPECT_FALSE(passes(kernel)) << "one wrong entry";
    if (size > 0) std::memset(bytes, 0, size);
    EXPECT_FALSE(passes(kernel)) << "zeros";
    for (const std::string& name : faults) {
      kernel.prepare(data == Data::exact ? Data::random : Data::exact);  // what buffers still hold is other data
      kernel.run();
      kernel.prepare(data);
      poison(kernel.output());
      run_with(name, kernel);
      EXPECT_FALSE(passes(kernel)) << name;
    }
    kernel.run();
    EXPECT_TRUE(passes(kernel));
  }
}

TEST(AllReduce, every_algorithm_and_precision) {
  const int ranks = all_ranks().size();
  std::vector<Values> ways = {{{"algorithm", "library"}},
                              {{"algorithm", "shared_window"}},
                              {{"algorithm", "direct"}},
                              {{"algorithm", "hierarchical"}},
                              {{"algorithm", "hierarchical"}, {"node_ranks", "1"}}};
  if (ranks % 2 == 0) ways.push_back({{"algorithm", "hierarchical"}, {"node_ranks", "2"}});
  for (const Values& way : ways)
    for (const char* precision : {"fp32", "fp64", "bf16", "int32"})
      for (const char* bytes : {"8", "4k", "1032k"}) {
        Values values = way;
        values.insert(values.end(), {{"precision", precision}, {"bytes", bytes}});
        SCOPED_TRACE(way.back().second + " " + precision + " " + bytes);
        const auto kernel = make(network_allreduce(), values);
        const bool library = way.size() == 1 && way[0].second == "library";
        std::vector<std::string> faults;
        if (library) faults = {"lost message", "wrong entry"};
        if (way[0].second == "direct" && ranks > 1) faults = {"lost read", "wrong read"};
        accept_and_refuse(*kernel, faults, true);
      }
}

// Of one run over all ranks: as Tandem counts them, and as MPI's profiling interface sees them.
std::pair<double, double> messages_of(Kernel& kernel) {
  kernel.prepare(Data::exact);
  kernel.run();
  const double before = static_cast<double>(messages_sent), seen_before = seen;
  kernel.run();
  const double counted = static_cast<double>(messages_sent) - before;
  return {all_ranks().sum(counted), all_ranks().sum(seen - seen_before)};
}

TEST(Messages, AreThoseThatWentToMpi) {
  const int ranks = all_ranks().size();
  const auto reduce = make(network_allreduce(), {});
  EXPECT_EQ(messages_of(*reduce), std::pair(0.0, 0.0)) << "a collective of the library";
  if (ranks == 1) return;
  const auto pingpong = make(network_pingpong(), {});
  EXPECT_EQ(messages_of(*pingpong), std::pair(1.0, 1.0));
  const std::string row = std::to_string(ranks) + "x1x1";
  const auto halo = make(network_halo(), {{"local", "4"}, {"grid", row}});
  const double both_ways = 2.0 * (ranks - 1);
  EXPECT_EQ(messages_of(*halo), std::pair(both_ways, both_ways));
}

TEST(AllReduce, what_does_not_reach_the_window_is_missed) {
  if (all_ranks().size() == 1) GTEST_SKIP() << "one rank has nobody to wait for";
  for (const char* precision : {"fp32", "fp64", "bf16", "int32"}) {
    fault = "lost contribution";
    const auto kernel = make(network_allreduce(), {{"algorithm", "shared_window"}, {"precision", precision}});
    fault.clear();
    for (const Data data : {Data::exact, Data::random}) {
      kernel->prepare(data);
      kernel->run();
      EXPECT_FALSE(passes(*kernel)) << precision;
    }
  }
}

TEST(AllReduce, ranks_that_may_not_read_one_another_are_told) {
  fault = "no reads";
  const std::string reason = refusal(network_allreduce(), {{"algorithm", "direct"}}, Exit::skipped);
  fault.clear();
  EXPECT_NE(reason.find("may not read one another's memory"), std::string::npos) << reason;
}

TEST(AllReduce, between_nodes_a_lost_or_wrong_slice_is_missed) {
  if (all_ranks().size() % 2 != 0) GTEST_SKIP() << "two nodes want an even number of ranks";
  fault = "two nodes";
  const auto kernel = make(network_allreduce(), {{"algorithm", "hierarchical"}});
  fault.clear();
  accept_and_refuse(*kernel, {"lost message", "wrong entry"}, true);
}

TEST(AllReduce, refuses_what_it_cannot_run) {
  const KernelEntry entry = network_allreduce();
  EXPECT_NE(refusal(entry, {{"algorithm", "ring"}}, Exit::usage).find("none of library"), std::string::npos);
  EXPECT_NE(refusal(entry, {{"precision", "fp16"}}, Exit::usage).find("none of fp32"), std::string::npos);
  EXPECT_NE(refusal(entry, {{"node_ranks", "2"}}, Exit::usage).find("hierarchical"), std::string::npos);
  EXPECT_NE(refusal(entry, {{"bytes", "12"}}, Exit::usage).find("multiple of 8"), std::string::npos);
  if (all_ranks().size() == 1) return;
  fault = "two nodes";
  for (const char* algorithm : {"shared_window", "direct"})
    EXPECT_NE(refusal(entry, {{"algorithm", algorithm}}, Exit::skipped).find("node"), std::string::npos);
  if (all_ranks().size() == 3) {
    EXPECT_NE(refusal(entry, {{"algorithm", "hierarchical"}}, Exit::skipped).find("nodes of 1 and of 2"),
              std::string::npos);
  }
  fault.clear();
}

// A step of bf16 is 2^-7 to 2^-8 of a value: at 2 ranks the bound of one rounding accepts one of them and no more.
TEST(AllReduce, bf16_is_held_to_its_bound) {
  if (all_ranks().size() != 2) GTEST_SKIP() << "for 2 ranks";
  for (const char* algorithm : {"library", "shared_window", "direct"}) {
    const auto kernel = make(network_allreduce(), {{"precision", "bf16"}, {"algorithm", algorithm}});
    kernel->prepare(Data::random);
    kernel->run();
    ASSERT_TRUE(passes(*kernel));
    static_cast<Bf16*>(kernel->output().data)[7].bits += 2;
    EXPECT_FALSE(passes(*kernel)) << algorithm;
  }
}

// Any count, in place, again and again with other values: no chunk is overtaken by the next.
TEST(WindowAllReduce, adds_any_count_in_place) {
  const Nodes nodes(all_ranks());
  WindowAllReduce window(nodes);
  constexpr std::size_t chunk = WindowAllReduce::chunk_bytes / sizeof(double);
  const int ranks = all_ranks().size();
  for (int round = 0; round < 5; ++round)
    for (const std::size_t count : {std::size_t{1}, std::size_t{7}, std::size_t{9}, chunk - 1, 3 * chunk + 5}) {
      std::vector<double> x(count);
      for (std::size_t i = 0; i < count; ++i) x[i] = all_ranks().rank() + static_cast<double>(i) * (round + 1);
      window.sum(x.data(), x.data(), count, MPI_DOUBLE, MPI_SUM);
      for (std::size_t i = 0; i < count; ++i)
        ASSERT_EQ(x[i], ranks * (ranks - 1) * 0.5 + static_cast<double>(i) * (round + 1) * ranks) << count << ' ' << i;
    }
}

TEST(PingPong, both_directions) {
  if (all_ranks().size() == 1) {
    EXPECT_NE(refusal(network_pingpong(), {}, Exit::skipped).find("needs 2 ranks"), std::string::npos);
    return;
  }
  for (const char* bytes : {"8", "1000", "1M"}) {
    const auto kernel = make(network_pingpong(), {{"bytes", bytes}});
    accept_and_refuse(*kernel, {"lost message", "wrong entry", "wrong entry"}, false);
    EXPECT_EQ(all_ranks().sum(kernel->facts().bytes), std::string(bytes) == "1M" ? 0x1p20 : std::stod(bytes));
  }
  EXPECT_NE(refusal(network_pingpong(), {{"bytes", "9"}}, Exit::usage).find("multiple of 8"), std::string::npos);
}

TEST(HaloExchange, every_shape) {
  if (all_ranks().size() == 1) {
    EXPECT_NE(refusal(network_halo(), {}, Exit::skipped).find("needs 2 ranks"), std::string::npos);
    return;
  }
  for (const char* local : {"1", "5x3x2", "16"}) {
    const auto kernel = make(network_halo(), {{"local", local}});
    accept_and_refuse(*kernel, {"lost message", "wrong entry"}, true);
    EXPECT_GT(kernel->facts().bytes, 0);
  }
  EXPECT_NE(refusal(network_halo(), {{"local", "0"}}, Exit::usage).find("expected points a rank"), std::string::npos);
  EXPECT_NE(refusal(network_halo(), {{"grid", "5x5x5"}}, Exit::usage).find("is a grid of 125 ranks"),
            std::string::npos);
}

}  // namespace
}  // namespace tandem::kernels
