// V(1,1) multigrid for a symmetric positive definite 27-point operator, a symmetric preconditioner.
// Smoother: Gauss-Seidel over whole columns in z (tridiagonal solves, robust where layers are thin) in four colours
// (parities of x and y), forward before and backward after: no result depends on the number of threads. Coarsening in
// x and y only, bilinear transfer, Galerkin coarse operators (Trottenberg, Oosterlee, Schueller, Multigrid, ch. 5).
#pragma once

#include <vector>

#include "kernels/sparse/stencil27.hpp"

namespace tandem::kernels {

// What lies beyond the last node of an even number of nodes: nothing (the value goes on) or a zero.
enum class Edge { natural, zero };

template <typename T>
class Multigrid {
 public:
  Multigrid(const Grid27& grid, Edge edge, bool threaded);

  // Copies the operator and builds the coarse ones and the column factors.
  template <typename A>
  void set_up(const Stencil27<A>& a);
  // z = M r; vectors of grid.size() elements whose zeros around the grid hold; z's stay.
  template <typename V>
  void apply(const V* r, V* z);

  // The copy of the operator that was set up, in this precision.
  const Stencil27<T>& matrix() const { return levels_[0].matrix; }
  std::size_t levels() const { return levels_.size(); }
  const Grid27& grid(std::size_t level) const { return levels_[level].matrix.grid; }

 private:
  struct Level {
    Stencil27<T> matrix;
    Buffer<T> pivot, ratio;          // of the columns' LDL factors, in vector layout
    Buffer<T> right, unknown, rest;  // right-hand side, solution, residual
    bool threaded = false;
    explicit Level(const Grid27& grid, bool parallel);
  };
  void factor(Level& level);
  void descend(Level& fine);  // pre-smoothing from zero, residual into rest
  void restrict_to(const Level& fine, Level& coarse);
  void prolong(const Level& coarse, Level& fine);
  void ascend(Level& fine);  // post-smoothing

  T end_weight_;
  std::vector<Level> levels_;
};

extern template class Multigrid<float>;
extern template class Multigrid<double>;

}  // namespace tandem::kernels
