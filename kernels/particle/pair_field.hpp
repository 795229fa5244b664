// Energies of moving sites in the field of fixed ones and the forces on them, all pairs, for many replicas of the
// moving sites at once: replicas are the lanes of the vectors. No cut-off: hundreds of fixed sites need no cell lists.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "harness/device/buffer.hpp"
#include "kernels/particle/site.hpp"

namespace tandem::kernels {

// T: float or double.
template <typename T>
class PairField {
 public:
  static constexpr std::size_t width = 64 / sizeof(T);  // lanes of one vector

  // `kinds`: of moving sites, known by their index from then on.
  PairField(std::span<const Site> fixed, std::span<const SiteKind> kinds, const Interaction& interaction = {});

  // Arrays [site][x, y, z][lane] of the positions and, written, the forces; energies [lane], summed over all sites.
  // `lanes` must be a multiple of `width`. Arrays are aligned to 64 bytes. Not thread-parallel inside.
  void forces(std::span<const std::size_t> kinds_of_sites, std::size_t lanes, const T* positions, T* forces,
              T* energies) const;

  std::size_t fixed() const { return count_; }
  // Operations of one lane of a call by the formulas, each + - * / and square root one: 25 a pair (9 for the squared
  // distance and its inverse, 10 for the terms of energy and force, 6 for the sums of the force), 27 more where both
  // have charges (41 in fp64, whose exponential takes a longer polynomial). The maximum with the core is not counted.
  double flops(std::span<const std::size_t> kinds_of_sites) const;
  double bytes(std::size_t sites, std::size_t lanes) const;  // positions read, forces and energies written, the table

 private:
  // Constants of one pair: position of the fixed site, least r^2, 24 eps s^12, 24 eps s^6, l_B q q'.
  struct Row {
    T x, y, z, core, repulsion, attraction, charges, unused;
  };
  template <std::size_t vectors>
  void site(std::size_t kind, std::size_t lanes, const T* positions, T* forces, T* energies) const;

  std::size_t count_, charged_ = 0;  // fixed sites, those with charges first
  std::vector<bool> has_charge_;     // of each kind
  T kappa_;
  Buffer<Row> rows_;  // [kind, fixed site]
};

}  // namespace tandem::kernels
