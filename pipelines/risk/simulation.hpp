// Prices of the book by scrambled Sobol paths: every market has a digital shift of its own, drawn from its parameters
// and the fidelity, and the truth uses another scrambling than training: no two fidelities share a point. Cases run
// side by side, one thread each.
#pragma once

#include <memory>

#include "pipelines/risk/size.hpp"

namespace tandem::pipelines {

// The coarse method: fewer paths, and the same ones for all markets, so that only the last step is left of each path:
// prices from the driving sums (kernels/montecarlo/bergomi.hpp).
class RiskCoarse : public Model {
 public:
  RiskCoarse(const RiskSize& size, std::size_t paths, int threads);
  Fields predict(std::span<const Case> cases) const override;
  double flops() const override;

 private:
  kernels::BookPricer pricer_;
  Buffer<kernels::Lanes> table_;
  int threads_;
};

class RiskSimulation : public Simulation {
 public:
  RiskSimulation(const RiskSize& size, int threads);
  // Arrays "parameters", "price" [products] and, of training samples, "jacobian" [products, parameters].
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override;
  std::span<const float> outputs(const Sample& sample) const override;
  // Per notional: calls less puts of one strike against the discounted forward average, which is known; prices that are
  // negative or fall out of order in the strikes.
  double invariant(const Case& problem_case, std::span<const float> outputs) const override;
  std::unique_ptr<Model> coarse_model() const override;

 private:
  const RiskSize& size_;
  int threads_;
  kernels::BookPricer train_, truth_;
  std::unique_ptr<Model> coarse_;
};

}  // namespace tandem::pipelines
