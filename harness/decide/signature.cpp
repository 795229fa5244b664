#include "harness/decide/signature.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/check.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

constexpr const char* kNamespace = "tandem";

struct Ended {
  bool ok = false;
  std::string text;  // stdout and stderr
};

// In our process group, so that ssh-keygen can ask for a passphrase at the terminal. `input`: its standard input.
Ended ssh_keygen(std::vector<std::string> arguments, const fs::path& input = "/dev/null") {
  arguments.insert(arguments.begin(), "ssh-keygen");
  std::vector<char*> words;
  words.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  std::array<int, 2> ends{};
  check(::pipe2(ends.data(), O_CLOEXEC) == 0, "no pipe: {}", std::strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, "ssh-keygen", &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  Ended ended;
  std::array<char, 4096> block{};
  if (failed == 0)
    for (ssize_t got = 1; got > 0;) {
      got = ::read(ends[0], block.data(), block.size());
      if (got > 0) ended.text.append(block.data(), static_cast<std::size_t>(got));
      if (got < 0 && errno == EINTR) got = 1;
    }
  ::close(ends[0]);
  check_usage(failed == 0, "ssh-keygen cannot be started ({}): signatures need it; install openssh-client",
              std::strerror(failed));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  ended.ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return ended;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find_first_of("\r\n")); }

void check_readable(const fs::path& file, const char* what) {
  check_usage(fs::is_regular_file(file) && ::access(file.c_str(), R_OK) == 0, "{} {} cannot be read", what,
              file.string());
}

}  // namespace

fs::path signature_of(const fs::path& file) { return file.string() + ".sig"; }

void sign_file(const fs::path& file, const fs::path& key) {
  check_readable(key, "the key");
  check_usage(!fs::exists(signature_of(file)), "{} exists already", signature_of(file).string());
  const Ended ended = ssh_keygen({"-Y", "sign", "-f", key.string(), "-n", kNamespace, fs::absolute(file).string()});
  check(ended.ok && fs::exists(signature_of(file)), "ssh-keygen cannot sign {} with {}: {}", file.string(),
        key.string(), first_line(ended.text));
}

std::string check_signature(const fs::path& file, const fs::path& allowed_signers) {
  const fs::path signature = signature_of(file);
  check_readable(file, "the record");
  check_readable(signature, "the signature");
  check_readable(allowed_signers, "the list of allowed signers");
  const Ended found = ssh_keygen({"-Y", "find-principals", "-s", signature.string(), "-f", allowed_signers.string()});
  const std::string principals = first_line(found.text);
  if (!found.ok)
    throw Error(Exit::invalid, fmt::format("{} was not made by a key that {} allows ({})", signature.string(),
                                           allowed_signers.string(), principals));
  std::string signer = principals.substr(0, principals.find(','));
  const Ended verified = ssh_keygen(
      {"-Y", "verify", "-f", allowed_signers.string(), "-I", signer, "-n", kNamespace, "-s", signature.string()}, file);
  if (!verified.ok)
    throw Error(Exit::invalid, fmt::format("{} is not what {} signed: it was changed, or signed for another purpose "
                                           "({})",
                                           file.string(), signer, first_line(verified.text)));
  return signer;
}

}  // namespace tandem
