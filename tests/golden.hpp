// A result document of a small run, as tests of what reads one take it.
#pragma once

#include <fstream>

#include "harness/base/json.hpp"

namespace tandem {

inline Json golden() { return Json::parse(std::ifstream(GOLDEN_RESULT)); }

}  // namespace tandem
