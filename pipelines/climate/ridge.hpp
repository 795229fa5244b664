// Ridge regression in fp64 with the ridge that leaves the least leave-one-out error.
#pragma once

#include <span>
#include <vector>

namespace tandem::pipelines {

// values_k = sum_j functions_j weights[j * columns + k]; the last function is 1. `inputs` [rows, width], `values`
// [rows, columns], `importance` [rows] weights the squared errors.
std::vector<double> climate_ridge(std::span<const double> inputs, std::size_t width, std::span<const double> values,
                                  std::size_t columns, std::span<const double> importance);

}  // namespace tandem::pipelines
