#include "harness/base/page_cache.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/check.hpp"

namespace tandem {

double drop_from_page_cache(int descriptor) {
  const int error = ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  check(error == 0, "cannot drop a file from the page cache: {}", std::strerror(error));
  struct stat status {};
  check(::fstat(descriptor, &status) == 0, "cannot ask for a file's size: {}", std::strerror(errno));
  const auto size = static_cast<std::size_t>(status.st_size), page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  if (size == 0) return 0;
  void* base = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
  check(base != MAP_FAILED, "cannot map a file: {}", std::strerror(errno));
  std::vector<unsigned char> resident((size + page - 1) / page);
  const int result = ::mincore(base, size, resident.data());
  ::munmap(base, size);
  check(result == 0, "cannot ask for a file's page cache: {}", std::strerror(errno));
  const auto stayed = std::count_if(resident.begin(), resident.end(), [](unsigned char p) { return (p & 1U) != 0; });
  return static_cast<double>(stayed) / static_cast<double>(resident.size());
}

}  // namespace tandem
