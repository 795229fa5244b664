// Sites that attract and repel one another, in reduced units (length sigma, energy k T): Lennard-Jones 12-6 and a
// screened Coulomb potential,
//
//   E(r) = 4 eps [(s/r)^12 - (s/r)^6] + l_B q q' exp(-kappa r) / r,
//   s = (sigma + sigma')/2,  eps = sqrt(epsilon epsilon')            (Lorentz 1881, Berthelot 1898)
//
// with r^2 taken as at least core s^2, so that sites that overlap keep finite energies and forces.
#pragma once

namespace tandem::kernels {

struct SiteKind {
  double sigma = 1, epsilon = 1, charge = 0;
};

struct Site {
  double x = 0, y = 0, z = 0;
  SiteKind kind;
};

struct Interaction {
  double bjerrum = 5;  // l_B
  double kappa = 0.5;  // inverse screening length
  double core = 0.64;  // least r^2 / s^2
};

}  // namespace tandem::kernels
