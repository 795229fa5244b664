#include "harness/pairing/player.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <new>

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/check.hpp"
#include "harness/measure/clock.hpp"

namespace tandem {
namespace {

class Here final : public Player {
 public:
  Here(const ActivityChoice& choice, const ActivityContext& context) : activity_(make_activity(choice, context)) {}
  std::vector<Verdict> prepare() override { return activity_->prepare(); }
  Turn play(std::size_t steps) override { return tandem::play(*activity_, steps); }
  std::vector<Verdict> verify() override { return activity_->verify(); }

 private:
  std::unique_ptr<Activity> activity_;
};

enum class Order : std::uint32_t { prepare, play, verify };
enum class Answer : std::uint32_t { done, unsupported, failed };
constexpr std::uint32_t kOurs = 0, kTheirs = 1;  // whose turn it is

// What the two processes share; written only by the one whose turn it is.
struct Board {
  std::atomic<std::uint32_t> token{kOurs};
  Order order = Order::prepare;
  Answer answer = Answer::done;
  int code = 0;  // of a failure: the exit code
  std::size_t steps = 0;
  Turn turn;
  std::size_t verdicts = 0;
  struct {
    std::array<char, 120> check;
    double value, limit;
  } verdict[32];
  std::array<char, 500> message;
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

template <std::size_t N>
void copy_text(const std::string& text, std::array<char, N>& to) {
  const std::size_t n = std::min(text.size(), N - 1);
  std::memcpy(to.data(), text.data(), n);
  to[n] = '\0';
}

void pass_token(Board& board, std::uint32_t to) {
  board.token.store(to, std::memory_order_release);
  syscall(SYS_futex, &board.token, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

// Sleeps until the token is `mine`; calls `alive` about once a second.
template <typename Alive>
void await_token(Board& board, std::uint32_t mine, const Alive& alive) {
  const timespec second{1, 0};
  while (board.token.load(std::memory_order_acquire) != mine) {
    syscall(SYS_futex, &board.token, FUTEX_WAIT, 1 - mine, &second, nullptr, 0);
    if (errno == ETIMEDOUT) alive();
    errno = 0;
  }
}

void write_verdicts(Board& board, const std::vector<Verdict>& verdicts) {
  check(verdicts.size() <= std::size(board.verdict), "more verdicts than the two processes can share");
  board.verdicts = verdicts.size();
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    copy_text(verdicts[i].check, board.verdict[i].check);
    board.verdict[i].value = verdicts[i].value;
    board.verdict[i].limit = verdicts[i].limit;
  }
}

void obey(Board& board, std::unique_ptr<Activity>& activity, const ActivityChoice& choice,
          const ActivityContext& context) {
  if (board.order == Order::prepare) {
    activity = make_activity(choice, context);
    write_verdicts(board, activity->prepare());
  } else if (board.order == Order::play) {
    board.turn = play(*activity, board.steps);
  } else {
    write_verdicts(board, activity->verify());
  }
}

// The other process: never returns.
[[noreturn]] void serve(Board& board, const ActivityChoice& choice, int threads, std::uint64_t seed) {
  const Ranks alone(1);
  std::unique_ptr<Activity> activity;
  for (;;) {
    await_token(board, kTheirs, [] {});
    board.answer = Answer::done;
    try {
      obey(board, activity, choice, {alone, threads, seed});
    } catch (const std::exception& error) {
      const auto* ours = dynamic_cast<const Error*>(&error);
      board.answer = dynamic_cast<const Unsupported*>(&error) != nullptr ? Answer::unsupported : Answer::failed;
      board.code = static_cast<int>(ours != nullptr ? ours->code() : Exit::failed);
      copy_text(error.what(), board.message);
    }
    pass_token(board, kOurs);
  }
}

Board* shared_board() {
  void* memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  check(memory != MAP_FAILED, "no memory to share with a second process: {}", std::strerror(errno));
  return new (memory) Board;
}

class Beside final : public Player {
 public:
  Beside(const ActivityChoice& choice, int threads, std::uint64_t seed) : parent_(getpid()), child_(fork()) {
    check(child_ >= 0, "no second process: {}", std::strerror(errno));
    if (child_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent_) _exit(1);  // it ended in between
    serve(*board_, choice, threads, seed);
  }
  ~Beside() override {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
    munmap(board_, sizeof(Board));
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  std::vector<Verdict> prepare() override { return verdicts_of(Order::prepare); }
  Turn play(std::size_t steps) override {
    board_->steps = steps;
    ask(Order::play);
    return board_->turn;
  }
  std::vector<Verdict> verify() override { return verdicts_of(Order::verify); }
  double cpu_seconds() const override {
    clockid_t clock = 0;
    timespec used{};
    if (clock_getcpuclockid(child_, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
    return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
  }

 private:
  void ask(Order order) {
    board_->order = order;
    pass_token(*board_, kTheirs);
    await_token(*board_, kOurs, [&] {
      if (waitpid(child_, nullptr, WNOHANG) != child_) return;
      child_ = 0;
      throw Error(Exit::failed, "the second process ended before its turn did");
    });
    if (board_->answer == Answer::unsupported) throw Unsupported(board_->message.data());
    if (board_->answer == Answer::failed) throw Error(static_cast<Exit>(board_->code), board_->message.data());
  }
  std::vector<Verdict> verdicts_of(Order order) {
    ask(order);
    std::vector<Verdict> verdicts;
    for (std::size_t i = 0; i < board_->verdicts; ++i)
      verdicts.push_back({board_->verdict[i].check.data(), board_->verdict[i].value, board_->verdict[i].limit});
    return verdicts;
  }

  Board* board_ = shared_board();
  pid_t parent_;
  pid_t child_;
};

}  // namespace

Turn play(Activity& activity, std::size_t steps) {
  Turn turn;
  turn.begin = now_seconds();
  const std::size_t stamped = std::min(steps, stamped_steps);
  for (std::size_t i = 0; i < stamped; ++i) {
    activity.step();
    turn.ends[i] = now_seconds();
  }
  for (std::size_t i = stamped; i < steps; ++i) activity.step();
  turn.end = steps > stamped ? now_seconds() : turn.ends[stamped - 1];
  return turn;
}

std::unique_ptr<Player> player_here(const ActivityChoice& choice, const ActivityContext& context) {
  return std::make_unique<Here>(choice, context);
}

std::unique_ptr<Player> player_beside(const ActivityChoice& choice, int threads, std::uint64_t seed) {
  return std::make_unique<Beside>(choice, threads, seed);
}

}  // namespace tandem
