// How the cases and samples of a pipeline enter a reduced model, which predicts whole fields from a few coefficients:
// field = scale (mean + sum_k c_k basis_k), c = regression(inputs).
#pragma once

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "harness/base/check.hpp"

namespace tandem::pipelines {

struct ReducedInputs {
  std::vector<double> values;  // about -1..1
  double scale = 1;            // fields are learnt over it; NaN: outside the domain, and so is the prediction
};

class FieldMap {
 public:
  virtual ~FieldMap() = default;
  virtual std::string pipeline() const = 0;  // for messages
  virtual std::string array() const = 0;     // of a sample, the field; its "parameters" are those of the case
  virtual std::size_t parameters() const = 0;
  virtual std::size_t inputs() const = 0;
  virtual std::size_t values() const = 0;  // of a field
  virtual ReducedInputs of(std::span<const double> parameters) const = 0;
  // d/d parameters of sum_i weights[i] inputs[i] + scale_weight * scale.
  virtual std::vector<double> vjp(std::span<const double> /*parameters*/, std::span<const double> /*weights*/,
                                  double /*scale_weight*/) const {
    throw Unsupported("this reduced model has no gradient");
  }
  // What errors of this field (over its scale) are relative to.
  virtual double norm(std::span<const double> field) const {
    double sum = 0;
    for (const double value : field) sum += value * value;
    return std::sqrt(sum);
  }
};

}  // namespace tandem::pipelines
