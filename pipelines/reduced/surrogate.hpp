// Fields from a few coefficients: field = scale (mean + sum_k c_k basis_k), c = regression(inputs of the case), the
// basis by proper orthogonal decomposition. A network and its rivals differ in the regression only.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "harness/base/image.hpp"
#include "harness/pipeline/pipeline.hpp"
#include "kernels/dense/onednn.hpp"
#include "kernels/learning/elementwise.hpp"
#include "kernels/learning/mlp.hpp"
#include "kernels/learning/pod.hpp"
#include "pipelines/reduced/map.hpp"

namespace tandem::pipelines {

// From inputs [rows, inputs] to coefficients [rows, modes]. Not for concurrent use.
class Regression {
 public:
  virtual ~Regression() = default;
  virtual void coefficients(std::span<const double> inputs, std::size_t rows, std::span<double> to) = 0;
  // d/d inputs [rows, inputs] of the sum of weights [rows, modes] times coefficients.
  virtual void pull(std::span<const double> inputs, std::size_t rows, std::span<const double> weights,
                    std::span<double> to) = 0;
  virtual double flops() const = 0;  // of the coefficients of one row
};

// A training pair in the space of the regression.
struct ReducedPoint {
  std::vector<double> inputs;
  std::vector<double> coefficients;
  double norm = 0;  // FieldMap::norm
};

class ReducedBasis {
 public:
  explicit ReducedBasis(std::shared_ptr<const FieldMap> map) : map_(std::move(map)) {}
  // Becomes the POD of these samples of this rank, over their scales. On every rank.
  void fit(std::span<const Sample* const> mine, std::size_t modes, const Ranks& ranks);
  ReducedPoint project(const Sample& sample) const;
  std::vector<ReducedPoint> project(std::span<const Sample* const> samples) const;  // to rounding the same

  const FieldMap& map() const { return *map_; }
  const std::shared_ptr<const FieldMap>& shared_map() const { return map_; }
  const kernels::Pod& pod() const { return pod_; }
  void save(ImageWriter& image) const;
  void load(ImageReader& image);

 private:
  std::shared_ptr<const FieldMap> map_;
  kernels::Pod pod_;
};

class ReducedSurrogate : public Model {
 public:
  // `format`: of the factors of the products that make fields and pull them back, fp32 or bf16; their sums are fp32.
  ReducedSurrogate(const ReducedBasis& basis, std::unique_ptr<Regression> regression,
                   kernels::MlpPrecision format = kernels::MlpPrecision::fp32);
  ~ReducedSurrogate() override;
  Fields predict(std::span<const Case> cases) const override;
  Fields predict_part(std::span<const Case> cases, std::size_t begin, std::size_t end) const override;
  Fields vjp(std::span<const Case> cases, const Seed& seed) const override;
  double flops() const override { return 2 * static_cast<double>((modes_ + 1) * values_) + regression_->flops(); }

 private:
  struct Plan;  // buffers and products for a fixed number of rows and a range of values
  Plan& plan(std::size_t rows, std::size_t begin, std::size_t end) const;
  kernels::Operand basis(bool transposed, std::size_t begin) const;
  void fill(Plan& plan, std::span<const Case> cases) const;
  void pull(Plan& tile, std::span<const Case> cases, Fields& result, std::size_t at) const;

  std::shared_ptr<const FieldMap> map_;
  std::size_t modes_, values_, inputs_;
  std::vector<float> basis_;               // [modes + 1, values], the mean last
  std::vector<kernels::Bf16> basis_bf16_;  // or this one
  std::unique_ptr<Regression> regression_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Plan>> plans_;
};

}  // namespace tandem::pipelines
