// The preconditioner of multigrid.hpp for many cases on a device: the same V(1,1) cycle with column Gauss-Seidel in
// four colours, the same transfers and Galerkin operators, natural edges.
#pragma once

#include <vector>

#include "kernels/sparse/batched_level.hpp"

namespace tandem::GPU_VENDOR {

class BatchedMultigrid {
 public:
  BatchedMultigrid(BatchedGrid grid, std::size_t most_cases);

  // Vectors become zero, around the grids too.
  void start_batch(unsigned cases);
  // The finest operator has been written; the coarse ones and the columns' factors follow.
  void start_set_up(const unsigned* open);
  // finest().unknown = M finest().right
  void start(const unsigned* open);

  BatchedView finest(const unsigned* open) { return levels_.front().view(open); }
  const BatchedGrid& grid() const { return levels_.front().grid(); }

 private:
  std::vector<BatchedLevel> levels_;
};

}  // namespace tandem::GPU_VENDOR
