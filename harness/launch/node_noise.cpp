#include "harness/launch/node_noise.hpp"

#include <algorithm>

#include <omp.h>

namespace tandem {

NoiseReading read_node_noise(const Geometry& launch) {
  omp_set_num_threads(std::clamp(launch.cores, 1, omp_get_num_procs()));
  NoiseReading reading = read_noise(Ranks(1), launch.uneven() ? launch.cores : launch.threads);
  omp_pause_resource_all(omp_pause_hard);  // threads that wait for work by spinning would stand in the launch's way
  reading.ranks = launch.uneven() ? 1 : launch.ranks;
  return reading;
}

Json noise_record(const NoiseReading& before, const NoiseReading& after, bool elsewhere) {
  std::vector<Reason> reasons = judge_noise(before, after, {}, false);
  std::erase_if(reasons, [](const Reason& reason) { return reason.check == "spread" || reason.check == "trend"; });
  for (Reason& reason : reasons)
    if (elsewhere && (reason.check == "foreign CPU" || reason.check == "oversubscription"))
      reason = {reason.check, std::nullopt, reason.limit, false,
                reason.check + " not judged: the launcher may start ranks on other nodes"};
  return noise_record(reasons);
}

}  // namespace tandem
