#include "kernels/memory/scratch_file.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/check.hpp"
#include "harness/base/page_cache.hpp"

namespace tandem::kernels {

ScratchFile::~ScratchFile() { close(); }

void ScratchFile::make(const std::filesystem::path& directory, const std::function<void(const std::string&)>& open) {
  static int made = 0;
  struct Name {
    std::string path;
    ~Name() { ::unlink(path.c_str()); }
  } const name{directory / fmt::format("tandem-scratch.{}.{}", ::getpid(), made++)};
  close();
  open(name.path);
  descriptor_ = ::open(name.path.c_str(), O_RDWR | O_CLOEXEC);
  check(descriptor_ >= 0, "cannot open a file in {}: {}", directory.string(), std::strerror(errno));
}

void ScratchFile::close() {
  unmap();
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

void ScratchFile::sync() const { check(::fsync(descriptor_) == 0, "fsync failed: {}", std::strerror(errno)); }

double ScratchFile::drop_cached() {
  unmap();  // mapped pages stay
  return drop_from_page_cache(descriptor_);
}

std::span<std::byte> ScratchFile::mapped() {
  if (!map_.empty() || descriptor_ < 0) return map_;
  struct stat status {};
  check(::fstat(descriptor_, &status) == 0, "fstat failed: {}", std::strerror(errno));
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return {};
  void* base = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  check(base != MAP_FAILED, "cannot map a file: {}", std::strerror(errno));
  map_ = {static_cast<std::byte*>(base), size};
  return map_;
}

void ScratchFile::unmap() {
  if (!map_.empty()) ::munmap(map_.data(), map_.size());
  map_ = {};
}

}  // namespace tandem::kernels
