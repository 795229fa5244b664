// The normal distribution in fp64.
#pragma once

namespace tandem::kernels {

double normal_quantile(double u);  // 0 < u < 1, to 1e-12

}  // namespace tandem::kernels
