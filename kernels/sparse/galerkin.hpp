// Galerkin coarse operator P^T A P of a 27-point operator for bilinear interpolation in x and y (z is kept): coarse
// nodes are the even ones. Done as two one-dimensional products, so that the result has 27 points again.
#pragma once

#include "kernels/sparse/stencil27.hpp"

namespace tandem::kernels {

// `end_weight` interpolates the last of an even number of nodes from the last coarse one: 1, or 1/2 before a zero.
template <typename T>
void galerkin(const Stencil27<T>& fine, T end_weight, bool threaded, Stencil27<T>& coarse);

}  // namespace tandem::kernels
