// Which program wrote a result: its version and commit, and the digest of the program file itself.
#pragma once

#include <string>

#include "harness/base/json.hpp"

namespace tandem {

Json this_program_json();  // build_json() and "program": the SHA-256 of the file that runs

// Whether one derivation stands in both: the same program file, or the same commit without uncommitted changes.
bool same_program(const Json& a, const Json& b);

std::string program_name(const Json& program);  // "tandem 0.1.0 (1fb8f309d410, uncommitted changes)"

}  // namespace tandem
