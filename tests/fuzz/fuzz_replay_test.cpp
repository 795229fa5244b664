// The kept corpus of the fuzzers once more: seeds, inputs that reach far, and every input that was a finding.
#include <filesystem>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "harness/result/files.hpp"
#include "tests/fuzz/readers.hpp"

namespace tandem::fuzz {
namespace {

namespace fs = std::filesystem;

const std::map<std::string, bool (*)(const std::string&)> kReaders = {{"config", config},
                                                                      {"acceptance", acceptance},
                                                                      {"matrix_market", matrix_market},
                                                                      {"published", published},
                                                                      {"night", night},
                                                                      {"record", record},
                                                                      {"result", result},
                                                                      {"run_records", run_records}};

TEST(FuzzReplay, EachReaderTakesItsSeedsAndRefusesTheRestByAnError) {
  for (const auto& [name, read] : kReaders) {
    std::size_t taken = 0, refused = 0;
    for (const auto& entry : fs::directory_iterator(fs::path(FUZZ_CORPUS) / name)) {
      const std::string file = entry.path().filename().string();
      SCOPED_TRACE(name + "/" + file);
      bool took = false;
      EXPECT_NO_THROW(took = read(read_file(entry.path())));
      EXPECT_TRUE(took || !file.starts_with("seed"));
      ++(took ? taken : refused);
    }
    EXPECT_GT(taken, 0u) << name << ": nothing reaches behind its checks";
    EXPECT_GT(refused, 0u) << name << ": nothing meets its checks";
  }
}

}  // namespace
}  // namespace tandem::fuzz
