#include "harness/device/routine.hpp"

#include <algorithm>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/kernel/gpu_modules.hpp"

namespace tandem {

AnyMake routine_on(const std::string& device, const std::string& name) {
  const std::vector<Routine>& routines = device == "gpu" ? usable_gpu_module().routines : guarded_routines();
  const auto found =
      std::find_if(routines.begin(), routines.end(), [&](const Routine& routine) { return routine.name == name; });
  if (found == routines.end()) throw Unsupported(fmt::format("the module has no {}", name));
  return found->make;
}

}  // namespace tandem
