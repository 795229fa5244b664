// AMD's GPUs by AMD SMI, or ROCm SMI where that is all there is, loaded while the program runs: an energy accumulator
// times its resolution in microjoules (amdsmi_get_energy_count, rsmi_dev_energy_count_get). Scope "device": the board.
// The second die of a card counts nothing: its accumulator stands at 0 and it is left out.
#pragma once

#include <string>
#include <vector>

#include "harness/meter/meter.hpp"

namespace tandem {

struct AmdLibraries {
  std::vector<std::string> amd_smi = {"libamd_smi.so", "/opt/rocm/lib/libamd_smi.so"};
  std::vector<std::string> rocm_smi = {"librocm_smi64.so", "/opt/rocm/lib/librocm_smi64.so"};
};
Meters amd_smi_meters(const AmdLibraries& libraries = AmdLibraries());

}  // namespace tandem
