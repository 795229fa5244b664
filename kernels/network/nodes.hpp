// The ranks by node: those that share memory with this one, and those of the same place on every node.
#pragma once

#include <mpi.h>

#include "harness/ranks/ranks.hpp"

namespace tandem::kernels {

class Nodes {
 public:
  // Collective. `group` > 0: groups of so many neighbouring ranks of a node stand in for nodes (sockets, or several
  // nodes rehearsed on one). Unsupported where nodes have different numbers of ranks.
  explicit Nodes(const Ranks& ranks, int group = 0);
  ~Nodes();
  Nodes(const Nodes&) = delete;
  Nodes& operator=(const Nodes&) = delete;

  int count() const { return count_; }
  int ranks_each() const { return ranks_each_; }
  MPI_Comm node() const { return node_; }
  MPI_Comm across() const { return across_; }  // one rank of each node

 private:
  void release();
  MPI_Comm node_ = MPI_COMM_NULL, across_ = MPI_COMM_NULL;
  int count_ = 1, ranks_each_ = 1;
};

}  // namespace tandem::kernels
