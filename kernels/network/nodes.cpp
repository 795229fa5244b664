#include "kernels/network/nodes.hpp"

#include "harness/base/check.hpp"

namespace tandem::kernels {

Nodes::Nodes(const Ranks& ranks, int group) {
  const MPI_Comm all = ranks.comm();
  MPI_Comm shared = MPI_COMM_NULL;
  MPI_Comm_split_type(all, MPI_COMM_TYPE_SHARED, ranks.rank(), MPI_INFO_NULL, &shared);
  int place = 0;
  MPI_Comm_rank(shared, &place);
  MPI_Comm_split(shared, group > 0 ? place / group : 0, place, &node_);
  MPI_Comm_free(&shared);
  MPI_Comm_rank(node_, &place);
  MPI_Comm_size(node_, &ranks_each_);
  MPI_Comm_split(all, place, ranks.rank(), &across_);
  MPI_Comm_size(across_, &count_);
  const double most = ranks.max(ranks_each_), least = -ranks.max(-ranks_each_);
  if (most == least) return;
  release();
  throw Unsupported(
      fmt::format("nodes of {:.0f} and of {:.0f} ranks: every node must have as many as the others", least, most));
}

Nodes::~Nodes() { release(); }

void Nodes::release() {
  MPI_Comm_free(&node_);
  MPI_Comm_free(&across_);
}

}  // namespace tandem::kernels
