// Paths of the one-factor Bergomi model (Bergomi, "Smile dynamics II", Risk, October 2005), flat forward variances:
//
//   dS_i / S_i = r dt + s_i h dW_i,   h^2 = exp(nu X - nu^2/2 Var X),   dX = -k X dt + dZ,   X(0) = 0
//   W_i = sqrt(rho) W_0 + sqrt(1 - rho) B_i,   corr(Z, W_0) = leverage
//
// Exact steps for X, log-Euler for S. Given nu and k, every price is a function of sums that no market enters:
//   ln S_i(t) = ln S_i + r t + s_i (sqrt(rho) A_0 + sqrt(1 - rho) A_i) - s_i^2/2 V,
//   A_0 = sum h dW_0,  A_i = sum h dB_i,  V = sum h^2 dt,  h at the beginning of each step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/montecarlo/sobol.hpp"

namespace tandem::kernels {

inline constexpr std::size_t most_assets = 50;

struct BergomiModel {
  std::size_t assets = 6, steps = 48;
  double years = 1;
  double reversion = 2;     // k, 1 / year
  double vol_of_vol = 1.6;  // nu, 1 / sqrt(year)
  double leverage = -0.7;

  double step() const { return years / static_cast<double>(steps); }
  std::size_t factors() const { return assets + 2; }  // W_0, Z's own, B_1 ...
  std::size_t dimensions() const { return factors() * steps; }
  double variance(double t) const;  // of X(t)
};

double driving_flops(const BergomiModel& model);  // of the sums of one path

// Sums after each step: sums[step][factor] holds A_0, V, A_1, A_2 ... of 16 paths.
class BergomiDriver {
 public:
  BergomiDriver(const BergomiModel& model, std::uint64_t scramble);
  const BergomiModel& model() const { return model_; }
  const Sobol& sobol() const { return sobol_; }
  std::size_t sums() const { return model_.dimensions(); }  // of a block, in Lanes

  // Of the paths 16 block .. 16 block + 15 under a digital shift. `words` and `sums` are scratch and result.
  void drive(std::size_t block, std::span<const std::uint32_t> shift, std::span<std::uint32_t> words,
             Lanes* sums) const;

 private:
  // Brownian bridge: where this level's point lies between points that are built; steps count from 1, 0 is the origin.
  struct Node {
    std::size_t at, left, right;
    float from_left, from_right, deviation;
  };
  void bridge(std::span<const std::uint32_t> words, Lanes* sums) const;
  void accumulate(Lanes* sums) const;

  BergomiModel model_;
  Sobol sobol_;
  NormalTable normal_;
  std::vector<Node> nodes_;            // level n takes the dimensions factors * n .. factors * n + factors - 1
  std::vector<float> half_variances_;  // nu^2/2 Var X at the beginning of each step
};

}  // namespace tandem::kernels
