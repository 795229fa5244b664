// One run of the toy pipeline in every coupling and in several precisions; couplings_test and precision_test look at
// it.
#pragma once

#include <string>
#include <vector>

#include "tests/cli/measured.hpp"

namespace tandem {

inline const Measured& toy() {
  static const Measured run(R"([[pipeline]]
name = "toy"
threads = 2
arms = ["separated", "integrated"]
coupling = ["in_memory", "concurrent", "streamed"]
predicting_kernels = "measured"
[[pipeline]]
name = "toy"
ranks = 3
threads = 1
arms = ["integrated"]
coupling = ["concurrent", "streamed"]
split = ["2+1", "1+2", "1x1+1x2"]
[[pipeline]]
name = "toy_slow"
seconds = 0.05
threads = 2
arms = ["integrated"]
coupling = "concurrent"
[[pipeline]]
name = "toy_late"
threads = 1
arms = ["separated", "integrated"]
[[pipeline]]
name = "toy"
threads = 1
ballast = 40000
arms = ["separated"]
[[pipeline]]
name = "toy"
threads = 1
ballast = 1
arms = ["separated", "integrated"]
simulate = ["fp64", "bf16"]
handover = ["fp32", "bf16"]
[[pipeline]]
name = "toy"
threads = 1
ballast = 1
infer = "fp8"
arms = "integrated"
[[pipeline]]
name = "toy"
threads = 2
ballast = 1000
arms = "integrated"
coupling = ["in_memory", "concurrent"]
)");
  return run;
}

}  // namespace tandem
