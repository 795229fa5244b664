#include "harness/launch/process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <mpi.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/check.hpp"
#include "harness/device/host.hpp"
#include "harness/measure/clock.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

volatile std::sig_atomic_t g_signal = 0;

void remember(int signal) { g_signal = signal; }

bool on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  return false;
}

// The mpirun of the MPI that was built with: where several are installed, plain "mpirun" may be another's.
std::string default_launcher([[maybe_unused]] const Geometry& geometry) {
#ifdef OPEN_MPI
  const std::string program = on_path("mpirun.openmpi") ? "mpirun.openmpi" : "mpirun";
  // Without a binding the ranks of a node may share a core; more ranks than cores only run when asked to.
  const bool fits = geometry.ranks * std::max(geometry.threads, 1) <= physical_cores();
  if (fits && !geometry.uneven()) return program + " -n {ranks} --map-by slot:PE={threads}";
  return program + " -n {ranks} --oversubscribe --bind-to none";
#else
  return std::string(on_path("mpirun.mpich") ? "mpirun.mpich" : "mpirun") + " -n {ranks}";
#endif
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from))
    text.replace(at, from.size(), to);
}

[[noreturn]] void become(const std::vector<std::string>& command, int out, int errors) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);  // a killed coordinator leaves no worker to disturb what is measured next
  const int in = open("/dev/null", O_RDONLY);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  dprintf(STDERR_FILENO, "cannot start \"%s\": %s\n", arguments[0], std::strerror(errno));
  _exit(127);
}

void end_group(pid_t child) {
  kill(-child, SIGTERM);
  for (int i = 0; i < 50 && waitpid(child, nullptr, WNOHANG) == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  kill(-child, SIGKILL);
  waitpid(child, nullptr, 0);
}

// Until the process behind `ending` ends, a signal comes, or a second is over. The waiting costs the machine nothing:
// what runs meanwhile is being measured, and a glance every millisecond took 3 % of a core from it.
void doze(int ending) {
  pollfd watched{ending, POLLIN, 0};
  poll(&watched, 1, ending >= 0 ? 1000 : 20);  // without a handle (no permission, an old kernel) look now and then
}

std::string describe(int status, const std::string& program) {
  if (WIFSIGNALED(status)) return fmt::format("ended by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  if (WEXITSTATUS(status) == 127) return fmt::format("cannot start \"{}\": is it installed and on the PATH?", program);
  return WEXITSTATUS(status) == 0 ? "" : fmt::format("ended with exit code {}", WEXITSTATUS(status));
}

}  // namespace

fs::path this_program() { return fs::read_symlink("/proc/self/exe"); }

std::string missing_launcher(const std::string& launcher, int ranks) {
  if (ranks <= 1 && launcher.empty()) return "";
  const std::string program = worker_command(launcher, {ranks, 1}, "").front();
  const bool found = program.find('/') == std::string::npos ? on_path(program) : ::access(program.c_str(), X_OK) == 0;
  return found ? "" : program;
}

std::vector<std::string> worker_command(const std::string& launcher, const Geometry& geometry,
                                        const fs::path& job_file) {
  std::vector<std::string> command;
  if (geometry.ranks > 1 || !launcher.empty()) {
    std::string text = launcher.empty() ? default_launcher(geometry) : launcher;
    replace(text, "{ranks}", std::to_string(geometry.ranks));
    // 0 threads, as many as there are: mpirun knows no such.
    replace(text, "{threads}", std::to_string(std::max(geometry.threads, 1)));
    std::istringstream words(text);
    for (std::string word; words >> word;) command.push_back(word);
  }
  for (const std::string& word : {this_program().string(), std::string("worker"), job_file.string()})
    command.push_back(word);
  return command;
}

Ended run_process(const std::vector<std::string>& command, const fs::path& log, double timeout_seconds,
                  const std::function<void()>& tick) {
  Ended ended;
  ended.begin = now_seconds();
  const pid_t child = fork();
  check(child >= 0, "cannot start a process: {}", std::strerror(errno));
  if (child == 0) {
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    become(command, out, out);
  }
  setpgid(child, child);
  const auto ending = static_cast<int>(syscall(SYS_pidfd_open, child, 0));  // glibc 2.36 declares it for C only
  for (int status = 0;;) {
    const pid_t done = waitpid(child, &status, WNOHANG);
    ended.end = now_seconds();
    if (done == child) {
      ended.why = describe(status, command[0]);
      ended.ok = ended.why.empty();
      break;
    }
    if (g_signal != 0 || ended.end - ended.begin > timeout_seconds) {
      end_group(child);
      ended.interrupted = g_signal != 0;
      ended.why = ended.interrupted ? "interrupted" : fmt::format("timed out after {:.0f} s", timeout_seconds);
      ended.end = now_seconds();
      break;
    }
    tick();
    doze(ending);
  }
  if (ending >= 0) close(ending);
  return ended;
}

Listener::Listener(const std::vector<std::string>& command) : Listener(started(command)) {}

Listener::Piped Listener::started(const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  check(pipe2(ends.data(), O_CLOEXEC) == 0, "cannot make a pipe: {}", std::strerror(errno));
  const pid_t child = fork();
  check(child >= 0, "cannot start a process: {}", std::strerror(errno));
  if (child == 0) become(command, ends[1], STDERR_FILENO);
  setpgid(child, child);
  close(ends[1]);
  return {child, ends[0]};
}

Listener::~Listener() {
  end_group(child_);
  close(from_);
}

std::optional<std::string> Listener::line(double timeout_seconds) {
  const double until = now_seconds() + timeout_seconds;
  for (;;) {
    if (const std::size_t end = pending_.find('\n'); end != std::string::npos) {
      std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return line;
    }
    const double left = until - now_seconds();
    if (ended_ || left <= 0) return std::nullopt;
    pollfd watched{from_, POLLIN, 0};
    if (poll(&watched, 1, static_cast<int>(std::ceil(1e3 * left))) <= 0) continue;
    std::array<char, 4096> bytes{};
    const ssize_t count = read(from_, bytes.data(), bytes.size());
    if (count > 0) pending_.append(bytes.data(), static_cast<std::size_t>(count));
    ended_ = count == 0;
  }
}

void catch_signals() {
  std::signal(SIGINT, remember);
  std::signal(SIGTERM, remember);
}

int caught_signal() { return g_signal; }

}  // namespace tandem
