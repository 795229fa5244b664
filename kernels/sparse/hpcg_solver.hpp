// HPCG's preconditioner on ranks: four levels of the 27-point matrix, each with half the points an axis of the one
// before; symmetric Gauss-Seidel before and after, injection of the residual, addition of the correction (Dongarra,
// Heroux, Luszczek, Int. J. High Performance Computing Applications 30, 2016). Within a rank the smoother is exact in
// the chosen order; values of other ranks are those from before the sweep.
#pragma once

#include "kernels/sparse/distributed.hpp"
#include "kernels/sparse/hpcg_judge.hpp"

namespace tandem::kernels {

template <typename T>  // of all values and vectors: float or double
class HpcgSolver {
 public:
  HpcgSolver(const Ranks& ranks, const Block& block, const Storage& storage);

  template <typename V>
  void precondition(const V* r, T* z);  // z = M r
  DistributedMatrix<T>& matrix(std::size_t level = 0) { return levels_[level].matrix; }
  const DistributedMatrix<T>& matrix(std::size_t level = 0) const { return levels_[level].matrix; }
  const Block& block(std::size_t level = 0) const { return levels_[level].block; }

  double cycle_bytes() const;  // matrices and vectors, least traffic of one preconditioning
  double working_set() const;

 private:
  struct Level {
    Block block;
    DistributedMatrix<T> matrix;
    std::vector<std::int32_t> chunks;  // with rows that the next level has
    std::vector<std::int32_t> fine;    // slot on this level of each row of the next
    Buffer<T> right, unknown, rest;
  };
  void cycle(std::size_t level, T* r, T* z);
  static Level make_level(const Ranks& ranks, const Block& block, const Storage& storage, bool coarsest);

  std::vector<Level> levels_;
};

extern template class HpcgSolver<float>;
extern template class HpcgSolver<double>;

}  // namespace tandem::kernels
