// Bandwidth of the file system on which the results lie: one file written and fsynced, read from the page cache, and
// read from the device where the page cache lets go of it.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "harness/base/check.hpp"
#include "harness/base/page_cache.hpp"
#include "harness/measure/limit_probe.hpp"

namespace tandem {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20, kBlocks = 64;
constexpr int kRepeats = 3;
constexpr double kPatience = 1.5;  // seconds: a slow disk is measured once

// An unnamed file: nothing of it remains, however the process ends.
struct File {
  explicit File(const std::filesystem::path& folder) {
    std::string name = (folder / "tandem-limit.XXXXXX").string();
    number = ::mkstemp(name.data());
    if (number >= 0) ::unlink(name.c_str());
  }
  ~File() {
    if (number >= 0) ::close(number);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int number = -1;
};

bool write_all(int file, const std::vector<char>& block) {
  if (::lseek(file, 0, SEEK_SET) < 0) return false;
  for (std::size_t i = 0; i < kBlocks; ++i)
    if (::write(file, block.data(), block.size()) != static_cast<ssize_t>(block.size())) return false;
  return ::fsync(file) == 0;
}

bool read_all(int file, std::vector<char>& block) {
  if (::lseek(file, 0, SEEK_SET) < 0) return false;
  for (std::size_t i = 0; i < kBlocks; ++i)
    if (::read(file, block.data(), block.size()) != static_cast<ssize_t>(block.size())) return false;
  return true;
}

// "" or why the file cannot be read cold.
std::string why_warm(int file) {
  try {
    return drop_from_page_cache(file) < 0.01 ? "" : "files of this file system stay in memory";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

std::vector<Limit> measure_files(const std::filesystem::path& folder) {
  const std::string note = fmt::format("{} MiB, 1 process", kBlock * kBlocks >> 20);
  std::vector<Limit> limits = {{"file_write", std::nullopt, "B/s", note + ", write and fsync", ""},
                               {"file_read", std::nullopt, "B/s", note + ", from the page cache", ""},
                               {"file_read_cold", std::nullopt, "B/s", note + ", not in the page cache", ""}};
  const File file(folder);
  std::vector<char> block(kBlock);
  for (std::size_t i = 0; i < block.size(); ++i)
    block[i] = static_cast<char>(i * 2654435761U >> 11);  // no zeros to skip
  double spent = 0;
  const auto measure = [&](Limit& limit, const auto& call) {
    bool good = file.number >= 0;
    const double seconds = good ? limit::seconds_of([&] { good = call(); }) : 0;
    spent += seconds;
    if (!good)
      limit.reason = fmt::format("{}: {}", folder.string(), std::strerror(errno));
    else
      limit.value = std::max(limit.value.value_or(0), kBlock * kBlocks / std::max(seconds, 1e-9));
  };
  for (int i = 0; i < kRepeats && (i == 0 || spent < kPatience); ++i) {
    measure(limits[0], [&] { return write_all(file.number, block); });
    measure(limits[1], [&] { return read_all(file.number, block); });
    limits[2].reason = limits[1].value ? why_warm(file.number) : limits[1].reason;
    if (!limits[2].reason.empty()) continue;
    measure(limits[2], [&] { return read_all(file.number, block); });
  }
  for (Limit& limit : limits)
    if (limit.value) limit.reason.clear();
  return limits;
}

}  // namespace tandem
