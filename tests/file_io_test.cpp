// memory/file_io: nothing of its file remains whatever happens, and what cannot be measured is refused with a reason.
#include <csignal>
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/base/check.hpp"
#include "harness/kernel/kernel.hpp"

namespace fs = std::filesystem;

namespace tandem::kernels {
KernelEntry memory_file_io();
namespace {

class FileIo : public testing::Test {
 protected:
  void SetUp() override { fs::create_directory(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  std::unique_ptr<Kernel> make(const std::string& direction, const std::string& bytes, const fs::path& directory) {
    Settings settings(memory_file_io().parameters);
    settings.set("direction", direction);
    settings.set("bytes", bytes);
    settings.set("directory", directory.string());
    memory_file_io().memory(settings, {});
    return memory_file_io().make(settings, {ranks_, 1, 1});
  }
  bool left_behind() const { return !fs::is_empty(folder_); }

  const fs::path folder_ = fs::current_path() / ("file_io_test." + std::to_string(::getpid()));
  const Ranks ranks_{1};
};

TEST_F(FileIo, leaves_nothing_behind) {
  for (const char* direction : {"write", "warm_read", "cold_read"}) {
    const auto kernel = make(direction, "1M", folder_);
    try {
      kernel->prepare(Data::random);
    } catch (const Unsupported& reason) {
      EXPECT_STREQ(direction, "cold_read") << reason.what();
      continue;
    }
    EXPECT_FALSE(left_behind()) << "while it runs";
    kernel->run();
    EXPECT_TRUE(all_pass(kernel->verify()));
    EXPECT_EQ(kernel->facts().bytes, 0x1p20);
  }
  EXPECT_FALSE(left_behind());
}

// A write that fails half way: files may grow to half of what is needed.
TEST_F(FileIo, leaves_nothing_behind_after_an_error) {
  rlimit usual{};
  ::getrlimit(RLIMIT_FSIZE, &usual);
  std::signal(SIGXFSZ, SIG_IGN);
  const auto kernel = make("write", "4M", folder_);
  kernel->prepare(Data::random);
  const rlimit low{rlim_t{2} << 20, usual.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &low);
  EXPECT_THROW(kernel->run(), Error);
  ::setrlimit(RLIMIT_FSIZE, &usual);
  EXPECT_FALSE(left_behind());
}

TEST_F(FileIo, an_empty_file_is_not_taken_for_a_written_one) {
  const auto kernel = make("write", "64k", folder_);
  kernel->prepare(Data::random);
  kernel->restore();  // and no run
  EXPECT_FALSE(all_pass(kernel->verify()));
}

TEST_F(FileIo, refuses_what_it_cannot_do) {
  EXPECT_THROW(make("append", "1M", folder_), Error);
  EXPECT_THROW(make("write", "12", folder_), Error);
  EXPECT_THROW(make("write", "1M", folder_ / "nowhere"), Error);
  try {
    make("write", "4000000000M", folder_);
    FAIL() << "accepts more than any disk holds";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    EXPECT_NE(std::string(error.what()).find("is available"), std::string::npos) << error.what();
  }
  EXPECT_FALSE(left_behind());
}

TEST_F(FileIo, a_cold_read_from_memory_is_refused) {
  if (!fs::is_directory("/dev/shm")) GTEST_SKIP() << "no file system in memory here";
  const auto kernel = make("cold_read", "64k", "/dev/shm");
  EXPECT_THROW(kernel->prepare(Data::random), Unsupported);
}

}  // namespace
}  // namespace tandem::kernels
