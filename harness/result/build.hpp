// How this program was built: version, commit, compiler, flags (made at build time by cmake/build_info.cmake).
#pragma once

#include <string>

#include "harness/base/json.hpp"

namespace tandem {

Json build_json();         // {"version", "commit", "dirty", "compiler", "flags"}
std::string build_text();  // one line

}  // namespace tandem
