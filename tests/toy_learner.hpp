// The learners of the toy pipeline. The learner proper fits the Jacobian dy/dx = sum_m W_m psi_m(p) with Legendre
// polynomials psi_m of degree <= 2; its rivals take fewer terms, or the mean of the labels.
#pragma once

#include <memory>

#include "tests/toy_pipeline.hpp"

namespace tandem::pipelines {

std::unique_ptr<Learner> toy_legendre(std::size_t terms, bool fit);  // fit: to its best already in prepare
std::unique_ptr<Learner> toy_mean();

}  // namespace tandem::pipelines
