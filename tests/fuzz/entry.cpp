// libFuzzer's entry into the reader TANDEM_READER.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/readers.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tandem::fuzz::TANDEM_READER({reinterpret_cast<const char*>(data), size});
  return 0;
}
