// Started by lu_test under mpirun: dense/lu on several ranks, on sound messages or with a fault in them. The faults are
// wrappers around MPI functions (its profiling interface), which exist in this program only.
//   lu_ranks <ranks> <settings> [fault ...]   prints a line for no fault and for each fault: which data was accepted
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include <mpi.h>
#include <omp.h>

#include "harness/base/check.hpp"
#include "harness/kernel/kernel.hpp"
#include "harness/kernel/time_kernel.hpp"

namespace tandem::kernels {
KernelEntry dense_lu();
}

namespace {

std::string fault;     // of the run under way
int strikes_left = 0;  // the fault hits one message: the one at which this becomes 0
std::vector<double> nowhere;

bool strikes(const char* name) { return fault == name && --strikes_left == 0; }

// Where a message goes that is to be lost; it holds what was there before.
void* lost(const void* buffer, int count, MPI_Datatype type) {
  int bytes = 0;
  PMPI_Type_size(type, &bytes);
  nowhere.assign(static_cast<std::size_t>(count) * static_cast<std::size_t>(bytes) / sizeof(double), 0.0);
  if (buffer != MPI_IN_PLACE) std::memcpy(nowhere.data(), buffer, nowhere.size() * sizeof(double));
  return nowhere.data();
}

bool receives(int root, MPI_Comm comm) {
  int rank = 0;
  PMPI_Comm_rank(comm, &rank);
  return rank != root;
}

}  // namespace

extern "C" {

int MPI_Ibcast(void* buffer, int count, MPI_Datatype type, int root, MPI_Comm comm, MPI_Request* request) {
  auto* values = static_cast<double*>(buffer);
  if (strikes("lost panel") && receives(root, comm)) buffer = lost(buffer, count, type);
  if (strikes("swapped pivots") && !receives(root, comm)) std::swap(values[0], values[1]);
  if (strikes("wrong entry") && !receives(root, comm)) values[count - 1] += 0.5;
  return PMPI_Ibcast(buffer, count, type, root, comm, request);
}

int MPI_Bcast(void* buffer, int count, MPI_Datatype type, int root, MPI_Comm comm) {
  if (type == MPI_DOUBLE && strikes("lost part of x") && receives(root, comm)) buffer = lost(buffer, count, type);
  return PMPI_Bcast(buffer, count, type, root, comm);
}

int MPI_Irecv(void* buffer, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Request* request) {
  if (strikes("lost rows down")) buffer = lost(buffer, count, type);
  return PMPI_Irecv(buffer, count, type, from, tag, comm, request);
}

int MPI_Allgatherv(const void* mine, int count, MPI_Datatype type, void* all, const int* counts, const int* starts,
                   MPI_Datatype types, MPI_Comm comm) {
  int size = 0;
  PMPI_Comm_size(comm, &size);
  if (strikes("lost rows up")) all = lost(all, starts[size - 1] + counts[size - 1], types);
  return PMPI_Allgatherv(mine, count, type, all, counts, starts, types, comm);
}

int MPI_Allreduce(const void* mine, void* all, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  const int error = PMPI_Allreduce(mine, all, count, type, op, comm);
  if (type != MPI_DOUBLE && strikes("wrong pivot row") && receives(0, comm)) static_cast<double*>(all)[3] += 0.5;
  return error;
}

}  // extern "C"

namespace {

using namespace tandem;

Settings settings_of(const KernelEntry& entry, const std::string& text) {
  Settings settings(entry.parameters);
  std::stringstream parts(text);
  for (std::string part; std::getline(parts, part, '/');)
    settings.set(part.substr(0, part.find('=')), part.substr(part.find('=') + 1));
  return settings;
}

bool accepted(Kernel& kernel, Data data) {
  kernel.prepare(data);
  poison(kernel.output());
  strikes_left = 2;  // not the first message of its kind
  kernel.run();
  strikes_left = 0;
  return all_pass(kernel.verify());
}

// "exact" and "random" separately: a fault that only one of them shows would leave half of the verification blind.
void judge(Kernel& kernel, const std::string& name, const Ranks& ranks) {
  fault = name;
  const bool exact = accepted(kernel, Data::exact), random = accepted(kernel, Data::random);
  if (ranks.root())
    std::printf("%s: exact %s, random %s\n", name.c_str(), exact ? "accepted" : "refused",
                random ? "accepted" : "refused");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    check_usage(argc >= 3, "lu_ranks <ranks> <settings> [fault ...]");
    omp_set_num_threads(1);
    const Ranks ranks(std::stoi(argv[1]), "the launcher of the test");
    const KernelEntry entry = kernels::dense_lu();
    const auto kernel = entry.make(settings_of(entry, argv[2]), KernelContext{ranks, 1, 42});
    judge(*kernel, "no fault", ranks);
    for (int i = 3; i < argc; ++i) judge(*kernel, argv[i], ranks);
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.code());
  }
}
