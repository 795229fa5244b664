// A folder in memory of one process, for readers that want files.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

namespace tandem::fuzz {

class Scratch {
 public:
  Scratch() { std::filesystem::create_directories(folder()); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::filesystem::remove_all(folder()); }

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path file(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary | std::ios::trunc) << text;
    return folder_ / name;
  }

 private:
  std::filesystem::path folder_ = std::filesystem::path(std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp") /
                                  ("tandem-fuzz-" + std::to_string(::getpid()));
};

}  // namespace tandem::fuzz
