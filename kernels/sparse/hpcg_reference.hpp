// HPCG's solver once more, as it is defined and nothing else: matrix-free on a block with a layer of neighbours'
// points, sweeps in the natural order, one thread. It gives the residual that 50 natural iterations reach, and judges
// results.
#pragma once

#include <functional>

#include "kernels/sparse/block.hpp"
#include "kernels/sparse/conjugate_gradient.hpp"

namespace tandem::kernels {

class HpcgReference {
 public:
  HpcgReference(const Ranks& ranks, const Block& block);

  // Vectors are boxes (Block::box) with zeros beyond the whole grid.
  std::size_t size() const { return static_cast<std::size_t>(levels_[0].block.box_size()); }
  // x of a function of the number of a point, neighbours' points included.
  void fill(std::size_t level, const std::function<double(std::int64_t)>& value, double* x) const;
  // y = A x for an x whose neighbours' points are known.
  void product(std::size_t level, const double* x, double* y) const;
  void multiply(double* x, double* y);  // fetches them first
  void precondition(const double* r, double* z);
  CgResult solve(const double* right, double* x, std::size_t iterations);

 private:
  struct Level {
    Block block;
    Halo halo;
    Buffer<double> right, unknown;
  };
  void smooth(Level& level, const double* r, double* x);
  void cycle(std::size_t level, const double* r, double* z);

  const Ranks& ranks_;
  std::vector<Level> levels_;
};

}  // namespace tandem::kernels
