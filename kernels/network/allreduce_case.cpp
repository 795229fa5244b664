#include "kernels/network/allreduce_case.hpp"

#include <fmt/ranges.h>

namespace tandem::kernels {

AllReduceChoice allreduce_choice(const Settings& settings, const AllReduceLimits& limits) {
  const std::int64_t bytes = settings.integer("bytes");
  const std::string &precision = settings.text("precision"), &algorithm = settings.text("algorithm");
  check_usage(precision == "fp32" || precision == "fp64" || precision == "bf16" || precision == "int32",
              "precision = \"{}\" is none of fp32, fp64, bf16, int32", precision);
  const auto& known = limits.algorithms;
  check_usage(std::find(known.begin(), known.end(), algorithm) != known.end(), "algorithm = \"{}\" is none of {}",
              algorithm, fmt::join(known, ", "));
  check_usage(bytes >= 8 && bytes <= limits.most_bytes && bytes % 8 == 0,
              "bytes = {} is not a multiple of 8 in 8 .. {}M", bytes, limits.most_bytes >> 20);
  return {static_cast<std::size_t>(bytes), algorithm};
}

KernelEntry allreduce_entry(const std::string& summary, const AllReduceLimits& limits, const std::string& algorithms) {
  KernelEntry entry;
  entry.name = "network/allreduce";
  entry.summary = summary;
  entry.parameters = {{"bytes", "1M", fmt::format("message, 8 .. {}M", limits.most_bytes >> 20)},
                      {"precision", "fp32", "fp32, fp64, bf16 or int32"},
                      {"algorithm", limits.algorithms.front(), algorithms, false}};
  entry.figure = KernelEntry::Figure::time;
  entry.collective = true;
  return entry;
}

}  // namespace tandem::kernels
