// A folder of its own for a test, removed at its end, and a program started in it as a user starts it: by a shell line.
#pragma once

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace tandem {

struct Outcome {
  int code = -1;  // 128 + n: ended by signal n
  std::string out, err;
  // On either stream, wherever the terminal's width breaks the line.
  bool says(const std::string& text) const {
    const std::string wanted = one_line(text);
    return one_line(out).find(wanted) != std::string::npos || one_line(err).find(wanted) != std::string::npos;
  }

 private:
  static std::string one_line(const std::string& text) {
    std::string line;
    for (const char c : text)
      if (c != ' ' && c != '\n') {
        line += c;
      } else if (!line.empty() && line.back() != ' ') {
        line += ' ';
      }
    return line;
  }
};

class Workplace {
 public:
  Workplace() {
    std::string name = std::filesystem::temp_directory_path() / "tandem-test-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for temporary files");
    folder_ = name;
    if (geteuid() == 0) {  // as in a container: Open MPI wants to be asked twice
      setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
      setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
    }
  }
  ~Workplace() {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  const std::filesystem::path& folder() const { return folder_; }

  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder_ / name, std::ios::binary).rdbuf();
    return text.str();
  }

  // The line's last command takes the shell's place, so that a signal to the process meets the program.
  pid_t start(const std::string& line) const {
    const std::string command =
        "cd '" + folder_.string() + "' && exec 1>stdout.txt 2>stderr.txt </dev/null && exec " + line;
    const pid_t child = fork();
    if (child != 0) return child;
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(126);
  }
  Outcome wait(pid_t child) const {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), read("stdout.txt"), read("stderr.txt")};
  }
  Outcome run(const std::string& line) const { return wait(start(line)); }

  // Waits until `condition` holds; false after `seconds`.
  template <typename Condition>
  static bool until(const Condition& condition, double seconds = 60) {
    for (double waited = 0; waited < seconds; waited += 0.02) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return condition();
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace tandem
