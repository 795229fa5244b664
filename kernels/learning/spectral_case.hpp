// The data of learning/spectral, on any device, what is counted, and how results are judged: entry by entry against the
// layer in fp64.
#pragma once

#include <string>
#include <vector>

#include "harness/kernel/kernel.hpp"
#include "kernels/learning/spectral_data.hpp"

namespace tandem::kernels {

SpectralShape spectral_shape(const Settings& settings);
bool spectral_training(const Settings& settings);

// Name, parameters (grid, modes, channels and samples unless given) and memory; make: the device's.
KernelEntry spectral_entry(const std::string& where, const std::string& grid, const std::string& modes,
                           const std::string& channels, const std::string& batch);

class SpectralCase {
 public:
  explicit SpectralCase(const KernelContext& context);

  void prepare(SpectralData& data, Data kind) const;
  std::vector<Verdict> judge(SpectralData& data) const;
  static Facts facts(const SpectralData& data);  // without notes

 private:
  const Ranks& ranks_;
  std::uint64_t seed_;
};

}  // namespace tandem::kernels
