// What the files that call oneDNN itself share. They, and no others, include its header.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include "kernels/dense/onednn.hpp"

namespace tandem::kernels {

const dnnl::engine& engine();                      // of the CPU
dnnl::memory::data_type type_of(Element element);  // throws Unsupported where oneDNN has none

}  // namespace tandem::kernels
