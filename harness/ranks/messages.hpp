// Messages between two processes that Tandem itself sends, counted where it sends them; the harness reads the count
// before and after a run. What the MPI library sends inside its collectives is not known.
#pragma once

#include <atomic>
#include <cstdint>

namespace tandem {

inline std::atomic<std::uint64_t> messages_sent = 0;  // by this process until now

}  // namespace tandem
