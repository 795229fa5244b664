// AMD SMI as tests need it: two sockets, of which the first has two dies, the second of them without a counter.
#include <cstdint>

extern "C" {
int fake_init_code = 0;
int fake_energy_code = 0;
std::uint64_t fake_energy[3] = {1000000, 0, 2000000};
int fake_open = 0;
int fake_calls_while_closed = 0;

int amdsmi_init(std::uint64_t flags) {
  if (flags != 2) return 1;
  if (fake_init_code == 0) ++fake_open;
  return fake_init_code;
}
int amdsmi_shut_down() {
  --fake_open;
  return 0;
}
int amdsmi_get_socket_handles(std::uint32_t* count, void** sockets) {
  if (fake_open < 1) ++fake_calls_while_closed;
  *count = 2;
  if (sockets != nullptr) {
    sockets[0] = &fake_energy[0];
    sockets[1] = &fake_energy[2];
  }
  return 0;
}
int amdsmi_get_processor_handles(void* socket, std::uint32_t* count, void** gpus) {
  if (fake_open < 1) ++fake_calls_while_closed;
  auto* first = static_cast<std::uint64_t*>(socket);
  *count = first == &fake_energy[0] ? 2 : 1;
  for (std::uint32_t i = 0; gpus != nullptr && i < *count; ++i) gpus[i] = first + i;
  return 0;
}
int amdsmi_get_energy_count(void* gpu, std::uint64_t* count, float* resolution, std::uint64_t* time) {
  if (fake_open < 1) ++fake_calls_while_closed;
  *count = *static_cast<std::uint64_t*>(gpu);
  *resolution = 15.25F;
  *time = 0;
  return fake_energy_code;
}
}
