#include "harness/device/guarded_block.hpp"

#include <memory>
#include <vector>

#include <ucontext.h>

#include "harness/base/check.hpp"

namespace tandem::guarded {
namespace {

constexpr std::size_t stack_bytes = 256 << 10;

// A stack that runs threads of the block until one of them waits.
struct Fiber {
  ucontext_t context{};
  std::unique_ptr<std::byte[]> stack;
  Place place;
  bool waits = false;
  bool ended = true;
};

struct Scheduler {
  ucontext_t home{};
  std::vector<std::unique_ptr<Fiber>> fibers;
  Fiber* running = nullptr;
  const std::function<void()>* thread = nullptr;
  Place next;  // the thread that begins next
};

Scheduler& scheduler() {
  static Scheduler one;
  return one;
}

Fiber& running() {
  Fiber* fiber = scheduler().running;
  check(fiber != nullptr, "no thread of a block runs: this is asked for outside of a kernel");
  return *fiber;
}

void run_threads() {
  Scheduler& all = scheduler();
  Fiber& own = running();
  while (all.next.thread < all.next.threads) {
    own.place = all.next;
    ++all.next.thread;
    (*all.thread)();
  }
  own.ended = true;  // and goes home (uc_link)
}

void resume(Fiber& fiber) {
  Scheduler& all = scheduler();
  all.running = &fiber;
  swapcontext(&all.home, &fiber.context);
  all.running = nullptr;
}

Fiber& idle_fiber() {
  Scheduler& all = scheduler();
  for (const auto& fiber : all.fibers)
    if (fiber->ended) return *fiber;
  all.fibers.push_back(std::make_unique<Fiber>());
  all.fibers.back()->stack = std::make_unique<std::byte[]>(stack_bytes);
  return *all.fibers.back();
}

void begin(Fiber& fiber) {
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = fiber.stack.get();
  fiber.context.uc_stack.ss_size = stack_bytes;
  fiber.context.uc_link = &scheduler().home;
  makecontext(&fiber.context, run_threads, 0);
  fiber.ended = fiber.waits = false;
  resume(fiber);
}

unsigned waiting() {
  unsigned count = 0;
  for (const auto& fiber : scheduler().fibers) count += fiber->ended ? 0 : 1;
  return count;
}

void run_block(unsigned threads) {
  Scheduler& all = scheduler();
  while (all.next.thread < all.next.threads) begin(idle_fiber());
  while (const unsigned count = waiting()) {
    if (count != threads) {
      for (const auto& fiber : all.fibers) fiber->ended = true;
      throw Error(Exit::failed, fmt::format("guarded device: {} of {} threads of a block wait at a barrier that the "
                                            "others do not reach",
                                            count, threads));
    }
    for (const auto& fiber : all.fibers)
      if (!fiber->ended) resume(*fiber);
  }
}

}  // namespace

const Place& place() { return running().place; }

void block_barrier() {
  Fiber& own = running();
  swapcontext(&own.context, &scheduler().home);
}

void run_grid(Grid grid, const std::function<void()>& thread) {
  scheduler().thread = &thread;
  for (unsigned block = 0; block < grid.blocks; ++block) {
    scheduler().next = {0, grid.threads, block, grid.blocks};
    run_block(grid.threads);
  }
}

}  // namespace tandem::guarded
