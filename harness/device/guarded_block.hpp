// Runs a grid's threads one after another, block by block. A thread that waits at a barrier stands aside on a stack of
// its own until all threads of its block wait.
#pragma once

#include <functional>

#include "harness/device/guarded.hpp"

namespace tandem::guarded {

// Throws where threads of a block ended while others wait at a barrier.
void run_grid(Grid grid, const std::function<void()>& thread);

}  // namespace tandem::guarded
