// What the linked CBLAS tells about itself, as notes of a kernel: "blas", "blas_core".
#pragma once

#include <map>
#include <string>

namespace tandem::kernels {

std::map<std::string, std::string> blas_names();

}  // namespace tandem::kernels
