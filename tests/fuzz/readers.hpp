// The readers of what comes from elsewhere, as a fuzzer calls them: true, the text was taken; false, it was refused
// with one of the program's errors. Whatever else leaves a reader (another exception, a signal, a sanitizer's report, a
// time-out) is a finding. ci/fuzz.sh runs them under libFuzzer, fuzz_replay_test.cpp over the kept corpus.
#pragma once

#include <string>

#include "harness/base/check.hpp"

namespace tandem::fuzz {

bool config(const std::string& text);         // what to measure (configs/README.md)
bool acceptance(const std::string& text);     // what a buyer asks for (configs/acceptance/README.md)
bool matrix_market(const std::string& text);  // a sparse matrix
bool published(const std::string& text);      // a table of published figures
bool night(const std::string& text);          // a night of a history, and the alarms of twelve of them
bool record(const std::string& text);         // a revalidation's or an acceptance's record
bool result(const std::string& text);         // result.json, and everything that is made of it
bool run_records(const std::string& text);    // the files of a result directory that verify derives it from

// Whether `use` ends without one of the program's errors.
template <typename Use>
bool taken(const Use& use) {
  try {
    use();
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace tandem::fuzz
