// ROCm SMI as tests need it: one GPU.
#include <cstdint>

extern "C" {
int fake_init_code = 0;
int fake_energy_code = 0;
std::uint64_t fake_energy[1] = {4000000};
int fake_open = 0;
int fake_calls_while_closed = 0;

int rsmi_init(std::uint64_t) {
  if (fake_init_code == 0) ++fake_open;
  return fake_init_code;
}
int rsmi_shut_down() {
  --fake_open;
  return 0;
}
int rsmi_num_monitor_devices(std::uint32_t* count) {
  if (fake_open < 1) ++fake_calls_while_closed;
  *count = 1;
  return 0;
}
int rsmi_dev_energy_count_get(std::uint32_t index, std::uint64_t* count, float* resolution, std::uint64_t* time) {
  if (fake_open < 1) ++fake_calls_while_closed;
  *count = fake_energy[index];
  *resolution = 15.25F;
  *time = 0;
  return fake_energy_code;
}
}
