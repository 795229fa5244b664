// HPCG preconditioned iteration on all ranks at once, in plain global loops: what the distributed one must agree with.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/sparse/hpcg.hpp"

namespace tandem::kernels {

// All ranks in one: global arrays in natural order; blocks see one another's values from before a sweep.
struct Emulation {
  struct Grid {
    Triple n, block;
    std::vector<std::size_t> order;  // of the rows in a sweep
    std::size_t size() const { return static_cast<std::size_t>(n[0] * n[1] * n[2]); }
  };
  std::vector<Grid> grids;

  Emulation(const Block& block, Order order) {
    for (Block b = block; grids.size() < hpcg_levels; b = b.coarse()) {
      Grid g{{b.whole(0), b.whole(1), b.whole(2)}, b.points, {}};
      g.order.resize(g.size());
      std::iota(g.order.begin(), g.order.end(), 0);
      const auto colour =
          [&](std::size_t row) {  // greedy colouring of a block is by the parities of its coordinates; odd first
            const Triple at = place(g, row);
            std::int64_t parity = 0;
            for (std::size_t a = 3; a-- > 0;) parity = 2 * parity + at[a] % g.block[a] % 2;
            return parity;
          };
      if (order == Order::colours)
        std::stable_sort(g.order.begin(), g.order.end(), [&](auto i, auto j) { return colour(i) > colour(j); });
      grids.push_back(g);
    }
  }

  static Triple place(const Grid& g, std::size_t row) {
    const auto i = static_cast<std::int64_t>(row);
    return {i % g.n[0], i / g.n[0] % g.n[1], i / g.n[0] / g.n[1]};
  }
  template <typename Visit>
  static void each_neighbour(const Grid& g, std::size_t row, const Visit& visit) {
    const Triple at = place(g, row);
    for (int d = 0; d < 27; ++d) {
      const Triple to{at[0] + d % 3 - 1, at[1] + d / 3 % 3 - 1, at[2] + d / 9 - 1};
      bool inside = d != 13, same = true;
      for (std::size_t a = 0; a < 3; ++a) {
        inside = inside && to[a] >= 0 && to[a] < g.n[a];
        same = same && to[a] / g.block[a] == at[a] / g.block[a];
      }
      if (inside) visit(static_cast<std::size_t>((to[2] * g.n[1] + to[1]) * g.n[0] + to[0]), same);
    }
  }
  using Vector = std::vector<double>;
  static Vector multiply(const Grid& g, const Vector& x) {
    Vector y(x.size());
    for (std::size_t row = 0; row < x.size(); ++row) {
      y[row] = 26 * x[row];
      each_neighbour(g, row, [&](std::size_t j, bool) { y[row] -= x[j]; });
    }
    return y;
  }
  static void smooth(const Grid& g, const Vector& r, Vector& x) {
    const Vector before = x;
    const auto relax = [&](std::size_t row) {
      double sum = r[row];
      each_neighbour(g, row, [&](std::size_t j, bool same) { sum += same ? x[j] : before[j]; });
      x[row] = sum / 26;
    };
    for (const std::size_t row : g.order) relax(row);
    for (std::size_t i = g.order.size(); i-- > 0;) relax(g.order[i]);
  }
  Vector cycle(std::size_t l, const Vector& r) const {
    const Grid& g = grids[l];
    Vector x(r.size(), 0.0);
    smooth(g, r, x);
    if (l + 1 == grids.size()) return x;
    const Grid& c = grids[l + 1];
    const Vector ax = multiply(g, x);
    const auto fine = [&](std::size_t row) {
      const Triple at = place(c, row);
      return static_cast<std::size_t>((2 * at[2] * g.n[1] + 2 * at[1]) * g.n[0] + 2 * at[0]);
    };
    Vector right(c.size());
    for (std::size_t row = 0; row < right.size(); ++row) right[row] = r[fine(row)] - ax[fine(row)];
    const Vector correction = cycle(l + 1, right);
    for (std::size_t row = 0; row < right.size(); ++row) x[fine(row)] += correction[row];
    smooth(g, r, x);
    return x;
  }
  static double dot(const Vector& x, const Vector& y) { return std::inner_product(x.begin(), x.end(), y.begin(), 0.0); }
  // Norms of the residual of A x = A 1 from x = 0.
  Vector history(std::size_t iterations) const {
    Vector r = multiply(grids[0], Vector(grids[0].size(), 1.0)), p(r.size(), 0.0), norms{std::sqrt(dot(r, r))};
    for (double rho = 1; norms.size() <= iterations;) {
      const Vector z = cycle(0, r);
      const double before = rho;
      rho = dot(r, z);
      for (std::size_t i = 0; i < p.size(); ++i) p[i] = z[i] + (norms.size() > 1 ? rho / before : 0) * p[i];
      const Vector q = multiply(grids[0], p);
      const double alpha = rho / dot(p, q);
      for (std::size_t i = 0; i < p.size(); ++i) r[i] -= alpha * q[i];
      norms.push_back(std::sqrt(dot(r, r)));
    }
    return norms;
  }
};

}  // namespace tandem::kernels
