// How much a machine differs from itself: the same program and cases as A and as B, launches of both in turn. Below
// twice that, and below 3 % (kernels) or 5 % (pipelines), no comparison decides (docs/method.md, section 6).
#pragma once

#include <filesystem>
#include <string>

#include "harness/base/json.hpp"
#include "harness/result/records.hpp"

namespace tandem {

inline constexpr double kernel_delta_floor = 0.03, pipeline_delta_floor = 0.05;  // in the logarithm of the ratio

// Of the hardware that decides on times: SHA-256 of host, processor, cores and NUMA nodes of a machine.json.
std::string machine_fingerprint(const Json& machine);

// From a sealed run in pairs: launches 2k and 2k + 1 are pair k, both with the pair's seed; which of them is A is drawn
// from the seed. {"schema", "tandem", "machine", "run", "cases": [{"case", "kind", "ratio", "ci95", "p", "difference",
// "ratios"}], "left_out": [{"case", "reason"}], "kernel" and "pipeline": {"cases", "difference", "floor", "delta",
// "ratios"} or null, "seal"}. A difference is |ln ratio|, of a kind the largest of its cases.
Json aa_of(const Records& records, const Json& document, const std::string& root);

// What a comparison reads: delta by kind, in the logarithm of the ratio; the floor where a kind was not measured.
struct AaThreshold {
  double kernel = kernel_delta_floor;
  double pipeline = pipeline_delta_floor;
};
// Errors (exit code 2): no such file or another kind of file, a broken seal, another machine than `machine`.
AaThreshold read_aa(const std::filesystem::path& file, const Json& machine);

}  // namespace tandem
