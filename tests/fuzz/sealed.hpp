// Documents with their seals and chains made good: a fuzzer cannot guess a SHA-256, and whoever forges a file can.
#pragma once

#include "harness/result/files.hpp"

namespace tandem::fuzz {

inline std::string sealed(Json document) {
  document["seal"] = seal_of(document);
  return document.dump();
}

}  // namespace tandem::fuzz
