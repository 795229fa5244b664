// A file that loses its name as soon as a library has opened it, so that nothing of it remains however the process
// ends.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

namespace tandem::kernels {

class ScratchFile {
 public:
  ScratchFile() = default;
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  // `open` makes the file of the path that it is given and keeps it open; then the path is gone, also if `open` throws.
  void make(const std::filesystem::path& directory, const std::function<void(const std::string&)>& open);
  void close();                   // gives the blocks back once the library has closed it too
  void sync() const;              // fsync: on return the data are on the device, as far as it tells the truth
  double drop_cached();           // after sync(): the pages leave the page cache; the share of them that stays, 0 .. 1
  std::span<std::byte> mapped();  // the file as it is now, readable and writable, until it is closed or unmapped
  void unmap();

 private:
  int descriptor_ = -1;
  std::span<std::byte> map_;
};

}  // namespace tandem::kernels
