// The guarded device: a GPU's discipline without a GPU. Its memory is the host's, but locked (mprotect) while no device
// work runs, begins as NaN, and ends at a page that nobody may touch; work and copies without waiting are put off until
// somebody waits. So a missing copy, a missing wait and an access beyond the end all fail, and the message says what.
// Kernels run thread after thread; threads of a block may meet at barriers, nothing more is emulated.
#pragma once

#include <cstddef>
#include <functional>
#include <type_traits>
#include <vector>

namespace tandem::guarded {

// Of the device thread that runs.
struct Place {
  unsigned thread = 0, threads = 1, block = 0, blocks = 1;
};
const Place& place();

// For device code: waits until all threads of the block are here.
void block_barrier();

struct Grid {
  unsigned blocks = 1, threads = 1;
};

// Puts off what each thread of the grid does, or a call of a library that works on device memory.
void start(Grid grid, std::function<void()> thread);
void start(std::function<void()> work);

// What `work` puts off, taken away from what is done when somebody waits. It must neither wait nor allocate.
std::vector<std::function<void()>> recorded(const std::function<void()>& work);

// Throws where a kernel's argument number `position` is a pointer that is not of device memory. Null passes.
void demand_pointer_on_device(const void* pointer, int position);
template <typename T>
void demand_on_device(const T& argument, int position) {
  if constexpr (std::is_pointer_v<T>) demand_pointer_on_device(argument, position);
}

}  // namespace tandem::guarded
