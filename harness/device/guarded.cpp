#include "harness/device/guarded.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "harness/base/check.hpp"
#include "harness/device/gpu_rank.hpp"
#include "harness/device/gpu_runtime.hpp"
#include "harness/device/guarded_block.hpp"

namespace tandem::guarded {
namespace {

struct Allocation {
  std::size_t bytes = 0;  // as asked for
  std::byte* pages = nullptr;
  std::size_t length = 0;  // of the pages, the one behind the end left out
};

// Device memory by its first byte. A map, for the handler of SIGSEGV only reads it.
std::map<const std::byte*, Allocation>& allocations() {
  static std::map<const std::byte*, Allocation> all;
  return all;
}

std::vector<std::function<void()>>& pending() {
  static std::vector<std::function<void()>> work;
  return work;
}

bool& device_runs() {
  static bool runs = false;
  return runs;
}

bool& recording() {
  static bool records = false;
  return records;
}

std::size_t page() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

// The allocation that holds the byte, or the guard page behind it.
const std::pair<const std::byte* const, Allocation>* around(const void* address) {
  const auto* byte = static_cast<const std::byte*>(address);
  for (const auto& one : allocations())
    if (byte >= one.second.pages && byte < one.second.pages + one.second.length + page()) return &one;
  return nullptr;
}

void say(const char* text) {
  if (write(STDERR_FILENO, text, std::strlen(text)) < 0) _exit(EXIT_FAILURE);
}

void explain(int, siginfo_t* info, void*) {
  if (const auto* one = around(info->si_addr); one != nullptr) {
    char text[200];
    const bool behind = static_cast<std::byte*>(info->si_addr) >= one->second.pages + one->second.length;
    std::snprintf(text, sizeof text, "the %s touched %s%zu bytes of device memory%s\n",
                  device_runs() ? "device" : "host", behind ? "what lies behind " : "", one->second.bytes,
                  device_runs() ? "" : ": copy it first");
    say(text);
  }
  std::signal(SIGSEGV, SIG_DFL);
  std::raise(SIGSEGV);
}

void explain_faults() {
  static const bool done = [] {
    struct sigaction action {};
    action.sa_sigaction = explain;
    action.sa_flags = SA_SIGINFO;
    return sigaction(SIGSEGV, &action, nullptr) == 0;
  }();
  (void)done;
}

void lock(int protection) {
  for (const auto& [first, one] : allocations())
    check(mprotect(one.pages, one.length, protection) == 0, "guarded device: mprotect: {}", std::strerror(errno));
}

// Device memory is open while this lives.
class Open {
 public:
  Open() {
    lock(PROT_READ | PROT_WRITE);
    device_runs() = true;
  }
  ~Open() {
    device_runs() = false;
    for (const auto& [first, one] : allocations()) mprotect(one.pages, one.length, PROT_NONE);
  }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;
};

void demand_range(const void* memory, std::size_t bytes, bool on_device, const char* what) {
  const auto* one = around(memory);
  if (!on_device) return check(one == nullptr, "guarded device: {} is device memory, expected the host's", what);
  check(one != nullptr, "guarded device: {} is no device memory", what);
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(memory) - one->first);
  check(offset + bytes <= one->second.bytes, "guarded device: {}: {} bytes at {} of {} bytes of device memory", what,
        bytes, offset, one->second.bytes);
}

}  // namespace

void start(std::function<void()> work) { pending().push_back(std::move(work)); }

std::vector<std::function<void()>> recorded(const std::function<void()>& work) {
  std::vector<std::function<void()>> before = std::exchange(pending(), {});
  recording() = true;
  const auto stop = [&] {
    recording() = false;
    return std::exchange(pending(), before);
  };
  try {
    work();
  } catch (...) {
    stop();
    throw;
  }
  return stop();
}

void start(Grid grid, std::function<void()> thread) {
  check(grid.threads >= 1 && grid.threads <= 1024 && grid.blocks >= 1 && grid.blocks <= 0x7fffffffU,
        "guarded device: a grid of {} blocks of {} threads", grid.blocks, grid.threads);
  start([grid, thread = std::move(thread)] { run_grid(grid, thread); });
}

void demand_pointer_on_device(const void* pointer, int position) {
  if (pointer == nullptr) return;
  check(around(pointer) != nullptr, "guarded device: argument {} of a kernel is no device memory: copy it first",
        position);
}

GpuSurvey survey() { return {"guarded memory of the host", {{"guarded device", "host", 0, 0, 1, 0, ""}}, ""}; }

const GpuDevice& choose_device(const Ranks&) {
  static const GpuDevice device = survey().devices.front();
  return device;
}

void* allocate(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  check(!recording(), "guarded device: work that is recorded allocates");
  explain_faults();
  constexpr std::size_t alignment = 16;  // so that the guard page begins right behind the last values
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  const std::size_t length = (rounded + page() - 1) / page() * page();
  void* pages = mmap(nullptr, length + page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  check(pages != MAP_FAILED, "guarded device: {} bytes: {}", bytes, std::strerror(errno));
  auto* const first = static_cast<std::byte*>(pages) + (length - rounded);
  mprotect(pages, length, PROT_READ | PROT_WRITE);
  std::memset(first, 0xff, rounded);
  mprotect(pages, length, PROT_NONE);
  allocations()[first] = {bytes, static_cast<std::byte*>(pages), length};
  return first;
}

void release(void* memory) noexcept {
  const auto one = allocations().find(static_cast<std::byte*>(memory));
  if (one == allocations().end()) return;
  pending().clear();  // a GPU finishes first; here an error may have left what nobody waits for any more
  munmap(one->second.pages, one->second.length + page());
  allocations().erase(one);
}

void* allocate_pinned(std::size_t bytes) { return bytes == 0 ? nullptr : std::malloc(bytes); }
void release_pinned(void* memory) noexcept { std::free(memory); }
double free_bytes() { return 0x1p60; }  // the host's limit counts
double free_bytes(const Ranks&) { return free_bytes(); }

void start_copy_in(void* device, const void* host, std::size_t bytes) {
  demand_range(device, bytes, true, "the target of a copy to the device");
  demand_range(host, bytes, false, "the source of a copy to the device");
  start([=] { std::memcpy(device, host, bytes); });
}

void start_copy_out(void* host, const void* device, std::size_t bytes) {
  demand_range(host, bytes, false, "the target of a copy to the host");
  demand_range(device, bytes, true, "the source of a copy to the host");
  start([=] { std::memcpy(host, device, bytes); });
}

void start_copy(void* to, const void* from, std::size_t bytes) {
  demand_range(to, bytes, true, "the target of a copy on the device");
  demand_range(from, bytes, true, "the source of a copy on the device");
  start([=] { std::memmove(to, from, bytes); });
}

void copy_in(void* device, const void* host, std::size_t bytes) {
  if (bytes == 0) return;
  start_copy_in(device, host, bytes);
  finish();
}

void copy_out(void* host, const void* device, std::size_t bytes) {
  if (bytes == 0) return;
  start_copy_out(host, device, bytes);
  finish();
}

void finish() {
  check(!recording(), "guarded device: work that is recorded waits");
  const std::vector<std::function<void()>> work = std::exchange(pending(), {});
  if (work.empty()) return;
  const Open open;
  for (const auto& one : work) one();
}

}  // namespace tandem::guarded
