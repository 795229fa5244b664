// Temperature fields from a few coefficients: theta = s (mean + sum_k c_k basis_k), c = regression(inputs of the case).
// The network and its rivals differ in the regression only.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "harness/base/image.hpp"
#include "harness/pipeline/pipeline.hpp"
#include "kernels/dense/onednn.hpp"
#include "kernels/learning/elementwise.hpp"
#include "kernels/learning/pod.hpp"
#include "pipelines/heat/features.hpp"
#include "pipelines/heat/size.hpp"

namespace tandem::pipelines {

// From inputs [rows, heat_inputs] to coefficients [rows, modes]. Not for concurrent use.
class HeatRegression {
 public:
  virtual ~HeatRegression() = default;
  virtual void coefficients(std::span<const double> inputs, std::size_t rows, std::span<double> to) = 0;
  // d/d inputs [rows, heat_inputs] of the sum of weights [rows, modes] times coefficients.
  virtual void pull(std::span<const double> inputs, std::size_t rows, std::span<const double> weights,
                    std::span<double> to) = 0;
  virtual double flops() const = 0;  // of the coefficients of one row
};

// A training pair in the space of the regression.
struct HeatPoint {
  std::array<double, heat_inputs> inputs = {};
  std::vector<double> coefficients;
  double norm = 0;  // of theta / s
};

class HeatBasis {
 public:
  HeatBasis() = default;
  // POD of these samples of this rank, over their scales. On every rank.
  HeatBasis(std::span<const Sample* const> mine, std::size_t nodes, std::size_t modes, const Ranks& ranks);
  HeatPoint project(const Sample& sample) const;

  const kernels::Pod& pod() const { return pod_; }
  void save(ImageWriter& image) const;
  void load(ImageReader& image);

 private:
  kernels::Pod pod_;
};

class HeatSurrogate : public Model {
 public:
  // `format`: of the factors of the products that make fields and pull them back, fp32 or bf16; their sums are fp32.
  HeatSurrogate(const HeatBasis& basis, std::unique_ptr<HeatRegression> regression,
                HeatFormat format = HeatFormat::fp32);
  ~HeatSurrogate() override;
  Fields predict(std::span<const Case> cases) const override;
  Fields vjp(std::span<const Case> cases, const Seed& seed) const override;
  double flops() const override { return 2 * static_cast<double>((modes_ + 1) * nodes_) + regression_->flops(); }

 private:
  struct Plan;  // buffers and products for a fixed number of rows
  Plan& plan(std::size_t rows) const;
  kernels::Operand basis(bool transposed) const;
  void fill(Plan& plan, std::span<const Case> cases) const;
  void pull(Plan& tile, std::span<const Case> cases, Fields& result, std::size_t at) const;

  std::size_t modes_, nodes_, tile_;
  std::vector<float> basis_;               // [modes + 1, nodes], the mean last
  std::vector<kernels::Bf16> basis_bf16_;  // or this one
  std::unique_ptr<HeatRegression> regression_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Plan>> plans_;
};

}  // namespace tandem::pipelines
