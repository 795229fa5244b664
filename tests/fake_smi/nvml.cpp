// NVML as tests need it: two GPUs whose counters, powers and answers the test sets.
extern "C" {
int fake_init_code = 0;
int fake_energy_code = 0;
int fake_power_code = 0;
unsigned long long fake_energy[2] = {1000, 2000};
unsigned fake_power[2] = {70000, 80000};
unsigned fake_processes[2] = {0, 3};
int fake_process_code = 0;  // another than those that tell a number
int fake_open = 0;          // starts less ends
int fake_calls_while_closed = 0;

int nvmlInit_v2() {
  if (fake_init_code == 0) ++fake_open;
  return fake_init_code;
}
int nvmlShutdown() {
  --fake_open;
  return 0;
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  if (fake_open < 1) ++fake_calls_while_closed;
  *count = 2;
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  if (fake_open < 1) ++fake_calls_while_closed;
  *device = &fake_energy[index];
  return 0;
}
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* energy) {
  if (fake_open < 1) ++fake_calls_while_closed;
  if (fake_energy_code == 0) *energy = *static_cast<unsigned long long*>(device);
  return fake_energy_code;
}
int nvmlDeviceGetPowerUsage(void* device, unsigned* power) {
  if (fake_open < 1) ++fake_calls_while_closed;
  if (fake_power_code == 0) *power = fake_power[device == &fake_energy[1]];
  return fake_power_code;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, void* processes) {
  if (fake_open < 1) ++fake_calls_while_closed;
  if (fake_process_code != 0) return fake_process_code;
  constexpr int kInsufficientSize = 7, kInvalidArgument = 2;
  if (*count != 0 || processes != nullptr) return kInvalidArgument;
  *count = fake_processes[device == &fake_energy[1]];
  return *count == 0 ? 0 : kInsufficientSize;
}
const char* nvmlErrorString(int code) { return code == 15 ? "GPU is lost" : "Not Supported"; }
}
